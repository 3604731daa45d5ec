import tempfile
from pathlib import Path

from absl.testing import absltest

from benchmarks.torture.jobs import Job, stages
from benchmarks.torture.processes import Ended, Process, finish, temporary_names

_PLAN = Job("plan", "plan", lambda folder, inputs: ["--num_classes=2"], made="planned")


class JobsTest(absltest.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_a_process_is_killed_or_comes_to_its_end(self):
        process = Process(_PLAN, self.folder, self.folder)
        self.assertTrue(process.reaches(lambda: True))
        process.kill()
        self.assertEqual(process.wait().code, -9)
        process = Process(_PLAN, self.folder, self.folder)
        self.assertFalse(process.reaches(lambda: False))
        ended = process.wait()
        self.assertEqual((ended.code, ended.errors), (0, ()))

    def test_a_paused_process_waits(self):
        process = Process(_PLAN, self.folder, self.folder)
        state = Path(f"/proc/{process.number}/stat")
        with process.paused():
            self.assertTrue(process.reaches(lambda: state.read_text().split(") ")[1][0] == "T"))
        self.assertEqual(process.wait().code, 0)

    def test_what_is_made_is_not_made_again(self):
        (self.folder / "planned").touch()
        self.assertIsNone(finish(_PLAN, self.folder, self.folder))

    def test_what_is_a_refusal(self):
        unknown = Job("plan", "plan", lambda folder, inputs: ["--num_classes=1"])
        ended = finish(unknown, self.folder, self.folder)
        self.assertTrue(ended.refused_in_one_line, ended)
        for code, *lines in (
            (0, "error: x"),
            (1,),
            (1, "Traceback (most recent call last):", "error: x"),
            (1, "error: y", "error: x"),
            (1, "OSError: x"),
            (-11, "error: x"),
        ):
            self.assertFalse(Ended(code, tuple(lines), 0.0).refused_in_one_line, lines)
        self.assertTrue(Ended(1, ("warning: y", "error: x"), 0.0).refused_in_one_line)

    def test_every_command_writes_below_its_folder(self):
        for stage in stages(8):
            for job in stage.jobs:
                arguments = job.arguments(Path("/of/the/round"), Path("/inputs"))
                self.assertTrue(any("/of/the/round/" in argument for argument in arguments))

    def test_temporary_names(self):
        (self.folder / "run" / ".making" / "a").mkdir(parents=True)
        for name in (".tofa.json", ".tofa.lock", ".12.x", "y"):
            (self.folder / "run" / name).touch()
        names = {str(path.relative_to(self.folder)) for path in temporary_names(self.folder)}
        self.assertEqual(names, {"run/.making", "run/.making/a", "run/.12.x"})


if __name__ == "__main__":
    absltest.main()
