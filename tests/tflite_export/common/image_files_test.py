import pathlib

import numpy as np
import tensorflow as tf
from absl.testing import parameterized
from PIL import Image

from tflite_export.common.errors import ExportError
from tflite_export.common.image_files import read_images

_SHAPE = (8, 8, 3)


class ReadImagesTest(tf.test.TestCase, parameterized.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.get_temp_dir())

    def _save(self, name: str, pixels: np.ndarray):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)

    def _save_array(self, name: str, **arrays):
        path = self.folder / name
        if path.suffix == ".npy":
            np.save(path, arrays["images"])
        else:
            np.savez(path, **arrays)
        return path

    def test_nested_folders_in_order_of_names(self):
        for name, value in (("b/2.bmp", 20), ("a/deep/1.png", 10), ("c.PNG", 30)):
            self._save(name, np.full(_SHAPE, value, np.uint8))
        (self.folder / "notes.txt").write_text("no image")
        images = read_images(self.folder, _SHAPE, limit=100)
        self.assertEqual((images.shape, images.dtype), ((3, *_SHAPE), np.uint8))
        self.assertAllEqual(images[:, 0, 0, 0], [10, 20, 30])

    def test_limit_takes_images_from_the_whole_range(self):
        for value in range(21):
            self._save(f"{value:02}.png", np.full(_SHAPE, value, np.uint8))
        self.assertAllEqual(read_images(self.folder, _SHAPE, 3)[:, 0, 0, 0], [0, 10, 20])

    def test_resized_to_height_and_width(self):
        wide = np.zeros((10, 40, 3), np.uint8)
        wide[:, 20:] = 200
        self._save("wide.png", wide)
        image = read_images(self.folder, (4, 8, 3), 1)[0]
        self.assertEqual(image.shape, (4, 8, 3))
        self.assertAllEqual(image[:, 0], np.zeros((4, 3)))
        self.assertAllEqual(image[:, -1], np.full((4, 3), 200))

    @parameterized.parameters((np.uint8, (8, 8)), (np.uint8, (8, 8, 4)))
    def test_grey_and_transparent_images_become_rgb(self, dtype, shape):
        self._save("x.png", np.full(shape, 77, dtype))
        self.assertAllEqual(read_images(self.folder, _SHAPE, 1), np.full((1, *_SHAPE), 77))

    def test_colour_becomes_grey_for_a_grey_model(self):
        self._save("x.png", np.full(_SHAPE, 99, np.uint8))
        self.assertAllEqual(read_images(self.folder, (8, 8, 1), 1), np.full((1, 8, 8, 1), 99))

    def test_numpy_files(self):
        images = np.random.default_rng(0).normal(size=(5, *_SHAPE)).astype(np.float32)
        for path in (
            self._save_array("a.npy", images=images),
            self._save_array("b.npz", images=images, labels=np.arange(5)),
            self._save_array("c.npz", x=images),
        ):
            self.assertAllEqual(read_images(path, _SHAPE, 100), images)
        self.assertAllEqual(read_images(path, _SHAPE, 2), images[[0, 4]])

    @parameterized.named_parameters(
        ("shape", {"images": np.zeros((5, 9, 8, 3))}, r"holds \(5, 9, 8, 3\).*needs \(n, 8, 8, 3"),
        ("none", {"images": np.zeros((0, *_SHAPE))}, "holds no images"),
        ("text", {"images": np.full((1, *_SHAPE), "x")}, "uint8 pixels or floats"),
        ("names", {"x": np.zeros(1), "y": np.zeros(1)}, "name one of them 'images'"),
        ("pickle", {"images": np.array([None])}, "damaged or not a numpy file"),
    )
    def test_unsuitable_arrays(self, arrays, message):
        with self.assertRaisesRegex(ExportError, message):
            read_images(self._save_array("bad.npz", **arrays), _SHAPE, 10)

    def test_foreign_content(self):
        for name in ("x.npy", "x.npz"):
            (self.folder / name).write_bytes(b"no numpy")
            with self.assertRaisesRegex(ExportError, "damaged or not a numpy file"):
                read_images(self.folder / name, _SHAPE, 10)

    def test_bad_paths(self):
        with self.assertRaisesRegex(ExportError, "no folder or file"):
            read_images(self.folder / "nowhere", _SHAPE, 10)
        with self.assertRaisesRegex(ExportError, r"holds no images \(.png"):
            read_images(self.folder, _SHAPE, 10)
        (self.folder / "list.txt").write_text("")
        with self.assertRaisesRegex(ExportError, "a folder of images, a .npy or a .npz"):
            read_images(self.folder / "list.txt", _SHAPE, 10)

    def test_unreadable_image_is_named(self):
        (self.folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no jpeg")
        with self.assertRaisesRegex(ExportError, "cannot read the image .*broken.jpg"):
            read_images(self.folder, _SHAPE, 10)

    def test_model_with_two_channels(self):
        self._save("x.png", np.zeros(_SHAPE, np.uint8))
        with self.assertRaisesRegex(ExportError, "2 channels"):
            read_images(self.folder, (8, 8, 2), 10)


if __name__ == "__main__":
    tf.test.main()
