"""Tests of data sets given as arrays."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.data.images import noise
from tofa_tf.common.errors import UserError
from tofa_tf.data.arrays import Images
from tofa_tf.data.resize import resize

_Y = np.array([0, 1, 0, 2])


class LoadTest(tf.test.TestCase, parameterized.TestCase):
    def test_parts(self):
        x, u, t = noise(4, 20), noise(3, 20, 1), noise(2, 20, 2)
        source = Images(x, _Y, u, (t, [2, 0]), groups=[7, 7, 8, 9], flip=False).load((12,), 3)
        self.assertEqual(source.class_names, ("0", "1", "2"))
        self.assertAllEqual(source.train.images, [resize(image, 12) for image in x])
        self.assertAllEqual(source.train.labels, _Y)
        self.assertDTypeEqual(source.train.labels, np.int32)
        self.assertAllEqual(source.train.groups, ["7", "7", "8", "9"])
        self.assertAllEqual(source.unlabelled.images, [resize(image, 12) for image in u])
        self.assertAllEqual(source.unlabelled.labels, [-1] * 3)
        self.assertAllEqual(source.test.images, [resize(image, 12) for image in t])
        self.assertAllEqual(source.test.labels, [2, 0])
        self.assertFalse(source.flip)

    def test_images_and_classes_are_all_that_is_needed(self):
        source = Images(noise(4, 12), _Y).load((12,), 3)
        self.assertIsNone(source.test)
        self.assertIsNone(source.unlabelled)
        self.assertIsNone(source.train.groups)
        self.assertTrue(source.flip)

    def test_grey(self):
        grey = noise(4, 12)[..., 0]
        for x in (grey, grey[..., np.newaxis]):
            self.assertAllEqual(Images(x, _Y).load((12,), 1).train.images[..., 0], grey)
            repeated = np.repeat(grey[..., np.newaxis], 3, axis=-1)
            self.assertAllEqual(Images(x, _Y).load((12,), 3).train.images, repeated)

    def test_what_an_image_is_called_depends_on_it_alone(self):
        x = noise(4, 12)
        ids = Images(x, _Y).load((12,), 3).train.ids
        again = Images(x[::-1], _Y[::-1]).load((8,), 1).train.ids
        self.assertAllEqual(ids, again[::-1])
        self.assertLen(set(ids), 4)
        twice = Images(x[[0, 0, 1, 0]], _Y).load((12,), 3).train.ids
        self.assertAllEqual(twice, [ids[0], f"{ids[0]}#2", ids[1], f"{ids[0]}#3"])

    @parameterized.parameters(np.int64, np.float32, np.uint16)
    def test_whole_numbers_of_other_types(self, dtype):
        x = noise(4, 12)
        self.assertAllEqual(Images(x.astype(dtype), _Y).load((12,), 3).train.images, x)

    @parameterized.parameters(
        (["dog", "cat", "dog", "cow"], None, ("cat", "cow", "dog"), [2, 0, 2, 1]),
        (["dog", "cat", "dog", "cat"], ["dog", "cat", "cow"], ("dog", "cat", "cow"), [0, 1, 0, 1]),
        ([1, 0, 1, 1], ["dog", "cat"], ("dog", "cat"), [1, 0, 1, 1]),
        (np.array(["b", "a", "b", "a"], object), None, ("a", "b"), [1, 0, 1, 0]),
    )
    def test_names_of_classes(self, y, names, expected_names, expected):
        source = Images(noise(4, 12), y, class_names=names).load((12,), 3)
        self.assertEqual(source.class_names, expected_names)
        self.assertAllEqual(source.train.labels, expected)


class RefusedTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(
        (noise(4, 12) / 255.0, r"x is float64 from 0 to 1: .*\(255 \* x\).round\(\)"),
        ((noise(4, 12) > 99).astype(float), "x is float64 from 0 to 1: .* uint8"),
        (noise(4, 12) - 128.0, "x is float64 from -128 to 127: .* normalises them itself"),
        (noise(4, 12) + 0.5, "x is float64 from 0.5 to 255.5"),
        (noise(4, 12) * np.nan, "x is float64 from nan to nan"),
        (noise(4, 12).astype(int) + 1, "x is int64 from 1 to 256"),
        (noise(4, 12) > 99, "x is bool: give pixels as uint8"),
        (noise(4, 12).transpose(0, 3, 1, 2), r"x is of shape \(4, 3, 12, 12\): needed is"),
        (noise(4, 12)[0, :, :, 0], r"x is of shape \(12, 12\): needed is"),
        (noise(0, 12), r"x is of shape \(0, 12, 12, 3\)"),
        ([noise(1, 12)[0], noise(1, 8)[0]], "x is not one array .*: bring the images to one size"),
    )
    def test_images(self, x, message):
        with self.assertRaisesRegex(UserError, message):
            Images(x, _Y)

    @parameterized.parameters(
        ([0, 1, 0], r"y is of shape \(3,\): one class for each of the 4 images"),
        (np.eye(4), r"y is of shape .*argmax\(axis=1\)"),
        ([0, 1, -1, 1], "y has classes from -1 to 1: .* given as unlabelled"),
        ([0.0, 1.0, 0.5, 1.0], "y is float64: whole numbers from 0, or names"),
        ([0, 1, 2, 3], "y has classes from 0 to 3: the 3 classes are numbered from 0 to 2"),
        (["a", "b", "z", "b"], "y has the class 'z'; the classes are a, b, c"),
    )
    def test_classes(self, y, message):
        with self.assertRaisesRegex(UserError, message):
            Images(noise(4, 12), y, class_names=["a", "b", "c"])

    @parameterized.parameters(
        ([0, 0, 0, 0], None, "classes are 0: at least 2 different ones"),
        ([0, 1, 0, 1], ["a", "a"], "classes are a, a: at least 2 different ones"),
        ([0, 1, 0, 1], ["a", "b\nc"], r"class name 'b\\nc' cannot be printed"),
        ([0.5, 1, 0, 1], None, "classes are none"),
    )
    def test_names_of_classes(self, y, names, message):
        with self.assertRaisesRegex(UserError, message):
            Images(noise(4, 12), y, class_names=names)

    @parameterized.parameters(
        ({"unlabelled": noise(2, 12) / 255}, "unlabelled is float64"),
        ({"test": noise(2, 12)[:1]}, r"test is not a pair \(x, y\)"),
        ({"test": (noise(2, 12), [0])}, r"test\[1\] is of shape \(1,\)"),
        ({"test": (noise(2, 12), [0, 5])}, r"test\[1\] has classes from 0 to 5"),
        ({"test": (noise(2, 12) / 9, [0, 1])}, r"test\[0\] is float64"),
        ({"groups": [1, 2]}, r"groups is of shape \(2,\): one for each of the 4 images"),
    )
    def test_other_arguments(self, arguments, message):
        with self.assertRaisesRegex(UserError, message):
            Images(noise(4, 12), _Y, **arguments)


if __name__ == "__main__":
    tf.test.main()
