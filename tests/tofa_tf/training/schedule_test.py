import tensorflow as tf

from tofa_tf.training.schedule import CosineToZero


class CosineToZeroTest(tf.test.TestCase):
    def test_falls_to_zero_and_stays_there(self):
        schedule = CosineToZero(0.2, total_steps=1000)
        for step, rate in ((0, 0.2), (500, 0.1), (1000, 0.0), (1500, 0.0)):
            self.assertAllClose(schedule(step), rate, atol=1e-6)

    def test_warms_up_linearly(self):
        warm = CosineToZero(1.0, total_steps=10**6, warmup_steps=4)
        for step, rate in ((0, 0.25), (1, 0.5), (3, 1.0), (9, 1.0)):
            self.assertAllClose(warm(step), rate, rtol=1e-5)

    def test_survives_a_config_round_trip(self):
        schedule = CosineToZero(0.1, 50, 5)
        again = CosineToZero.from_config(schedule.get_config())
        self.assertAllClose(again(17), schedule(17))


if __name__ == "__main__":
    tf.test.main()
