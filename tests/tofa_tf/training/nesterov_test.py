import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.training.nesterov import NesterovSGD
from tofa_tf.training.schedule import CosineToZero


class NesterovTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(0.9, 0.0)
    def test_equals_keras(self, momentum):
        generator, results = np.random.default_rng(0), []
        gradients = generator.normal(size=(5, 3, 4)).astype(np.float32)
        for make in (NesterovSGD, lambda *a, **k: keras.optimizers.SGD(*a, nesterov=True, **k)):
            variable = keras.Variable(np.ones((3, 4), np.float32), name="kernel")
            optimizer = make(CosineToZero(0.5, 8, 2), momentum, name="sgd")
            optimizer.build([variable])
            step = tf.function(lambda gradient, apply=optimizer.apply: apply([gradient]))
            for gradient in gradients:
                step(gradient)
            self.assertEqual(int(optimizer.iterations), 5)
            results.append({v.path: np.array(v) for v in (variable, *optimizer.variables)})
        mine, theirs = results
        # Checkpoints of either are those of the other.
        self.assertEqual(list(mine), list(theirs))
        for path, values in mine.items():
            self.assertAllClose(values, theirs[path], rtol=1e-6, msg=path)


if __name__ == "__main__":
    tf.test.main()
