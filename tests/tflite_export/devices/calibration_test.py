import math

from absl.testing import absltest

from tflite_export.devices.calibration import Measurement, correction


class CorrectionTest(absltest.TestCase):
    def test_without_measurements_nothing_changes(self):
        self.assertEqual(correction([], 0.4), (1.0, 0.4))

    def test_factor_is_the_geometric_mean_and_the_error_covers_every_model(self):
        measured = [Measurement("a", 20.0, 10.0), Measurement("b", 40.0, 5.0)]
        factor, error = correction(measured, 0.3)
        self.assertAlmostEqual(factor, math.sqrt(2.0 * 8.0))
        # 2 and 8 are both a factor of 2 away from 4.
        self.assertAlmostEqual(error, 1.0)

    def test_one_model_leaves_a_part_of_the_error_and_many_leave_a_tenth(self):
        one = Measurement("a", 13.0, 10.0)
        self.assertAlmostEqual(correction([one], 0.5)[1], 0.3)
        self.assertAlmostEqual(correction([one] * 100, 0.5)[1], 0.1)


if __name__ == "__main__":
    absltest.main()
