"""Tests of the transfer benchmark: its tables, not its figures."""

import csv
import subprocess
from pathlib import Path

import tensorflow as tf

from tests.scripts import run_script


def _run(*arguments: str) -> subprocess.CompletedProcess:
    return run_script("benchmarks.benchmark_transfer", "--dataset=digits", *arguments)


class BenchmarkTransferTest(tf.test.TestCase):
    def test_tables_and_finished_trainings_are_kept(self):
        folder = Path(self.get_temp_dir())
        job = ["--labels=2", "--levels=2", "--steps=2", "--labelled_batch=4"]
        job.append(f"--workdir={folder / 'runs'}")
        done = _run(*job, f"--output={folder / 'out'}")
        self.assertEqual(done.returncode, 0, done.stderr)
        with (folder / "out" / "results.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        methods = ("TOFA", "labelled-only", "TOFA from scratch")
        self.assertEqual([row["method"] for row in rows], [m for m in methods for _ in range(2)])
        trained = [path.read_bytes() for path in folder.glob("runs/*/supernet.weights.h5")]
        self.assertLen(set(trained), len(methods))
        self.assertTrue((folder / "out" / "accuracy.png").exists())

        weights = folder / "runs" / "tofa_2" / "supernet.weights.h5"
        written = weights.stat().st_mtime_ns
        again = _run(*job, f"--output={folder / 'again'}")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(weights.stat().st_mtime_ns, written)
        for name in ("results.csv", "accuracy.png"):
            first, second = (folder / out / name for out in ("out", "again"))
            self.assertEqual(first.read_bytes(), second.read_bytes())

    def test_bad_flags(self):
        for arguments, message in (
            (["--workdir=y"], "error: output is missing: Folder for table, CSV and plot."),
            (
                ["--output=x"],
                "error: workdir is missing: Folder for the runs that are compared.",
            ),
            (
                ["--output=x", "--workdir=y", "--labels=few"],
                "error: labels is 'few': it must be a whole number",
            ),
        ):
            done = _run(*arguments)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stderr.splitlines()[-1], message)


if __name__ == "__main__":
    tf.test.main()
