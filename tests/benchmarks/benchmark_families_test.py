import csv
from pathlib import Path

import tensorflow as tf

from tests.scripts import run_script


class BenchmarkFamiliesTest(tf.test.TestCase):
    def test_every_family_is_known_before_it_is_made(self):
        output = Path(self.get_temp_dir()) / "families"
        done = run_script(
            "benchmarks.benchmark_families",
            "--search_spaces=mcu_ds,mcu_resnet",
            "--subnets=1",
            "--limits=1",
            f"--output={output}",
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        with (output / "results.csv").open() as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["space"] for row in rows], ["mcu_ds", "mcu_resnet"])
        for row in rows:
            self.assertEqual(row["equal"], "True")
            self.assertLess(float(row["difference"]), 1e-4)
            self.assertLess(float(row["latency"]), 0.01)
            self.assertLess(float(row["arena"]), 0.01)
        text = (output / "README.md").read_text()
        self.assertIn("| `mcu_resnet` | 1 | 1 |", text)


if __name__ == "__main__":
    tf.test.main()
