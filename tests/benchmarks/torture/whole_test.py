import shutil
import tempfile
from pathlib import Path

from absl.testing import absltest

from benchmarks.torture.folders import Folders
from benchmarks.torture.jobs import AGAIN, FIRST, Job
from benchmarks.torture.whole import moved_aside, not_whole

_JOB = Job("export again", "export", lambda folder, inputs: [], replaces=("out",))


class WholeTest(absltest.TestCase):
    def setUp(self):
        super().setUp()
        self.at = Folders.of(Path(self.enterContext(tempfile.TemporaryDirectory())))
        self.path = self.at.round / "out"
        for stage in (FIRST, AGAIN):
            folder = self.at.undisturbed(stage) / "out"
            (folder / "firmware" / "pico").mkdir(parents=True)
            for name in ("model", "report", "firmware/pico/main.cc"):
                (folder / name).write_text(f"{name} {stage}")
        self._put(FIRST)

    def _put(self, stage: str) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        shutil.copytree(self.at.undisturbed(stage) / "out", self.path)

    def _whole(self) -> bool:
        return not not_whole(_JOB, self.at)

    def test_the_old_one_and_the_new_one_are_whole(self):
        for stage in (FIRST, AGAIN):
            self._put(stage)
            self.assertTrue(self._whole())

    def test_a_mixture_is_not(self):
        (self.path / "model").write_text(f"model {AGAIN}")
        self.assertEqual(not_whole(_JOB, self.at), ["out is not whole"])

    def test_firmware_may_be_to_come_for_the_new_one_alone(self):
        shutil.rmtree(self.path / "firmware")
        self.assertFalse(self._whole())
        self._put(AGAIN)
        (self.path / "firmware" / "pico").rename(self.path / "firmware" / ".pico.12")
        self.assertTrue(self._whole())
        (self.path / "firmware" / ".pico.12").rename(self.path / "firmware" / "pico")
        (self.path / "firmware" / "pico" / "main.cc").write_text("half")
        self.assertFalse(self._whole())

    def test_the_old_one_may_lie_beside(self):
        self.path.rename(self.path.with_name(".out.old.12"))
        self.assertLen(moved_aside(_JOB.replaces, self.at.round), 1)
        self.assertTrue(self._whole())
        shutil.rmtree(self.path.with_name(".out.old.12"))
        self.assertFalse(self._whole())


if __name__ == "__main__":
    absltest.main()
