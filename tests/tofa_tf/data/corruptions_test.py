import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.common.errors import UserError
from tofa_tf.data.corruptions import CORRUPTIONS, STRENGTHS, corrupted


def _images(channels: int = 3) -> np.ndarray:
    """Smooth slopes with a sharp square, which every corruption changes."""
    slope = np.linspace(40, 200, 32)
    images = np.broadcast_to(slope[None, :, None, None], (4, 32, 32, channels)).copy()
    images[:, 8:20, 8:20] = 230
    return images.astype(np.uint8)


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.mean(np.abs(a.astype(float) - b)))


class CorruptionsTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.product(kind=list(CORRUPTIONS), channels=[1, 3])
    def test_more_strength_changes_more(self, kind, channels):
        images = _images(channels)
        changed = [corrupted(images, kind, strength) for strength in range(STRENGTHS)]
        for one in changed:
            self.assertEqual((one.shape, one.dtype), (images.shape, np.uint8))
        distances = [_distance(one, images) for one in changed]
        self.assertGreater(distances[0], 0.3)
        self.assertEqual(distances, sorted(distances))
        self.assertAllEqual(images, _images(channels))

    def test_by_hand(self):
        grey = np.full((1, 8, 8, 1), 100, np.uint8)
        self.assertAllEqual(corrupted(grey, "brightness", 1), np.full(grey.shape, 151))
        self.assertAllEqual(corrupted(grey, "contrast", 2), grey)
        half = grey.copy()
        half[:, :4] = 200
        low = corrupted(half, "contrast", 1)
        self.assertAllEqual(np.unique(low), [125, 175])
        noise = corrupted(np.full((1, 200, 200, 1), 128, np.uint8), "noise", 1)
        self.assertAllClose(noise.std(), 0.08 * 255, rtol=0.05)
        self.assertAllEqual(corrupted(half, "noise", 1), corrupted(half, "noise", 1))

    def test_unknown(self):
        with self.assertRaisesRegex(UserError, "unknown corruption 'fog'; available: noise, blur"):
            corrupted(_images(), "fog", 0)
        with self.assertRaisesRegex(UserError, "strength is 3: it must lie between 0 and 2"):
            corrupted(_images(), "blur", 3)


if __name__ == "__main__":
    tf.test.main()
