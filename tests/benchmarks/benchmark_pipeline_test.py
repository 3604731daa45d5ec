"""Tests of the input pipeline's benchmark: its tables, not its figures."""

import csv
import subprocess
from pathlib import Path

import tensorflow as tf

from tests.scripts import run_script
from tests.tofa_tf.spaces_for_tests import TINY_32, space_file


def _run(*arguments: str) -> subprocess.CompletedProcess:
    return run_script("benchmarks.benchmark_pipeline", *arguments)


class BenchmarkPipelineTest(tf.test.TestCase):
    def test_tables(self):
        output = Path(self.get_temp_dir(), "results")
        space = space_file(TINY_32, output.parent)
        job = ["--seconds=0", "--cases=32x8", "--labelled_batch=4", f"--search_space={space}"]
        done = _run(f"--output={output}", *job)
        self.assertEqual(done.returncode, 0, done.stderr)
        with (output / "results.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertLen(rows, 7)
        for row in rows:
            self.assertGreater(float(row["images_per_second"]), 0)
            self.assertEqual(float(row["ratio"]) == 1, row["method"] == "keras_cv RandAugment")
        table = (output / "README.md").read_text()
        self.assertIn("| strong (weak, rand_augment, cutout) | ", table)
        self.assertRegex(table, r"\n\| 32 \| [\d.]+ \| [\d,]+ \| [\d.]+ \| [\d.]+ \|\n")
        self.assertIn("keras-cv 0.9.0", table)
        self.assertIn(table, done.stdout)
        again = _run(f"--output={output}")
        self.assertEqual(again.returncode, 1)
        self.assertIn("error: ", again.stderr.splitlines()[-1])

    def test_bad_flags(self):
        for arguments, message in (
            ([], "error: output is missing: Folder for table, CSV and plot."),
            (
                ["--output=unused", "--cases=32"],
                "error: cases has '32': image side x batch is expected, e.g. 32x64",
            ),
        ):
            done = _run(*arguments)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stderr.splitlines()[-1], message)


if __name__ == "__main__":
    tf.test.main()
