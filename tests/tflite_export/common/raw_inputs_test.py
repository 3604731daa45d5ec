import os
import pathlib

import numpy as np
import tensorflow as tf
from absl.testing import parameterized
from PIL import Image

from tflite_export.common.errors import ExportError
from tflite_export.common.raw_inputs import named_inputs, read_inputs, read_labelled
from tflite_export.input_spec import InputSpec, default_spec, image_spec
from tflite_export.preprocess import prepare

_SHAPE = (8, 8, 3)
_SPEC = default_spec(_SHAPE)


class _Folder(tf.test.TestCase, parameterized.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.get_temp_dir())

    def _save(self, name: str, pixels: np.ndarray, **options) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path, **options)

    def _save_array(self, name: str, **arrays) -> pathlib.Path:
        path = self.folder / name
        if path.suffix == ".npy":
            np.save(path, arrays["images"])
        else:
            np.savez(path, **arrays)
        return path


class ReadInputsTest(_Folder):
    def test_nested_folders_in_order_of_names(self):
        for name, value in (("b/2.bmp", 20), ("a/deep/1.png", 10), ("c.PNG", 30), (".x/3.png", 1)):
            self._save(name, np.full(_SHAPE, value, np.uint8))
        (self.folder / "notes.txt").write_text("no image")
        images = read_inputs(self.folder, _SPEC, limit=100)
        self.assertEqual((images.shape, images.dtype), ((3, *_SHAPE), np.uint8))
        self.assertAllEqual(images[:, 0, 0, 0], [10, 20, 30])

    def test_limit_takes_images_from_the_whole_range(self):
        for value in range(21):
            self._save(f"{value:02}.png", np.full(_SHAPE, value, np.uint8))
        self.assertAllEqual(read_inputs(self.folder, _SPEC, 3)[:, 0, 0, 0], [0, 10, 20])

    @parameterized.parameters(
        image_spec(4, 8), image_spec(4, 8, "bgr"), image_spec(4, 4, "grey", crop="stretch")
    )
    def test_prepared_by_the_spec(self, spec):
        wide = np.random.default_rng(0).integers(0, 256, (10, 40, 3), np.uint8)
        self._save("wide.png", wide)
        self.assertAllEqual(read_inputs(self.folder, spec, 1)[0], prepare(wide, spec))

    def test_orientation_tag_is_obeyed(self):
        tags = Image.Exif()
        tags[0x0112] = 6  # The camera was turned: rotate clockwise to see it upright.
        pixels = np.random.default_rng(0).integers(0, 256, _SHAPE, np.uint8)
        self._save("x.png", pixels, exif=tags)
        self.assertAllEqual(read_inputs(self.folder, _SPEC, 1)[0], np.rot90(pixels, -1))

    def test_numpy_files(self):
        images = np.random.default_rng(0).normal(size=(5, *_SHAPE)).astype(np.float32)
        for path in (
            self._save_array("a.npy", images=images),
            self._save_array("b.npz", images=images, labels=np.arange(5)),
            self._save_array("c.npz", inputs=images, images=np.zeros(3)),
            self._save_array("d.npz", x=images),
        ):
            self.assertAllEqual(read_inputs(path, _SPEC, 100), images)
        self.assertAllEqual(read_inputs(path, _SPEC, 2), images[[0, 4]])

    def test_windows_of_sensors(self):
        windows = np.random.default_rng(0).integers(-99, 99, (5, 16, 3)).astype(np.int16)
        path = self._save_array("a.npy", images=windows)
        self.assertAllEqual(read_inputs(path, InputSpec((16, 3)), 100), windows)

    @parameterized.named_parameters(
        ("shape", {"images": np.zeros((5, 9, 8, 3))}, r"holds \(5, 9, 8, 3\).*needs \(n, 8, 8, 3"),
        ("none", {"images": np.zeros((0, *_SHAPE))}, "holds no inputs"),
        ("text", {"images": np.full((1, *_SHAPE), "x")}, "integers or floats"),
        ("names", {"x": np.zeros(1), "y": np.zeros(1)}, "name one of them 'inputs'"),
        ("pickle", {"images": np.array([None])}, "damaged or not a numpy file"),
    )
    def test_unsuitable_arrays(self, arrays, message):
        with self.assertRaisesRegex(ExportError, message):
            read_inputs(self._save_array("bad.npz", **arrays), _SPEC, 10)

    def test_foreign_content(self):
        for name in ("x.npy", "x.npz"):
            (self.folder / name).write_bytes(b"no numpy")
            with self.assertRaisesRegex(ExportError, "damaged or not a numpy file"):
                read_inputs(self.folder / name, _SPEC, 10)

    @parameterized.product(name=("x.npy", "x.npz"), text=(b"(((((", b"{'a':", b"1+2j;"))
    def test_flipped_bits_in_the_header_of_an_array(self, name, text):
        path = self._save_array(name, images=np.zeros((2, *_SHAPE), np.float32))
        whole = path.read_bytes()
        header = whole.index(b"descr")
        path.write_bytes(whole[:header] + text + whole[header + len(text) :])
        self._damaged(path)

    @parameterized.parameters(6, 8, 10)
    def test_flipped_bits_in_the_directory_of_an_archive(self, offset):
        path = self._save_array("x.npz", images=np.zeros((2, *_SHAPE), np.float32))
        whole = bytearray(path.read_bytes())
        # Of the version needed, the flags (encryption) and the method of compression.
        whole[whole.index(b"PK\x01\x02") + offset] ^= 0xFF
        path.write_bytes(whole)
        self._damaged(path)

    def _damaged(self, path: pathlib.Path) -> None:
        with self.assertRaisesRegex(ExportError, "damaged or not a numpy file: .") as caught:
            read_inputs(path, _SPEC, 10)
        self.assertNotIn("\n", str(caught.exception))

    def test_bad_paths(self):
        with self.assertRaisesRegex(ExportError, "no folder or file"):
            read_inputs(self.folder / "nowhere", _SPEC, 10)
        with self.assertRaisesRegex(ExportError, "holds no images, nor do its folders"):
            read_inputs(self.folder, _SPEC, 10)
        for name in ("pipe.npy", "pipe.png"):
            os.mkfifo(self.folder / name)
            with self.assertRaisesRegex(ExportError, f"{name} is neither a folder nor a file"):
                next(named_inputs(self.folder / name))
        (self.folder / "list.txt").write_text("")
        with self.assertRaisesRegex(ExportError, "a folder of images, a .npy or a .npz"):
            read_inputs(self.folder / "list.txt", _SPEC, 10)

    def test_unreadable_image_is_named(self):
        (self.folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no jpeg")
        with self.assertRaisesRegex(ExportError, "cannot read the image .*broken.jpg"):
            read_inputs(self.folder, _SPEC, 10)

    def test_model_with_two_channels(self):
        self._save("x.png", np.zeros(_SHAPE, np.uint8))
        with self.assertRaisesRegex(ExportError, r"\(8, 8, 2\) is not made of image files"):
            read_inputs(self.folder, default_spec((8, 8, 2)), 10)


class ReadLabelledTest(_Folder):
    def _classes(self, **values: int) -> None:
        for name, value in values.items():
            self._save(f"{name}/deep/{value}.png", np.full(_SHAPE, value, np.uint8))

    def test_sorted_sub_folders_are_the_classes(self):
        self._classes(tulip=3, rose=2, aster=1)
        self._save("aster/4.png", np.full(_SHAPE, 4, np.uint8))
        (self.folder / ".cache").mkdir()
        images, labels, names = read_labelled(self.folder, _SPEC)
        self.assertEqual(names, ("aster", "rose", "tulip"))
        self.assertAllEqual(labels, [0, 0, 1, 2])
        self.assertAllEqual(images[:, 0, 0, 0], [4, 1, 2, 3])

    def test_given_names_number_the_classes(self):
        self._classes(tulip=3, aster=1)
        images, labels, names = read_labelled(self.folder, _SPEC, ("tulip", "rose", "aster"))
        self.assertEqual(names, ("tulip", "rose", "aster"))
        self.assertAllEqual(labels, [2, 0])
        self.assertAllEqual(images[:, 0, 0, 0], [1, 3])

    def test_folder_of_no_class(self):
        self._classes(tulip=3, aster=1)
        with self.assertRaisesRegex(ExportError, "'aster', which is none of the classes rose, tul"):
            read_labelled(self.folder, _SPEC, ("rose", "tulip"))

    def test_images_without_sub_folders(self):
        self._save("1.png", np.zeros(_SHAPE, np.uint8))
        with self.assertRaisesRegex(ExportError, "no labelled images: one sub-folder a class"):
            read_labelled(self.folder, _SPEC)

    def test_arrays(self):
        inputs, labels = np.zeros((4, 16, 3), np.float32), np.array([0, 1, 1, 0], np.uint8)
        path = self._save_array("a.npz", inputs=inputs, labels=labels)
        read, classes, names = read_labelled(path, InputSpec((16, 3)))
        self.assertAllEqual(read, inputs)
        self.assertAllEqual(classes, labels)
        self.assertEqual((classes.dtype, names), (np.int64, ()))

    @parameterized.parameters(
        ({"labels": np.zeros(3, int)}, r"labels are int64 \(3,\); 4 class indices are needed"),
        ({"labels": np.zeros(4)}, "labels are float64"),
        ({"y": np.zeros(4, int)}, "holds the arrays .* name one of them 'labels'"),
    )
    def test_unsuitable_labels(self, arrays, message):
        path = self._save_array("a.npz", inputs=np.zeros((4, 2)), **arrays)
        with self.assertRaisesRegex(ExportError, message):
            read_labelled(path, InputSpec((2,)))

    def test_single_array(self):
        path = self._save_array("a.npy", images=np.zeros((4, 2)))
        with self.assertRaisesRegex(ExportError, "has no labels: an .npz file with inputs and"):
            read_labelled(path, InputSpec((2,)))


class NamedInputsTest(_Folder):
    def test_one_by_one_and_as_they_are(self):
        self._save("b/2.png", np.full((4, 6, 3), 20, np.uint8))
        self._save("a.png", np.full((8, 8, 3), 10, np.uint8))
        (self.folder / "broken.png").write_bytes(b"no image")
        found = {name: raw.shape for name, raw in named_inputs(self.folder)}
        expected = {f"{self.folder}/a.png": (8, 8, 3), f"{self.folder}/b/2.png": (4, 6, 3)}
        self.assertEqual(found, expected)
        ((name, raw),) = named_inputs(self.folder / "a.png")
        self.assertEqual((name, raw[0, 0, 0]), (f"{self.folder}/a.png", 10))

    def test_numpy_files(self):
        windows = np.arange(12).reshape(2, 6)
        path = self._save_array("x.npy", images=windows)
        found = list(named_inputs(path))
        self.assertEqual([name for name, _ in found], [f"{path}[0]", f"{path}[1]"])
        self.assertAllEqual([raw for _, raw in found], windows)

    def test_what_cannot_be_read(self):
        (self.folder / "broken.png").write_bytes(b"no image")
        (self.folder / "empty").mkdir()
        for name, message in (
            ("broken.png", "cannot read the image .*broken.png"),
            ("empty", "empty holds no images, nor do its folders"),
            ("nothing", "there is no folder or file .*nothing"),
        ):
            with self.assertRaisesRegex(ExportError, message):
                list(named_inputs(self.folder / name))


if __name__ == "__main__":
    tf.test.main()
