from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.scripts import run_script
from tests.tofa_tf.randomized import random_supernet
from tofa_tf.nets.weights_file import load_weights, save_weights
from tofa_tf.space.presets import get_space

pytest.importorskip("torch", reason="PyTorch is not installed; no other part needs it")

_RUN = "benchmarks.torch_pretraining.run"


class RunTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir())
        generator = np.random.default_rng(0)
        for part, count in (("train", 64), ("validation", 32)):
            labels = np.arange(count) % 2
            images = (
                generator.integers(0, 120, (count, 32, 32, 3)) + 120 * labels[:, None, None, None]
            )
            np.save(self.folder / f"{part}_images.npy", images.astype(np.uint8))
            np.save(self.folder / f"{part}_labels.npy", labels.astype(np.int32))
        self.start = self.folder / "start.weights.h5"
        save_weights(random_supernet(get_space("mcu_wide"), num_classes=2), self.start)

    def test_learns_by_labels_and_teacher_and_writes_a_file_that_tensorflow_reads(self):
        lessons, out = self.folder / "lessons", self.folder / "out.weights.h5"
        done = run_script(
            "benchmarks.torch_pretraining.teach",
            *(f"--cache={self.folder}", f"--teacher={self.start}", f"--output={lessons}"),
            *("--space=mcu_wide", "--resolution=32", "--views=2"),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        opinions = np.load(lessons / "opinions.npy")
        self.assertEqual(opinions.shape, (2, 64, 2))
        self.assertAllClose(opinions.sum(-1), np.ones((2, 64)), atol=1e-2)
        done = run_script(
            _RUN,
            *(f"--cache={self.folder}", f"--start={self.start}", f"--output={out}"),
            *(f"--lessons={lessons}", "--steps=12", "--batch=16", "--sizes=32", "--shares=1"),
            *("--sandwiches=2", "--num_random=1", "--log_every=1"),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("12 steps", done.stdout)
        self.assertIn("top-1 on 32 validation images", done.stdout)
        again = random_supernet(get_space("mcu_wide"), num_classes=2)
        load_weights(again, out)
        self.assertNotAllClose(again.classifier.kernel, self._started().classifier.kernel)

    def test_says_that_an_end_is_needed(self):
        done = run_script(
            _RUN,
            *(f"--cache={self.folder}", f"--start={self.start}", f"--output={self.folder}/o.h5"),
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("--steps, or --seconds", done.stderr)

    def _started(self):
        supernet = random_supernet(get_space("mcu_wide"), num_classes=2)
        load_weights(supernet, self.start)
        return supernet


if __name__ == "__main__":
    tf.test.main()
