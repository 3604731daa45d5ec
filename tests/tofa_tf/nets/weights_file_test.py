from pathlib import Path

import h5py
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.randomized import random_supernet, shared_supernet
from tests.tofa_tf.spaces_for_tests import DS_LIKE, RESNET_LIKE
from tofa_tf.common.errors import UserError
from tofa_tf.nets.supernet import Supernet
from tofa_tf.nets.weights_file import load_supernet, load_weights, save_weights


class WeightsFileTest(tf.test.TestCase, parameterized.TestCase):
    def setUp(self):
        super().setUp()
        self.path = Path(self.get_temp_dir()) / "a.weights.h5"

    def test_round_trip_with_classes_and_channels(self):
        supernet = random_supernet(DS_LIKE, 5, channels=1)
        save_weights(supernet, self.path)
        again = load_supernet(self.path, DS_LIKE)
        self.assertEqual((again.num_classes, again.channels), (5, 1))
        for a, b in zip(supernet.weights, again.weights, strict=True):
            self.assertEqual(a.path, b.path)
            self.assertAllEqual(a, b)

    def test_equal_weights_make_equal_bytes(self):
        save_weights(shared_supernet(DS_LIKE), self.path)
        first = self.path.read_bytes()
        save_weights(random_supernet(DS_LIKE), self.path)
        self.assertEqual(self.path.read_bytes(), first)

    def test_half_precision_is_half_as_large_and_near(self):
        supernet = shared_supernet(RESNET_LIKE)
        save_weights(supernet, self.path)
        whole = self.path.stat().st_size
        save_weights(supernet, self.path, "float16")
        self.assertLess(self.path.stat().st_size, 0.75 * whole)
        again = load_supernet(self.path, RESNET_LIKE)
        for a, b in zip(supernet.weights, again.weights, strict=True):
            self.assertAllClose(a, b, rtol=1e-3, atol=1e-6)

    def test_variances_that_half_precision_cannot_hold_are_cut(self):
        supernet = random_supernet(DS_LIKE)
        variance = supernet.stem.bn.moving_variance
        variance.assign(np.full(variance.shape, 1e9, np.float32))
        save_weights(supernet, self.path, "float16")
        again = load_supernet(self.path, DS_LIKE)
        self.assertAllEqual(again.stem.bn.moving_variance, np.full(variance.shape, 65504.0))

    def test_files_that_do_not_fit_change_nothing(self):
        save_weights(random_supernet(RESNET_LIKE, 5), self.path)
        for path, message in (
            (self.path, "holds no weights of a ds_like supernet"),
            (self.path.with_name("none.weights.h5"), "there is no file"),
        ):
            with self.assertRaisesRegex(UserError, message):
                load_supernet(path, DS_LIKE)
        other = Supernet(RESNET_LIKE, 6)
        other.build()
        before = [np.asarray(weight) for weight in other.weights]
        with self.assertRaisesRegex(UserError, "holds no weights of a resnet_like supernet"):
            load_weights(other, self.path)
        for old, new in zip(before, other.weights, strict=True):
            self.assertAllEqual(old, new)
        damaged = self.path.with_name("damaged.weights.h5")
        damaged.write_bytes(self.path.read_bytes()[:2000])
        with self.assertRaisesRegex(UserError, "holds no weights"):
            load_supernet(damaged, RESNET_LIKE)

    @parameterized.parameters(
        ("classifier/bias", np.float32(1), "holds no weights of a ds_like supernet"),
        ("classifier/bias", np.zeros(9, np.float32), "holds no weights"),
        ("classifier/kernel", np.float32(1), "holds no weights"),
        ("stem/conv/kernel", np.float32(1), "holds no weights"),
        ("stem/conv/kernel", np.zeros((3, 3, 2, 8), np.float32), "holds no weights"),
        ("stem/conv/kernel", h5py.Empty("f4"), "holds no weights"),
        ("stem/bn/gamma", np.float32(1), "holds no weights"),
        ("stem/bn/gamma", "text", "holds no weights"),
        ("stem/bn/gamma", h5py.SoftLink("/stem/bn/gamma"), "'stem/bn/gamma' in it is a link"),
        ("stem/bn/gamma", h5py.SoftLink("/stem/bn/beta"), "'stem/bn/gamma' in it is a link"),
        ("stem", h5py.ExternalLink("other.h5", "/stem"), "'stem' in it is a link elsewhere"),
    )
    def test_what_is_no_array_of_its_own_is_refused(self, key, content, message):
        save_weights(shared_supernet(DS_LIKE), self.path)
        with h5py.File(self.path, "r+") as file:
            del file[key]
            file[key] = content
        with self.assertRaisesRegex(UserError, message):
            load_supernet(self.path, DS_LIKE)

    @parameterized.parameters(
        ("classifier/kernel", np.nan, np.float32),
        ("stem/bn/gamma", np.inf, np.float16),
        ("stem/bn/gamma", 1e300, np.float64),
    )
    def test_numbers_that_are_none_are_refused_and_change_nothing(self, key, number, dtype):
        supernet = shared_supernet(DS_LIKE)
        save_weights(supernet, self.path)
        with h5py.File(self.path, "r+") as file:
            values = file[key][()].astype(dtype)
            values.flat[-1] = number
            del file[key]
            file[key] = values
        before = [np.asarray(weight) for weight in supernet.weights]
        with self.assertRaisesRegex(UserError, f"not loaded: '{key}' in it holds NaN or infinity"):
            load_supernet(self.path, DS_LIKE)
        with self.assertRaisesRegex(UserError, f"not loaded: '{key}' in it holds NaN or infinity"):
            load_weights(supernet, self.path)
        for old, new in zip(before, supernet.weights, strict=True):
            self.assertAllEqual(old, new)

    def test_a_claim_of_few_features_for_many_classes_takes_no_memory(self):
        save_weights(shared_supernet(DS_LIKE), self.path)
        with h5py.File(self.path, "r+") as file:
            for name, shape in (("bias", (10**8,)), ("kernel", (1, 10**8))):
                del file[f"classifier/{name}"]
                chunks = (*shape[:-1], 1024)
                file.create_dataset(f"classifier/{name}", shape, np.float32, chunks=chunks)
        with self.assertRaisesRegex(UserError, "holds no weights"):
            load_supernet(self.path, DS_LIKE)

    @parameterized.parameters(10**13, 10**9)
    def test_a_claim_of_too_many_classes_takes_no_memory(self, classes):
        save_weights(shared_supernet(DS_LIKE), self.path)
        with h5py.File(self.path, "r+") as file:
            del file["classifier/bias"]
            file.create_dataset("classifier/bias", (classes,), np.float32, chunks=(1024,))
        wanted = "its content would take .* MiB" if classes > 2**30 else "holds no weights"
        with self.assertRaisesRegex(UserError, wanted):
            load_supernet(self.path, DS_LIKE)

    def test_arrays_that_lie_in_another_file_are_refused(self):
        save_weights(shared_supernet(DS_LIKE), self.path)
        with h5py.File(self.path, "r+") as file:
            shape = file["stem/bn/gamma"].shape
            del file["stem/bn/gamma"]
            outside = [("/etc/hostname", 0, 4 * shape[0])]
            file.create_dataset("stem/bn/gamma", shape, np.float32, external=outside)
        with self.assertRaisesRegex(UserError, "'stem/bn/gamma' in it is a link elsewhere"):
            load_supernet(self.path, DS_LIKE)


if __name__ == "__main__":
    tf.test.main()
