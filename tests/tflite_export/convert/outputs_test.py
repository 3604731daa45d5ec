import keras
import tensorflow as tf

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.convert.outputs import outputs_of


class OutputsTest(tf.test.TestCase):
    def test_batches_make_no_difference(self):
        model, images = mobile_net(keras, widths=(8,)), random_images(300)
        self.assertAllClose(outputs_of(model, images), model(images, training=False), atol=1e-5)


if __name__ == "__main__":
    tf.test.main()
