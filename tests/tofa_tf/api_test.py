"""The library as a program uses it: arrays and folders in, models out."""

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl.testing import parameterized
from sklearn.datasets import load_digits

import tofa_tf as tofa
from tests.tofa_tf.locks import is_free
from tests.tofa_tf.spaces_for_tests import TINY
from tflite_export.devices.boards import known_boards
from tflite_export.runtimes.litert import LitertModel
from tofa_tf.common.workdir import sha256
from tofa_tf.training.settings import Settings

SETTINGS = {
    "labels_per_class": 5,
    "steps": 12,
    "labelled_batch": 8,
    "unlabelled_ratio": 2,
    "resolutions": 16,
}
# Loads, and says what that took and what else is there then.
_IMPORT = """
import sys, time
before = time.process_time()
import tofa_tf
seconds = time.process_time() - before
heavy = {"tensorflow", "keras", "numpy", "matplotlib", "absl"} & sys.modules.keys()
assert not heavy and seconds < 0.3, (heavy, seconds)
assert tofa_tf.__version__ and "train" in dir(tofa_tf)
"""


def _arrays() -> tuple[np.ndarray, np.ndarray]:
    digits = load_digits()
    return (15 * digits.images).astype(np.uint8), digits.target


class ImportTest(tf.test.TestCase):
    def test_importing_costs_nothing_and_says_nothing(self):
        done = subprocess.run([sys.executable, "-c", _IMPORT], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_every_name_is_there_and_no_other(self):
        for name in tofa.__all__:
            self.assertEqual(getattr(tofa, name).__name__, name)
        with self.assertRaisesRegex(AttributeError, "has no attribute 'deploy_all'"):
            _ = tofa.deploy_all

    def test_the_script_of_equal_name_does_not_hide_the_function(self):
        self.assertIs(importlib.import_module("tofa_tf.train"), tofa.train)
        self.assertIs(tofa.train, importlib.import_module("tofa_tf.api").train)


class ApiTest(tf.test.TestCase, parameterized.TestCase):
    def test_arrays_to_tflite(self):
        x, y = _arrays()
        data = tofa.Images(x[:1000], y[:1000], unlabelled=x[1000:])
        steps = []
        arguments = {"space": TINY, "workdir": self.get_temp_dir() + "/run", **SETTINGS}
        run = tofa.train(data, on_step=lambda step, _: steps.append(step), **arguments)
        self.assertEqual(steps, list(range(12)))
        self.assertEqual(run.class_names, tuple("0123456789"))

        with self.subTest("a model for budgets"):
            model = run.deploy("macs=60k")
            self.assertLessEqual(model.result.macs, 60_000)
            self.assertBetween(model.accuracy, 0.0, 1.0)
            self.assertGreater(model.arena, 1000)
            self.assertEqual(sha256(model.tflite), model.result.sha256)
            self.assertTrue(model.report().exists())
            project = model.firmware("make")
            self.assertTrue((project / "Makefile").exists())

        with self.subTest("the net, the file and the run agree on raw images"):
            spec = run._trained.experiment.input_spec(16)
            self.assertEqual(model.keras().input_shape, (None, *spec.shape))
            images = x[1000:1040]
            scores = model.predict(images[..., np.newaxis])
            self.assertEqual(scores.shape, (40, 10))
            self.assertAllClose(scores.sum(axis=1), np.ones(40), atol=1e-5)
            agreement = np.mean(scores.argmax(1) == run.predict(images[..., None]).argmax(1))
            self.assertGreater(agreement, 0.3)
            int8 = LitertModel(model.tflite.read_bytes())
            self.assertEqual(int8._input["shape"].tolist(), [1, *spec.shape])

        with self.subTest("a board by name and as a value"):
            board = run.deploy("rp2040@20fps", firmware="pico")
            self.assertTrue((board.tflite.parent / "firmware/pico/CMakeLists.txt").exists())
            self.assertEqual(board.result.board.fit.board, "rp2040_20fps")
            self.assertEqual(board.arena, board.result.board.fit.arena_used)
            other = run.deploy(known_boards()["nano33ble"])
            self.assertEqual(other.result.name, "nano33ble")

        with self.subTest("equal settings read what was trained"):
            weights = run.workdir / "supernet.weights.h5"
            written = weights.stat().st_mtime_ns
            again = tofa.train(data, on_step=lambda *_: self.fail("it trains again"), **arguments)
            self.assertEqual(weights.stat().st_mtime_ns, written)
            self.assertAllEqual(
                again.predict(images[:4, ..., None]), run.predict(images[:4, ..., None])
            )
            with self.assertRaisesRegex(tofa.TofaError, "holds another run .steps is 12 there, 13"):
                tofa.train(data, **{**arguments, "steps": 13})
            with self.assertRaisesRegex(tofa.TofaError, "the images have changed since the run"):
                tofa.train(tofa.Images(x[:900], y[:900]), **arguments)

        with self.subTest("a closed run is free for other processes"), run:
            self.assertFalse(is_free(run.workdir))
        self.assertTrue(is_free(run.workdir))

        with self.subTest("a space of one's own stays with the run"):
            self.assertEqual(Settings.of_run(run.workdir).search_space, TINY)

        for target, message in (
            ("macs=1k", "nothing fits; the smallest subnet of tiny needs macs"),
            ("pdp11", "unknown board 'pdp11'"),
            ("rp2040,nano33ble", "name one board or one list of budgets"),
        ):
            with self.subTest(target), self.assertRaisesRegex(tofa.TofaError, message):
                run.deploy(target)
        with self.assertRaisesRegex(tofa.TofaError, "unknown setting 'quantisation'; did you mean"):
            run.deploy("macs=60k", quantisation="qat")
        with self.assertRaisesRegex(tofa.TofaError, "no firmware for 'mbed'"):
            model.firmware("mbed")

    def test_data_by_name(self):
        data = tofa.load("photos", unlabelled=Path("more"), test_fraction=0.3)
        self.assertEqual(data.dataset, "photos")
        for settings, message in (
            ({"unlabeld": "x"}, "unknown setting 'unlabeld'; did you mean 'unlabelled'"),
            ({"test_fraction": 2}, "test_fraction is 2.0"),
        ):
            with self.assertRaisesRegex(tofa.TofaError, message):
                tofa.load("photos", **settings)
        with self.assertRaisesRegex(tofa.TofaError, "unknown data set 'photos'"):
            tofa.train(data, workdir=self.get_temp_dir() + "/none")


if __name__ == "__main__":
    tf.test.main()
