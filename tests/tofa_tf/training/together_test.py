"""Two real processes against one: the same steps; one is killed, and one alone goes on."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

import tensorflow as tf

from tests.scripts import run_script
from tests.tofa_tf.training.chief import SETTINGS
from tofa_tf.common.errors import UserError
from tofa_tf.common.workdir import RUN
from tofa_tf.distribute.replicas import ALONE
from tofa_tf.training import together as together_module
from tofa_tf.training.experiment import load_experiment, open_folder
from tofa_tf.training.journal import METRICS
from tofa_tf.training.settings import MIRRORED, SINGLE, Workdir
from tofa_tf.training.together import together, with_helpers
from tofa_tf.training.trained_run import train_or_load


class TogetherTest(tf.test.TestCase):
    def test_one_device_is_alone(self):
        for strategy in (SINGLE, MIRRORED):
            with together(Workdir("run", strategy=strategy), SETTINGS) as replicas:
                self.assertIs(replicas, ALONE)

    def test_a_batch_that_cannot_be_shared_is_refused_at_once(self):
        with self.assertRaisesRegex(UserError, "labelled_batch is 8, which 3 workers"):
            self.enterContext(with_helpers(3, SETTINGS, None))

    def test_a_process_that_ends_before_it_is_connected_is_not_waited_for(self):
        def ends_at_once(*_: object) -> subprocess.Popen:
            return subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])

        with (
            mock.patch.object(together_module, "_start", ends_at_once),
            self.assertRaisesRegex(UserError, "process 1 of 1 .* ended with exit code 3 before"),
            with_helpers(2, SETTINGS, None),
        ):
            self.fail("nobody is there to train with")

    def test_two_processes_train_what_one_trains_and_one_goes_on_for_both(self):
        root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        done = run_script("tests.tofa_tf.training.chief", str(root / "two"))
        self.assertEqual(done.returncode, 1, done.stderr)
        line = done.stderr.strip().splitlines()[-1]
        self.assertRegex(line, r"^error: worker 1 \(localhost:\d+\) is lost: the same command, ")
        experiment, steps = load_experiment(SETTINGS), []
        for name in ("one", "two"):
            open_folder(experiment, root / name, overwrite=False)
        two = self._records(root / "two")
        self.assertEqual([record["step"] for record in two], [0, 4, 8, 12])
        one = train_or_load(experiment, root / "one").supernet
        resumed = train_or_load(experiment, root / "two", lambda step, _: steps.append(step))
        self.assertEqual(steps, list(range(10, 16)))
        for record, expected in zip(two, self._records(root / "one"), strict=False):
            for name in record.keys() - {"seconds", "images_per_second"}:
                self.assertAllClose(record[name], expected[name], rtol=1e-4, atol=1e-5, msg=name)
        for weight, expected in zip(resumed.supernet.weights, one.weights, strict=True):
            self.assertAllClose(weight, expected, rtol=1e-5, atol=1e-5, msg=expected.path)
        self.assertContainsSubset({path.name for path in root.iterdir()}, {"one", "two"})
        for path in (root / "two").iterdir():
            self.assertTrue(any(path.match(pattern) for pattern in (*RUN.own, ".tofa.json")), path)

    def _records(self, folder: Path) -> list[dict]:
        return [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]


if __name__ == "__main__":
    tf.test.main()
