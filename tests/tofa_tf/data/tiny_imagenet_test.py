"""Tests of Tiny-ImageNet's own folder, on one made by hand."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.tofa_tf.data.tiny_imagenet_folder import make_tiny_imagenet
from tofa_tf.common.errors import UserError
from tofa_tf.data import tiny_imagenet


class TinyImagenetTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir()) / self.id()
        self.images = make_tiny_imagenet(self.folder)

    def test_images_classes_and_names(self):
        source = tiny_imagenet.load(self.folder)
        self.assertEqual(source.class_names, ("dog", "cat"))
        self.assertAllEqual(source.train.labels, [0, 0, 1, 1])
        self.assertAllEqual(source.test.labels, [1, 0])
        self.assertEqual(source.train.images.dtype, np.uint8)
        for image, original in zip(source.train.images[:3], self.images, strict=False):
            self.assertLess(np.abs(image.astype(int) - original).mean(), 8)
        grey = source.train.images[3]
        self.assertAllEqual(grey[..., 0], grey[..., 2])

    def test_second_load_reads_the_cache(self):
        cache = self.folder / "cache"
        first = tiny_imagenet.load(self.folder, cache)
        for path in self.folder.glob("*/*/images/*.JPEG"):
            path.unlink()
        (self.folder / "val" / "images" / "val_0.JPEG").unlink()
        for path in (self.folder / "train").glob("n0*/images"):
            (path / "x.JPEG").write_text("damaged")
        second = tiny_imagenet.load(self.folder, cache)
        self.assertAllEqual(first.train.images, second.train.images)
        self.assertAllEqual(first.test.labels, second.test.labels)

    def test_another_folder_is_refused(self):
        with self.assertRaisesRegex(UserError, "wnids.txt: .*; wanted the folder tiny-imagenet"):
            tiny_imagenet.load(self.folder / "train")
        (self.folder / "wnids.txt").write_text("n01\nn77\n")
        with self.assertRaisesRegex(UserError, "has no training images of class n77"):
            tiny_imagenet.load(self.folder)


if __name__ == "__main__":
    tf.test.main()
