import numpy as np
import tensorflow as tf

from benchmarks.standard_nets import resnet8
from tests.tflite_export.models import random_images
from tflite_export.convert.convert import convert_int8
from tflite_export.graph.flatbuffer import read_tflite


class StandardNetsTest(tf.test.TestCase):
    def test_resnet8_is_that_of_mlperf_tiny(self):
        model = resnet8((32, 32, 3), 10)
        file = read_tflite(convert_int8(model, random_images(4, 32)))
        # Of pretrainedResnet_quant.tflite in mlcommons/tiny.
        self.assertEqual(file.macs, 12_501_632)
        weights = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
        self.assertBetween(weights, 77_000, 79_000)


if __name__ == "__main__":
    tf.test.main()
