import csv
import dataclasses
from pathlib import Path

import tensorflow as tf

from tests.scripts import run_script
from tests.tofa_tf.spaces_for_tests import DS_LIKE, RESNET_LIKE, space_file


class BenchmarkFamiliesTest(tf.test.TestCase):
    def test_every_family_is_known_before_it_is_made(self):
        output = Path(self.get_temp_dir()) / "families"
        # Of smaller images an arena is so small that a few bytes are a percent.
        spaces = [dataclasses.replace(s, resolutions=(48,)) for s in (DS_LIKE, RESNET_LIKE)]
        files = [str(space_file(space, output.parent)) for space in spaces]
        done = run_script(
            "benchmarks.benchmark_families",
            f"--search_spaces={','.join(files)}",
            "--subnets=1",
            "--limits=1",
            f"--output={output}",
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        with (output / "results.csv").open() as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["space"] for row in rows], ["ds_like", "resnet_like"])
        for row in rows:
            self.assertEqual(row["equal"], "True")
            self.assertLess(float(row["difference"]), 1e-4)
            self.assertLess(float(row["latency"]), 0.01)
            self.assertLess(float(row["arena"]), 0.01)
        text = (output / "README.md").read_text()
        self.assertIn("| `resnet_like` | 1 | 1 |", text)


if __name__ == "__main__":
    tf.test.main()
