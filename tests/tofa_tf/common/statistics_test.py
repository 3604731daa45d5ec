import numpy as np
from absl.testing import absltest, parameterized

from tofa_tf.common.statistics import wilson_interval


class WilsonIntervalTest(parameterized.TestCase):
    @parameterized.parameters((0.0, 10), (1.0, 10), (0.5, 100), (0.9, 359), (0.651, 10_000))
    def test_ends_are_where_the_deviation_is_significant(self, share, count):
        # Roots of (p - share)^2 = z^2 p (1 - p) / count, which is how the interval is defined.
        z2 = 1.959964**2
        roots = np.roots([1 + z2 / count, -(2 * share + z2 / count), share**2])
        np.testing.assert_allclose(wilson_interval(share, count), sorted(roots), atol=1e-9)


if __name__ == "__main__":
    absltest.main()
