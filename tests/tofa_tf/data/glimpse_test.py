from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from tests.tofa_tf.data.images import noise
from tofa_tf.common.errors import UserError
from tofa_tf.data.glimpse import Glimpse, glimpse


class GlimpseTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.root = Path(self.get_temp_dir(), "set")

    def _fill(self, where: Path, count: int, grey: bool) -> None:
        where.mkdir(parents=True)
        for number, image in enumerate(noise(count, 8)):
            Image.fromarray(image[..., 0] if grey else image).save(where / f"{number:02}.png")

    def test_all_classes_are_looked_at(self):
        self._fill(self.root / "a", 20, grey=True)
        self._fill(self.root / "b", 20, grey=True)
        self.assertEqual(glimpse(str(self.root)), Glimpse(1, 16))
        self._fill(self.root / "c", 2, grey=False)
        self.assertEqual(glimpse(str(self.root)), Glimpse(3, 11))

    def test_equal_channels_of_a_colour_file_are_grey_and_damage_is_passed_over(self):
        self._fill(self.root / "a", 2, grey=True)
        self._fill(self.root / "b", 2, grey=True)
        repeated = np.repeat(noise(1, 8)[0, ..., :1], 3, axis=-1)
        Image.fromarray(repeated).save(self.root / "a" / "repeated.png")
        (self.root / "b" / "damaged.png").write_bytes(b"no image")
        self.assertEqual(glimpse(str(self.root)), Glimpse(1, 5))

    def test_unlabelled_and_test_images_count_as_in_training(self):
        for name in ("a", "b"):
            self._fill(self.root / name, 1, grey=True)
        for part in ("unlabelled", "test"):
            place = Path(self.get_temp_dir(), part)
            self._fill(place, 1, grey=False)
            for source in (str(self.root), "digits"):
                self.assertEqual(glimpse(source, **{part: str(place)}).channels, 3)
        self._fill(self.root / "unlabelled", 1, grey=False)
        self.assertEqual(glimpse(str(self.root)).channels, 3)

    def test_digits_are_grey(self):
        self.assertEqual(glimpse("digits"), Glimpse(1, 16))
        with self.assertRaisesRegex(UserError, "the test folder .*nowhere does not exist"):
            glimpse("digits", test=str(self.root / "nowhere"))

    def test_without_images_nothing_says_grey(self):
        for name in ("a", "b"):
            (self.root / name).mkdir(parents=True)
        self.assertEqual(glimpse(str(self.root)), Glimpse(3, 0))


if __name__ == "__main__":
    tf.test.main()
