import numpy as np
import tensorflow as tf

from tofa_tf.training.running import RunningMean


class RunningMeanTest(tf.test.TestCase):
    def test_is_the_first_batch_and_then_a_weighted_mean(self):
        mean, values = (
            RunningMean("m", (2,), decay=0.9),
            np.random.default_rng(0).normal(size=(5, 2)),
        )
        self.assertAllEqual(mean.value, [0.0, 0.0])
        for count in range(1, 6):
            weights = 0.9 ** np.arange(count)[::-1]
            expected = np.average(values[:count], axis=0, weights=weights)
            self.assertAllClose(mean(tf.constant(values[count - 1], tf.float32)), expected)
            self.assertAllClose(mean.value, expected)

    def test_forgets_what_is_long_ago(self):
        mean = RunningMean("m", (), decay=0.9)
        for value in [100.0] * 50 + [1.0] * 200:
            mean(tf.constant(value))
        self.assertAllClose(mean.value, 1.0, atol=1e-3)


if __name__ == "__main__":
    tf.test.main()
