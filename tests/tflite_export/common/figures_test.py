from absl.testing import absltest, parameterized

from tflite_export.common.figures import digits


class FiguresTest(parameterized.TestCase):
    @parameterized.parameters(
        (1312.3, 3, "1312"),
        (99.96, 3, "100"),
        (41.27, 3, "41.3"),
        (0.01234, 3, "0.0123"),
        (656.2, 2, "656"),
        (2.26, 2, "2.3"),
        (0.0, 3, "0"),
    )
    def test_large_numbers_keep_their_digits(self, value, count, words):
        self.assertEqual(digits(value, count), words)


if __name__ == "__main__":
    absltest.main()
