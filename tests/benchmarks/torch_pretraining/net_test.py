import random
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.randomized import random_supernet
from tofa_tf.nets.weights_file import load_weights, save_weights
from tofa_tf.space.plan import make_plan
from tofa_tf.space.presets import get_space
from tofa_tf.training.sampling import random_arch

torch = pytest.importorskip("torch", reason="PyTorch is not installed; no other part needs it")

from benchmarks.torch_pretraining.net import TorchSupernet, read_weights  # noqa: E402


class NetTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters("mcu_wide", "mcu_ds", "mcu_resnet")
    def test_subnets_compute_what_they_do_in_tensorflow(self, name):
        supernet, other = self._both(name)
        space = supernet.space
        archs = [random_arch(space, random.Random(seed)) for seed in range(2)]
        for arch in (space.min_arch, *archs):
            for training in (True, False):
                self._check_equal(supernet, other, arch, training)

    def test_squeeze_excite_projected_shortcuts_and_symmetric_padding(self):
        # The smallest net alone: random weights of sixty layers make much of a rounding error.
        supernet, other = self._both("attentive_nas")
        self._check_equal(supernet, other, supernet.space.min_arch, training=False)

    def _check_equal(self, supernet, other, arch, training):
        plan, size = make_plan(supernet.space, arch), arch.resolution
        images = np.random.default_rng(0).normal(size=(4, size, size, 3)).astype(np.float32)
        expected = supernet(images, plan=plan, training=training).numpy()
        with torch.no_grad():
            found, _ = other(torch.tensor(images).permute(0, 3, 1, 2), plan, training=training)
        error = np.abs(found.numpy() - expected).max() / np.abs(expected).max()
        self.assertLess(error, 1e-4)

    def test_file_of_one_is_a_file_of_the_other(self):
        supernet, other = self._both("mcu_wide")
        path = Path(self.get_temp_dir()) / "back.weights.h5"
        other.to_file(path)
        again = random_supernet(get_space("mcu_wide"), num_classes=5, seed=9)
        load_weights(again, path)
        for ours, theirs in zip(again.weights, supernet.weights, strict=True):
            self.assertAllEqual(ours, theirs)

    def _both(self, name):
        supernet = random_supernet(get_space(name), num_classes=5)
        path = Path(self.get_temp_dir()) / f"{name}.weights.h5"
        save_weights(supernet, path)
        return supernet, TorchSupernet(supernet.space, read_weights(path))


if __name__ == "__main__":
    tf.test.main()
