import csv
import pathlib

import tensorflow as tf

from tests.scripts import run_script
from tests.tofa_tf.spaces_for_tests import MCU_LIKE, space_file


class BenchmarkPackingTest(tf.test.TestCase):
    def test_sizes_of_a_few_subnets(self):
        output = pathlib.Path(self.get_temp_dir()) / "out"
        space = space_file(MCU_LIKE, output.parent)
        done = run_script(
            "benchmarks.benchmark_packing",
            *("--subnets=4", f"--search_space={space}", f"--output={output}"),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(output / "results.csv", newline="") as file:
            rows = [{key: int(value) for key, value in row.items()} for row in csv.DictReader(file)]
        self.assertLen(rows, 4)
        for row in rows:
            self.assertLess(row["weight_bytes"], row["needed_bytes"])
            self.assertLess(row["needed_bytes"], row["tflm_only_bytes"])
            self.assertLess(row["tflm_only_bytes"], row["lossless_bytes"])
            self.assertLess(row["lossless_bytes"], 0.9 * row["converted_bytes"])
            # Half of what a fit has to find: every channel has two scales besides its bias.
            self.assertGreater(row["lossless_bytes"], row["weight_bytes"] + 8 * row["channels"])
        self.assertIn("All outputs were bit-identical", (output / "README.md").read_text())


if __name__ == "__main__":
    tf.test.main()
