import keras
import numpy as np
import tensorflow as tf

from tofa_tf.training.averages import WeightAverages


class WeightAveragesTest(tf.test.TestCase):
    def test_follows_with_a_memory_that_warms_up(self):
        variable = keras.Variable([0.0, 0.0])
        averages, expected = WeightAverages([variable], decay=0.5), np.zeros(2)
        for step in range(12):
            variable.assign([step + 1.0, -1.0])
            averages.follow(tf.constant(step))
            decay = min(0.5, (1 + step) / (10 + step))
            expected = decay * expected + (1 - decay) * np.array([step + 1.0, -1.0])
            self.assertAllClose(averages.averages[0], expected)
        averages.use()
        self.assertAllClose(variable, expected)

    def test_in_use_for_a_while(self):
        variable = keras.Variable([1.0])
        averages = WeightAverages([variable], decay=0.9)
        variable.assign([7.0])
        with self.assertRaisesRegex(ValueError, "stop"), averages.in_use():
            self.assertAllEqual(variable, [1.0])
            raise ValueError("stop")
        self.assertAllEqual(variable, [7.0])
        self.assertAllEqual(averages.averages[0], [1.0])

    def test_restart_forgets(self):
        variable = keras.Variable([1.0])
        averages = WeightAverages([variable], decay=0.9)
        variable.assign([7.0])
        averages.restart()
        self.assertAllEqual(averages.averages[0], [7.0])


if __name__ == "__main__":
    tf.test.main()
