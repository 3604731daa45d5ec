from absl.testing import absltest

from benchmarks.benchmark_ssl import _markdown
from tofa_tf.training.settings import Settings


def _rows(nets):
    return [
        {"net": net, "method": method, "macs": 2e6, "steps": 7, "test_accuracy": accuracy}
        for net in nets
        for method, accuracies in (("semi-supervised", (0.5, 0.7)), ("labelled-only", (0.5, 0.5)))
        for accuracy in accuracies
    ]


class BenchmarkSslTest(absltest.TestCase):
    def test_gains_of_each_net_the_largest_first(self):
        lines = _markdown(_rows(("min", "mid", "max")), Settings.make({"dataset": "digits"}), 2)
        table = [line for line in lines if line.startswith("| m")]
        self.assertEqual(table[0], "| max | 2.00 M | 60.00 ± 10.00 % | 50.00 ± 0.00 % | +10.00 |")
        self.assertEqual([line.split()[1] for line in table], ["max", "mid", "min"])

    def test_a_space_of_one_net_has_one_row(self):
        lines = _markdown(_rows(("max",)), Settings.make({"dataset": "digits"}), 2)
        self.assertLen([line for line in lines if line.startswith("| m")], 1)


if __name__ == "__main__":
    absltest.main()
