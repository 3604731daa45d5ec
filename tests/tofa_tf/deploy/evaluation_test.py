from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from tflite_export.convert.convert import convert_int8
from tflite_export.rejection import Rejection
from tofa_tf.deploy.evaluation import Evaluation, evaluate, write_worst_images

_INPUTS = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]]


def _three_classes() -> bytes:
    """A model that names the largest of three inputs, the surer the larger it is."""
    net = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(3, use_bias=False)])
    net.layers[0].set_weights([4 * np.eye(3, dtype=np.float32)])
    return convert_int8(net, np.concatenate([_INPUTS, -_INPUTS]))


class EvaluationTest(tf.test.TestCase):
    def test_confusion_and_worst(self):
        inputs = _INPUTS.copy()
        inputs[3] *= 0.5
        labels = np.array([0, 1, 2, 1, 2, 2])
        found = evaluate(_three_classes(), inputs, labels)
        self.assertEqual(found.confusion, ((1, 0, 0), (1, 1, 0), (0, 1, 2)))
        self.assertEqual(found.by_class, ((1, 1), (1, 2), (2, 3)))
        # Of the two that are wrong the fifth is surer: exp(4) / (exp(4) + 2).
        self.assertEqual(
            [(m.image, m.truth, m.answer) for m in found.worst], [(4, 2, 1), (3, 1, 0)]
        )
        self.assertAllClose(found.worst[0].probability, np.exp(4) / (np.exp(4) + 2), atol=0.01)
        self.assertIsNone(found.kept)

    def test_share_that_is_kept(self):
        inputs = _INPUTS.copy()
        inputs[3:] *= 0.1
        labels = np.array([0, 1, 2, 0, 1, 2])
        found = evaluate(_three_classes(), inputs, labels, Rejection((0.5, 0.5, 0.9)))
        self.assertAllClose(found.kept, 4 / 6)

    def test_json(self):
        found = evaluate(_three_classes(), _INPUTS, np.array([1] * 6))
        self.assertEqual(Evaluation.from_json(found.to_json()), found)

    def test_sheet(self):
        path = Path(self.get_temp_dir()) / "sheet.png"
        write_worst_images(np.zeros((0, 1, 1, 1), np.uint8), path)
        self.assertFalse(path.exists())
        write_worst_images(np.full((9, 4, 4, 1), 7, np.uint8), path)
        with Image.open(path) as sheet:
            # Eight and one, of 72 pixels with 4 between.
            self.assertEqual(sheet.size, (8 * 76 - 4, 2 * 76 - 4))
            self.assertEqual(sheet.getpixel((80, 80)), (255, 255, 255))
            self.assertEqual(sheet.getpixel((10, 80)), (7, 7, 7))


if __name__ == "__main__":
    tf.test.main()
