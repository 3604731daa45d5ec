"""The console command from outside: what it answers, how fast, and how it ends."""

import importlib
import pkgutil
import subprocess
import sys
import tempfile
from pathlib import Path

from absl import flags
from absl.testing import absltest, parameterized

import tofa_tf.app
from tofa_tf import __version__
from tofa_tf.app.main import COMMANDS

# Sends itself a signal after some seconds, so that a busy machine changes nothing.
_INTERRUPTED = """
import os, signal, sys, threading
from tofa_tf.app.main import main
number = signal.Signals[sys.argv[2]]
threading.Timer(float(sys.argv[1]), lambda: os.kill(os.getpid(), number)).start()
main(["tofa", "train", "digits", f"--workdir={sys.argv[3]}"])
"""

# A process for each command and option, forked before anything of the command is loaded.
_HELP = """
import os, sys, traceback
from tofa_tf.app.main import COMMANDS, main
from tflite_export.common import command
for name in COMMANDS:
    for option in ("--help", "--helpfull"):
        child = os.fork()
        if child:
            _, status = os.waitpid(child, 0)
            assert status == 0, (name, option)
            continue
        for number, end in ((1, "out"), (2, "err")):
            path = f"{sys.argv[1]}/{name}{option}.{end}"
            os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY), number)
        try:
            main(["tofa", name, option])
            assert not {"tensorflow", "keras"} & sys.modules.keys()
            sys.stdout.flush()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
"""


def _tofa(*arguments: str, module: str = "tofa_tf.app.main") -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _module(command: str) -> str:
    return f"tofa_tf.app.{command.replace('-', '_')}"


class MainTest(parameterized.TestCase):
    @parameterized.parameters([], ["--help"], ["help"])
    def test_help_lists_every_command_with_a_sentence(self, *arguments):
        done = _tofa(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for name, sentence in COMMANDS.items():
            self.assertRegex(done.stdout, rf"\n  {name} +[A-Z].*\.\n")
            self.assertIn(sentence, done.stdout)

    def test_version(self):
        done = _tofa("--version")
        self.assertEqual((done.returncode, done.stdout), (0, f"tofa {__version__}\n"))

    @parameterized.parameters(("trian", "train"), ("chek-log", "check-log"), ("--boards", ""))
    def test_an_unknown_command_names_the_nearest(self, name, nearest):
        done = _tofa(name)
        message = f"error: unknown command '{name}'; did you mean '{nearest}"
        self.assertEqual(done.returncode, 1)
        self.assertStartsWith(done.stderr, message)
        self.assertLen(done.stderr.splitlines(), 1)

    def test_every_command_has_short_and_full_help_and_loads_no_tensorflow(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        command = [sys.executable, "-c", _HELP, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        for name in COMMANDS:
            for option in ("--help", "--helpfull"):
                self.assertEqual((folder / f"{name}{option}.err").read_text(), "", name)
                out = (folder / f"{name}{option}.out").read_text()
                self.assertIn(f"\ntofa {name} ", out.replace("    ", ""))
            shown = [line for line in out.splitlines() if line.startswith("  --")]
            self.assertGreater(len(shown), 1)

    def test_modules_are_all_commands_or_the_console_command_itself(self):
        modules = {module.name for module in pkgutil.iter_modules(tofa_tf.app.__path__)}
        self.assertEqual(
            modules - {"main", "cli", "console"}, {name.replace("-", "_") for name in COMMANDS}
        )

    def test_importing_all_commands_together_defines_no_flag(self):
        before = set(flags.FLAGS)
        for name in COMMANDS:
            importlib.import_module(_module(name))
        self.assertEqual(set(flags.FLAGS), before)

    @parameterized.parameters(
        "tofa_tf.run", "tofa_tf.train", "tofa_tf.pretrain", "tofa_tf.pretrained.convert",
        "tofa_tf.app.train", "tofa_tf.app.check_log", "tflite_export.check_device_log",
    )  # fmt: skip
    def test_modules_are_scripts_too(self, module):
        done = _tofa("--setings=1", module=module)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^error: Unknown command line flag 'setings'.*\n$")

    @parameterized.parameters(
        (0.02, "SIGINT"), (0.2, "SIGTERM"), (0.6, "SIGINT"), (1.2, "SIGINT"), (2.5, "SIGTERM")
    )
    def test_an_interruption_in_the_first_seconds_is_one_line(self, seconds, number):
        workdir = self.enterContext(tempfile.TemporaryDirectory())
        command = [sys.executable, "-c", _INTERRUPTED, str(seconds), number, workdir]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "^interrupted: .*\n$")


if __name__ == "__main__":
    absltest.main()
