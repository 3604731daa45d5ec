"""Tests of reading image files of every kind, sound and damaged."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from absl.testing import parameterized
from PIL import Image

from tests.tofa_tf.data.images import blobs
from tofa_tf.common.errors import UserError
from tofa_tf.data import decode

_PIXELS = blobs(1, 24)[0]
_RGB = Image.fromarray(_PIXELS)


class DecodeTest(tf.test.TestCase, parameterized.TestCase):
    def write(self, name: str, image: Image.Image, **options) -> Path:
        path = Path(self.get_temp_dir(), name)
        image.save(path, **options)
        return path

    @parameterized.parameters("png", "bmp", "tiff", "ppm", "webp")
    def test_lossless_formats(self, suffix):
        options = {"lossless": True} if suffix == "webp" else {}
        path = self.write(f"image.{suffix}", _RGB, **options)
        self.assertAllEqual(decode.decode(path, 24), _PIXELS)

    def test_jpeg(self):
        path = self.write("image.jpg", _RGB, quality=95)
        self.assertAllClose(decode.decode(path, 24).astype(int), _PIXELS.astype(int), atol=16)

    def test_grey(self):
        grey = np.asarray(_RGB.convert("L"))
        decoded = decode.decode(self.write("image.png", _RGB.convert("L")), 24)
        self.assertAllEqual(decoded, np.repeat(grey[..., np.newaxis], 3, axis=-1))

    def test_black_and_white(self):
        decoded = decode.decode(self.write("image.png", _RGB.convert("1")), 24)
        self.assertAllEqual(np.unique(decoded), [0, 255])

    def test_16_bit_grey_is_scaled(self):
        values = np.arange(24 * 24, dtype=np.uint16).reshape(24, 24) * 100
        for suffix in ("png", "tiff"):
            decoded = decode.decode(self.write(f"image.{suffix}", Image.fromarray(values)), 24)
            self.assertAllClose(decoded[..., 1].astype(float), values / 257.0, atol=0.5)

    def test_cmyk(self):
        path = self.write("image.jpg", _RGB.convert("CMYK"), quality=95)
        self.assertAllClose(decode.decode(path, 24).astype(int), _PIXELS.astype(int), atol=24)

    def test_palette(self):
        indexed = _RGB.quantize(64)
        decoded = decode.decode(self.write("image.png", indexed), 24)
        self.assertAllEqual(decoded, np.asarray(indexed.convert("RGB")))

    def test_transparency_is_laid_over_white(self):
        rgba = np.dstack([_PIXELS, np.full((24, 24), 255, np.uint8)])
        rgba[:12, :, 3] = 0
        decoded = decode.decode(self.write("image.png", Image.fromarray(rgba)), 24)
        self.assertAllEqual(decoded[:12], np.full((12, 24, 3), 255))
        self.assertAllEqual(decoded[12:], _PIXELS[12:])

    def test_first_frame_of_an_animation(self):
        frames = [Image.new("RGB", (24, 24), color) for color in ("red", "blue")]
        path = self.write("image.gif", frames[0], save_all=True, append_images=frames[1:])
        self.assertAllEqual(decode.decode(path, 24), np.asarray(frames[0]))

    def test_orientation_tag_is_obeyed(self):
        tags = Image.Exif()
        tags[0x0112] = 6  # the camera was turned: rotate clockwise to see it upright
        decoded = decode.decode(self.write("image.png", _RGB, exif=tags), 24)
        self.assertAllEqual(decoded, np.rot90(_PIXELS, -1))

    def test_other_sizes_are_resized(self):
        path = self.write("image.png", _RGB.resize((60, 40)))
        self.assertEqual(decode.decode(path, 24).shape, (24, 24, 3))

    def test_floating_point_pixels(self):
        path = self.write("image.tiff", Image.fromarray(np.zeros((24, 24), np.float32)))
        with self.assertRaisesRegex(ValueError, "floating-point"):
            decode.decode(path, 24)

    def test_more_than_16_bits(self):
        path = self.write("image.tiff", Image.fromarray(np.full((24, 24), 70_000, np.int32)))
        with self.assertRaisesRegex(ValueError, "more than 16 bits"):
            decode.decode(path, 24)

    def test_huge(self):
        path = self.write("image.png", Image.new("1", (20_000, 8_000)))
        with (
            self.assertWarns(Image.DecompressionBombWarning),
            self.assertRaisesRegex(ValueError, "20000 x 8000 pixels, at most"),
        ):
            decode.decode(path, 24)


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
        images, readable, skipped = decode.decode_all(self.paths, 24, "here")
        self.assertAllEqual(images, self.images)
        self.assertAllEqual(readable, [True] * 6)
        self.assertEmpty(skipped)

    def test_damaged_images_are_skipped_listed_and_logged(self):
        self.damage(1, 3, 4)
        with self.assertLogs("absl", "WARNING") as logged:
            images, readable, skipped = decode.decode_all(self.paths, 24, "here")
        self.assertAllEqual(readable, [True, False, True, False, False, True])
        self.assertAllEqual(images, self.images[readable])
        for position, line in zip((1, 3, 4), skipped, strict=True):
            self.assertStartsWith(line, f"{self.paths[position]}: ")
            self.assertIn(line, logged.output[(1, 3, 4).index(position)])

    def test_mostly_damaged_set_stops(self):
        self.damage(0, 1, 2, 3)
        with self.assertRaisesRegex(UserError, "4 of 6 images in here cannot be read; the first"):
            decode.decode_all(self.paths, 24, "here")


if __name__ == "__main__":
    tf.test.main()
