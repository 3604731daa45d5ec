"""Every benchmark is a command like those of the package."""

import importlib
import pkgutil

import tensorflow as tf
from absl import flags
from absl.testing import parameterized

import benchmarks
from tests.scripts import run_script
from tflite_export.common.command import Command

NAMES = [
    module.name
    for module in pkgutil.iter_modules(benchmarks.__path__)
    if module.name.startswith("benchmark_")
]


class CommandsTest(tf.test.TestCase, parameterized.TestCase):
    def test_imported_together_they_define_no_flag(self):
        before = set(flags.FLAGS)
        for name in NAMES:
            module = importlib.import_module(f"benchmarks.{name}")
            self.assertIsInstance(module.COMMAND, Command, name)
        # Libraries that they bring may have flags of their own; settings are theirs alone.
        self.assertNoCommonElements(module.COMMAND.keys(), set(flags.FLAGS) - before)

    def test_help(self):
        done = run_script(f"benchmarks.{NAMES[0]}", "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(f"python -m benchmarks.{NAMES[0]}", done.stdout)


if __name__ == "__main__":
    tf.test.main()
