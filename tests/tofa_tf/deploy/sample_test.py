import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import tensorflow as tf
from PIL import Image

from tests.tofa_tf.data.images import noise
from tests.tofa_tf.trained import SETTINGS
from tflite_export.input_spec import image_spec
from tofa_tf.data.records import ImageSet, as_texts
from tofa_tf.deploy.sample import original_image, write_sample


class SampleTest(tf.test.TestCase):
    def test_photograph_and_what_the_net_sees(self):
        image = np.zeros((30, 60, 3), np.uint8)
        image[:, 15:45] = 200  # The central square; black lies outside.
        path = Path(self.get_temp_dir()) / "sample.png"
        write_sample(image, image_spec(8, 8), path)
        with Image.open(path) as sheet:
            # Twice as wide as 240 pixels, 12 between, a square.
            self.assertEqual(sheet.size, (480 + 12 + 240, 240))
            pixels = np.asarray(sheet)
        self.assertAllEqual(pixels[120, 240], [200] * 3)
        self.assertAllEqual(pixels[120, 20], [0] * 3)
        for column in (120, 359):
            self.assertAllEqual(pixels[120, column], [224, 49, 49])
        self.assertAllEqual(pixels[:, 480:492], np.full((240, 12, 3), 255))
        self.assertAllEqual(pixels[:, 492:], np.full((240, 240, 3), 200))

    def test_original_is_the_file_or_else_the_image_that_was_loaded(self):
        root = Path(self.get_temp_dir()) / "images"
        (root / "test" / "cat").mkdir(parents=True)
        large = noise(1, 20)[0]
        Image.fromarray(large).save(root / "test" / "cat" / "a.png")
        test = ImageSet(noise(2, 4), np.zeros(2, np.int32), as_texts(["test:cat/a.png", "x.png"]))
        experiment = SimpleNamespace(
            settings=dataclasses.replace(SETTINGS, dataset=str(root), test=str(root / "test")),
            dataset=SimpleNamespace(test=test),
        )
        self.assertAllEqual(original_image(experiment, 0), large)
        self.assertAllEqual(original_image(experiment, 1), test.images[1])


if __name__ == "__main__":
    tf.test.main()
