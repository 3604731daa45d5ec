import keras
import numpy as np
import tensorflow as tf

from tofa_tf.nets.answers import answers


class AnswersTest(tf.test.TestCase):
    def test_every_image_gets_the_class_of_the_largest_output_in_its_place(self):
        model = keras.Sequential([keras.layers.Input((1, 1, 3)), keras.layers.Flatten()])
        # More than one batch, the last one not full.
        classes = np.random.default_rng(0).integers(0, 3, 131)
        images = np.eye(3, dtype=np.float32)[classes].reshape(-1, 1, 1, 3)
        self.assertAllEqual(answers(model, images), classes)

    def test_as_in_inference(self):
        model = keras.Sequential([keras.layers.Input((2,)), keras.layers.BatchNormalization()])
        # Measured on the batch itself the second one would win.
        model.layers[0].set_weights([np.ones(2), np.zeros(2), np.zeros(2), np.ones(2)])
        images = np.array([[9.0, 8.0], [9.0, 0.0]], np.float32)
        self.assertAllEqual(answers(model, images), [0, 0])


if __name__ == "__main__":
    tf.test.main()
