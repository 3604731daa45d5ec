"""Tests of reading image files of every kind, sound and damaged."""

import subprocess
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import tensorflow as tf
from absl.testing import parameterized
from PIL import Image

from tflite_export.common.image_files import decode_image, is_image

# Smooth, as photographs are, so that lossy formats change little.
_Y, _X = np.mgrid[:24, :24] / 24
_PIXELS = (128 + 60 * np.stack([np.sin(5 * _X + _Y), np.cos(4 * _Y), np.sin(3 * _X)], -1)).astype(
    np.uint8
)
_RGB = Image.fromarray(_PIXELS)


class DecodeImageTest(tf.test.TestCase, parameterized.TestCase):
    def write(self, name: str, image: Image.Image, **options) -> Path:
        path = Path(self.get_temp_dir(), name)
        image.save(path, **options)
        return path

    def test_names(self):
        names = ("a.JPG", "b.webp", "c.eps", "d.txt", ".hidden.png", "png")
        self.assertEqual([is_image(Path(name)) for name in names], [True] * 2 + [False] * 4)

    def test_other_programs_are_not_called(self):
        path = Path(self.get_temp_dir(), "image.jpg")
        _RGB.save(path, format="EPS")
        with self.assertRaisesRegex(OSError, "cannot identify"):
            decode_image(path)

    @parameterized.parameters("png", "bmp", "tiff", "ppm", "webp")
    def test_lossless_formats(self, suffix):
        options = {"lossless": True} if suffix == "webp" else {}
        path = self.write(f"image.{suffix}", _RGB, **options)
        self.assertAllEqual(decode_image(path), _PIXELS)

    def test_jpeg(self):
        path = self.write("image.jpg", _RGB, quality=95)
        self.assertAllClose(decode_image(path).astype(int), _PIXELS.astype(int), atol=16)

    def test_several_pictures_in_one_jpeg(self):
        path = self.write("image.jpg", _RGB, format="MPO", save_all=True, append_images=[_RGB])
        self.assertAllClose(decode_image(path).astype(int), _PIXELS.astype(int), atol=16)

    def test_grey(self):
        grey = np.asarray(_RGB.convert("L"))
        decoded = decode_image(self.write("image.png", _RGB.convert("L")))
        self.assertAllEqual(decoded, np.repeat(grey[..., np.newaxis], 3, axis=-1))

    def test_black_and_white(self):
        decoded = decode_image(self.write("image.png", _RGB.convert("1")))
        self.assertAllEqual(np.unique(decoded), [0, 255])

    def test_16_bit_grey_is_scaled(self):
        values = np.arange(24 * 24, dtype=np.uint16).reshape(24, 24) * 100
        for suffix in ("png", "tiff"):
            decoded = decode_image(self.write(f"image.{suffix}", Image.fromarray(values)))
            self.assertAllClose(decoded[..., 1].astype(float), values / 257.0, atol=0.5)

    def test_cmyk(self):
        path = self.write("image.jpg", _RGB.convert("CMYK"), quality=95)
        self.assertAllClose(decode_image(path).astype(int), _PIXELS.astype(int), atol=24)

    def test_palette(self):
        indexed = _RGB.quantize(64)
        decoded = decode_image(self.write("image.png", indexed))
        self.assertAllEqual(decoded, np.asarray(indexed.convert("RGB")))

    def test_transparency_is_laid_over_white(self):
        rgba = np.dstack([_PIXELS, np.full((24, 24), 255, np.uint8)])
        rgba[:12, :, 3] = 0
        decoded = decode_image(self.write("image.png", Image.fromarray(rgba)))
        self.assertAllEqual(decoded[:12], np.full((12, 24, 3), 255))
        self.assertAllEqual(decoded[12:], _PIXELS[12:])

    def test_first_frame_of_an_animation(self):
        frames = [Image.new("RGB", (24, 24), color) for color in ("red", "blue")]
        path = self.write("image.gif", frames[0], save_all=True, append_images=frames[1:])
        self.assertAllEqual(decode_image(path), np.asarray(frames[0]))

    def test_orientation_tag_is_obeyed(self):
        tags = Image.Exif()
        tags[0x0112] = 6  # the camera was turned: rotate clockwise to see it upright
        decoded = decode_image(self.write("image.png", _RGB, exif=tags))
        self.assertAllEqual(decoded, np.rot90(_PIXELS, -1))

    def test_floating_point_pixels(self):
        path = self.write("image.tiff", Image.fromarray(np.zeros((24, 24), np.float32)))
        with self.assertRaisesRegex(ValueError, "floating-point"):
            decode_image(path)

    def test_more_than_16_bits(self):
        path = self.write("image.tiff", Image.fromarray(np.full((24, 24), 70_000, np.int32)))
        with self.assertRaisesRegex(ValueError, "more than 16 bits"):
            decode_image(path)

    def test_huge(self):
        path = self.write("image.png", Image.new("1", (20_000, 8_000)))
        with self.assertRaisesRegex(ValueError, "20000 x 8000 pixels, at most"):
            decode_image(path)

    def test_far_too_huge(self):
        path = self.write("image.png", Image.new("1", (20_000, 14_000)))
        with self.assertRaisesRegex(ValueError, "far more pixels than the 134217728 that are read"):
            decode_image(path)

    @parameterized.parameters((11_500, 11_500), (20_000, 8_000))
    def test_nothing_is_printed_of_large_images(self, *size):
        self._decoded_in_silence(self.write("image.png", Image.new("1", size)))

    def test_nothing_is_printed_of_damaged_tags(self):
        tags = b"Exif\0\0MM\0*\xff\xff\xff\xff"
        self._decoded_in_silence(self.write("image.jpg", _RGB, exif=tags))

    def _decoded_in_silence(self, path: Path) -> None:
        # Only a process of its own has the filters of warnings that users have.
        code = (
            "import contextlib, sys\n"
            "from tflite_export.common import image_files\n"
            "with contextlib.suppress(ValueError): image_files.decode_image(sys.argv[1])"
        )
        command = [sys.executable, "-c", code, str(path)]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        self.assertEqual(ran.stdout + ran.stderr, "")

    @parameterized.parameters((70_000, 1), (1, 70_000))
    def test_long_side(self, *size):
        path = self.write("image.png", Image.new("1", size))
        with self.assertRaisesRegex(ValueError, r"70000.* pixels, a side of at most 65535 is read"):
            decode_image(path)

    def test_longest_side(self):
        path = self.write("image.png", Image.new("1", (65_535, 1)))
        self.assertEqual(decode_image(path).shape, (1, 65_535, 3))

    def test_more_than_the_memory_holds(self):
        path = self.write("image.png", _RGB)
        with (
            mock.patch.object(Image.Image, "convert", side_effect=MemoryError),
            self.assertRaisesRegex(ValueError, "needs more memory than there is"),
        ):
            decode_image(path)


if __name__ == "__main__":
    tf.test.main()
