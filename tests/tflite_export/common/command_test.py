"""Commands as a user calls them: in a process of their own where absl's registry matters."""

import dataclasses
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from absl import flags
from absl.testing import parameterized

from tflite_export.common.command import Command, run_command
from tflite_export.common.errors import UserError
from tflite_export.common.settings import SettingsBase, setting


@dataclasses.dataclass(frozen=True)
class Job(SettingsBase):
    name: str = setting("What it is called.", heading="What", alias="title")
    steps: int = setting("How long it takes.", 10, least=1, heading="How")
    flip: bool = setting("Whether to mirror.", True)
    words: tuple[str, ...] = setting("All that follows.", ())


@dataclasses.dataclass(frozen=True)
class Place(SettingsBase):
    folder: str = setting("Where it is.", "here")
    overwrite: bool = setting("Whether to replace.", False)


@dataclasses.dataclass(frozen=True)
class Other(SettingsBase):
    elsewhere: int = setting("A setting of another command.", 0)


def show(job: Job, place: Place) -> None:
    """Prints what it was given, or fails as a program may."""
    if job.name == "bad":
        raise UserError("the name is bad:\nchoose another")
    if job.name == "interrupt":
        raise KeyboardInterrupt
    if job.name == "long":
        print("x" * 100_000)
    print(job, place, "±")


COMMAND = Command(
    show,
    (Job, Place),
    positional=("name", "words"),
    defaults={"folder": "there"},
    others=(Other,),
    answers={("folder", "list"): lambda: "known folders"},
    tensorflow=False,
)


def _run(*arguments: str, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "tests.tflite_export.common.command_test", *arguments]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, **options)


class CommandTest(parameterized.TestCase):
    def _parse(self, *arguments: str) -> list[SettingsBase]:
        return COMMAND.parse(["show", *arguments])

    def test_defaults_file_flags_in_this_order(self):
        config = Path(self.enterContext(tempfile.TemporaryDirectory())) / "run.toml"
        config.write_text('title = "a"\nsteps = 20\nelsewhere = 3\n')
        self.assertEqual(self._parse("a"), [Job("a"), Place("there")])
        job, place = self._parse(f"--config={config}", "--folder=x", "--overwrite")
        self.assertEqual((job, place), (Job("a", 20), Place("x", True)))
        job, _ = self._parse(f"--config={config}", "--steps=30", "--noflip")
        self.assertEqual(job, Job("a", 30, False))

    def test_positional_arguments_and_old_names(self):
        self.assertEqual(self._parse("a", "--steps=2", "b", "c")[0], Job("a", 2, True, ("b", "c")))
        self.assertEqual(self._parse("--title=a")[0], Job("a"))

    @parameterized.parameters(
        ([], "name is missing: What it is called."),
        (["a", "--steps=0"], "steps is 0: it must be at least 1"),
        (["a", "--name=b"], "name is given twice: 'a' and 'b'"),
        (["a", "--stepz=3"], "Unknown command line flag 'stepz'. Did you mean: steps"),
        (["a", "--flip=maybe"], "flip=maybe"),
        (["a", "--steps"], "Missing value for flag --steps"),
        (["a", "--config=no.toml"], "cannot read no.toml: No such file"),
    )
    def test_bad_arguments(self, arguments, message):
        with self.assertRaisesRegex(UserError, message):
            self._parse(*arguments)

    def test_arguments_that_nothing_takes(self):
        command = dataclasses.replace(COMMAND, positional=("name",))
        with self.assertRaisesRegex(UserError, "unexpected argument 'b': .*without a flag: name"):
            command.parse(["show", "a", "b"])

    def test_flags_it_takes(self):
        for flag in ("name", "title", "overwrite", "nooverwrite", "noflip"):
            self.assertTrue(COMMAND.has_flag(flag), flag)
        for flag in ("elsewhere", "noname", "no", ""):
            self.assertFalse(COMMAND.has_flag(flag), flag)

    def test_a_registry_is_left_as_it_was(self):
        before = set(flags.FLAGS)
        self._parse("a")
        self.assertEqual(set(flags.FLAGS), before)

    def test_a_run(self):
        done = _run("a", "--steps=3", stdout=subprocess.PIPE, env=os.environ | {"LC_ALL": "C"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("steps=3", done.stdout)
        done = _run("--folder=list", stdout=subprocess.PIPE)
        self.assertEqual((done.returncode, done.stdout), (0, "known folders\n"))

    def test_help_ends_well(self):
        done = _run("--help", stdout=subprocess.PIPE)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertStartsWith(done.stdout, "Commands as a user calls them")
        self.assertIn("How:\n  --steps               How long it takes. Default: 10.", done.stdout)
        self.assertNotIn("flip", done.stdout)
        done = _run("a", "--helpfull", stdout=subprocess.PIPE)
        self.assertEqual(done.returncode, 0)
        self.assertIn("--[no]flip            Whether to mirror.", done.stdout)
        self.assertIn("--folder              Where it is. Default: there.", done.stdout)
        self.assertIn("verbosity", done.stdout)

    @parameterized.parameters(
        (["bad"], "error: the name is bad: choose another\n"),
        (["interrupt"], "interrupted: what was finished is kept; the same command continues\n"),
        (["a", "--steps=0"], "error: steps is 0: it must be at least 1\n"),
        (["a", "-x"], "error: Unknown command line flag 'x': --help shows those there are\n"),
        (["a", "--stepz=0"], "error: Unknown command line flag 'stepz'. Did you mean: steps ?\n"),
    )
    def test_failures_are_one_line_and_exit_code_1(self, arguments, message):
        done = _run(*arguments, stdout=subprocess.PIPE)
        self.assertEqual((done.returncode, done.stderr), (1, message))

    @parameterized.parameters("a", "long", "--folder=list", "--help")
    def test_an_output_that_takes_nothing(self, argument):
        with Path("/dev/full").open("w") as full:
            done = _run(argument, stdout=full)
        message = "error: cannot write the output: No space left on device\n"
        self.assertEqual((done.returncode, done.stderr), (1, message))


if __name__ == "__main__":
    # As a script this module is a command.
    run_command(COMMAND)
