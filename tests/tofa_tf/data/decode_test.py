"""Tests of reading many image files, sound and damaged."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from tests.tofa_tf.data.images import blobs
from tofa_tf.common.errors import UserError
from tofa_tf.data import decode
from tofa_tf.data.reading import Reading
from tofa_tf.data.resize import resize
from tofa_tf.data.stored_images import ImageMemory, StoredImages


class DecodeTest(tf.test.TestCase):
    def test_decoded_and_resized(self):
        path = Path(self.get_temp_dir(), "image.png")
        large = np.repeat(np.repeat(blobs(1, 24), 3, axis=1), 4, axis=2)[0]
        Image.fromarray(large).save(path)
        for size, image in zip((24, 16), decode.decode(path, (24, 16), 3), strict=True):
            self.assertAllEqual(image, resize(large, size))

    def test_colour_before_size(self):
        path = Path(self.get_temp_dir(), "image.png")
        image = Image.fromarray(blobs(1, 48)[0])
        image.save(path)
        grey = np.asarray(image.convert("L"))[..., np.newaxis]
        self.assertAllEqual(decode.decode(path, (24,), 1)[0], resize(grey, 24))


class DecodeAllTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.root = Path(self.get_temp_dir(), "images")
        self.root.mkdir()
        self.paths = [self.root / f"{position}.png" for position in range(6)]
        self.images = blobs(6, 24)
        for path, image in zip(self.paths, self.images, strict=True):
            Image.fromarray(image).save(path)

    def damage(self, *positions: int) -> None:
        for position, content in zip(positions, (b"", b"not an image", None, b""), strict=False):
            path = self.paths[position]
            path.write_bytes(path.read_bytes()[:60] if content is None else content)

    def test_sound_images_in_order(self):
        (images,), readable, skipped = decode.decode_all(self.paths, (24,), 3, "here")
        self.assertAllEqual(images, self.images)
        self.assertAllEqual(readable, [True] * 6)
        self.assertEmpty(skipped)

    def test_one_channel(self):
        (images,), _, _ = decode.decode_all(self.paths, (24,), 1, "here")
        self.assertEqual(images.shape, (6, 24, 24, 1))

    def test_damaged_images_are_skipped_listed_and_logged(self):
        self.damage(1, 3, 4)
        with self.assertLogs("absl", "WARNING") as logged:
            (images,), readable, skipped = decode.decode_all(self.paths, (24,), 3, "here")
        self.assertAllEqual(readable, [True, False, True, False, False, True])
        self.assertAllEqual(images, self.images[readable])
        for position, line in zip((1, 3, 4), skipped, strict=True):
            self.assertStartsWith(line, f"{self.paths[position]}: ")
            self.assertIn(line, logged.output[(1, 3, 4).index(position)])

    def test_one_image_too_large_for_the_memory_is_skipped(self):
        Image.new("1", (2**27 - 8, 1)).save(self.paths[2])
        _, readable, (line,) = decode.decode_all(self.paths, (24,), 3, "here")
        self.assertAllEqual(readable, [True, True, False, True, True, True])
        self.assertEndsWith(line, "134217720 x 1 pixels, a side of at most 65535 is read")

    def test_what_memory_has_no_room_for_is_the_same_on_disk(self):
        self.damage(1)
        found, said = [], []
        for bound in (None, 0):
            reading = Reading(ImageMemory(bound), lambda *word: said.append(word))
            images, readable, _ = decode.decode_all(self.paths, (24, 16), 3, "here", reading)
            self.assertAllEqual(readable, [True, False, True, True, True, True])
            found.append(images)
        for memory, disk in zip(*found, strict=True):
            self.assertIsInstance(memory, np.ndarray)
            self.assertIsInstance(disk, StoredImages)
            self.assertAllEqual(disk, memory)
        self.assertEqual(said, 2 * [("here: images decoded", 6, 6)])

    def test_mostly_damaged_set_stops(self):
        self.damage(0, 1, 2, 3)
        with self.assertRaisesRegex(UserError, "4 of 6 images in here cannot be read; the first"):
            decode.decode_all(self.paths, (24,), 3, "here")


if __name__ == "__main__":
    tf.test.main()
