import numpy as np
import pytest
import tensorflow as tf

from tofa_tf.data.views import resampling
from tofa_tf.pretraining.recipe import Recipe
from tofa_tf.space.presets import get_space

torch = pytest.importorskip("torch", reason="PyTorch is not installed; no other part needs it")

from benchmarks.torch_pretraining.views import crops, normalised, whole  # noqa: E402


class ViewsTest(tf.test.TestCase):
    def test_a_crop_is_resampled_as_in_tensorflow(self):
        recipe, generator = Recipe(phases=()), np.random.default_rng(0)
        images = generator.integers(0, 256, (3, 20, 20, 3), dtype=np.uint8)
        draws = generator.random((5, 3)).astype(np.float32)
        draws[4] = (0.2, 0.7, 0.7)
        found = crops(
            torch.tensor(images), torch.tensor(draws), 12, recipe.crop_area, recipe.crop_ratio
        ).numpy()
        low, high = np.log(recipe.crop_ratio)
        for image, draw, mine in zip(images, draws.T, found, strict=True):
            area = recipe.crop_area[0] + (recipe.crop_area[1] - recipe.crop_area[0]) * draw[0]
            ratio = np.exp(low + (high - low) * draw[1])
            width, height = 20 * min(1, np.sqrt(area * ratio)), 20 * min(1, np.sqrt(area / ratio))
            columns = _weights((20 - width) * draw[2], width)
            rows = _weights((20 - height) * draw[3], height)
            expected = np.einsum("ri,ijc,sj->crs", rows, image, columns)
            if draw[4] < 0.5:
                expected = expected[:, :, ::-1]
            self.assertAllClose(mine, expected, atol=1e-2)

    def test_whole_images_of_the_size_pass_unchanged(self):
        images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
        seen = whole(torch.tensor(images), 8)
        self.assertAllClose(seen.permute(0, 2, 3, 1).numpy(), images)

    def test_pixels_are_normalised_by_the_space(self):
        found = normalised(torch.full((1, 3, 2, 2), 192.0), get_space("mcu_wide"))
        self.assertAllClose(found.numpy(), np.full((1, 3, 2, 2), 0.5))


def _weights(start, length):
    start, length = tf.constant([start], tf.float32), tf.constant([length], tf.float32)
    return resampling(start, length, 20, 12)[0].numpy()


if __name__ == "__main__":
    tf.test.main()
