"""The main job from end to end, with the real data, the real converter and the real runtimes."""

import subprocess
import sys
from pathlib import Path

import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.trained import tiny_space, trained_copy
from tflite_export.common.folders import why_not_deleted
from tofa_tf.app import run
from tofa_tf.common.errors import UserError
from tofa_tf.common.workdir import RUN, sha256
from tofa_tf.deploy.results import RunReport

JOB = {
    "dataset": "digits",
    "labels_per_class": 5,
    "search_space": "tiny",
    "steps": 12,
    "labelled_batch": 8,
    "unlabelled_ratio": 2,
    "scenarios": "macs=60k;flash_kib=40,arena_kib=24",
}

NAMES = ["macs_60k", "flash_kib_40-arena_kib_24"]
# Some bytes more than the closed form of the smallest subnet, too few for the board's kernels.
TIGHT_BOARD = """
[tight]
core = "xtensa-lx7"
kernels = "esp_nn"
clock_mhz = 240
sram_kib = 16
sram_reserved_kib = 10.5
flash_kib = 4096
flash_reserved_kib = 1024
"""


def _run(workdir: Path, **changes) -> None:
    values = {**JOB, "workdir": workdir, **changes}
    run.main(*(settings.make(values) for settings in run.COMMAND.settings))


class RunTest(tf.test.TestCase, parameterized.TestCase):
    def setUp(self):
        super().setUp()
        self.enterContext(tiny_space())
        self.root = Path(self.get_temp_dir()) / self.id()

    def test_main_job(self):
        folder = self.root / "job"
        _run(folder)
        report = RunReport.read(folder / "report.json")
        self.assertEqual([s.name for s in report.scenarios], NAMES)
        models = {s.tflite: s.sha256 for s in report.scenarios}
        for name, digest in models.items():
            self.assertEqual(sha256(folder / name), digest)
        for name in ("report.md", "report.html", "accuracy.png", "split.json", "metrics.jsonl"):
            self.assertGreater((folder / name).stat().st_size, 0, name)

        with self.subTest("a further scenario keeps training and finished scenarios"):
            times = {name: (folder / name).stat().st_mtime_ns for name in models}
            trained = (folder / "supernet.weights.h5").stat().st_mtime_ns
            further = JOB["scenarios"] + ";macs=100k"
            _run(folder, scenarios=further, boards="rp2040", firmware=["pico"])
            again = RunReport.read(folder / "report.json")
            self.assertEqual([s.name for s in again.scenarios], [*NAMES, "macs_100k", "rp2040"])
            self.assertEqual(again.scenarios[:2], report.scenarios)
            self.assertEqual((folder / "supernet.weights.h5").stat().st_mtime_ns, trained)
            for name in models:
                self.assertEqual((folder / name).stat().st_mtime_ns, times[name])
                self.assertTrue((folder / name).with_name("firmware").is_dir())

        with self.subTest("an equal seed gives equal bytes"):
            copy = trained_copy(self.root / "again")
            self.assertEqual(report.weights_sha256, copy.weights_sha256)
            _run(copy.folder)
            for name, expected in models.items():
                self.assertEqual(sha256(copy.folder / name), expected)

        with self.subTest("another run in the same folder is refused"):
            with self.assertRaisesRegex(UserError, "holds another run"):
                _run(folder, steps=13)
            self.assertEqual((folder / "supernet.weights.h5").stat().st_mtime_ns, trained)

        with self.subTest("all that is in the folder is the run's own"):
            self.assertEqual(why_not_deleted(folder, RUN), "")

    def test_what_does_not_fit_is_said_at_the_end(self):
        tight = self.root / "tight.toml"
        tight.parent.mkdir(parents=True)
        tight.write_text(TIGHT_BOARD)
        folder = trained_copy(self.root / "job").folder
        with self.assertRaisesRegex(UserError, "^scenario 'tight': n"):
            _run(folder, scenarios="macs=60k", boards=str(tight))
        report = RunReport.read(folder / "report.json")
        self.assertEqual([s.name for s in report.scenarios], ["macs_60k"])
        self.assertLen(report.not_fitting, 1)

    def test_script_ends_with_one_line_and_exit_code_1(self):
        command = [sys.executable, "-m", "tofa_tf.run", "--dataset=digitz"]
        command += ["--labels_per_class=5", "--boards=rp2040", f"--workdir={self.root}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertStartsWith(done.stderr, "error: unknown data set 'digitz'")
        self.assertLen(done.stderr.splitlines(), 1)


if __name__ == "__main__":
    tf.test.main()
