import csv
from pathlib import Path

import tensorflow as tf

from tests.scripts import run_script


class BenchmarkDeployTest(tf.test.TestCase):
    def test_some_subnets_deploy_as_predicted(self):
        output = Path(self.get_temp_dir()) / "deploy"
        done = run_script("benchmarks.benchmark_deploy", "--subnets=3", f"--output={output}")
        self.assertEqual(done.returncode, 0, done.stderr)
        with (output / "results.csv").open() as file:
            rows = [
                {name: int(value) for name, value in row.items()} for row in csv.DictReader(file)
            ]
        self.assertLen(rows, 3)
        for row in rows:
            self.assertEqual(row["predicted_macs"], row["macs"])
            self.assertEqual(row["predicted_params"], row["params"])
            for name, tolerance in (
                ("nonpersistent_bytes", 0.10),
                ("arena_bytes", 0.05),
                ("tflite_bytes", 0.05),
            ):
                ratio = row[f"predicted_{name}"] / row[name]
                self.assertBetween(ratio, 1 - tolerance, 1 + tolerance, f"{name} {row}")
        text = (output / "README.md").read_text()
        self.assertIn("# 3 of 3", text)
        self.assertIn("The predicted arena of 3 of 3 subnets is within 5% or 2 KiB", text)


if __name__ == "__main__":
    tf.test.main()
