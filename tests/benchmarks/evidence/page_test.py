import tensorflow as tf

from benchmarks.evidence.claims import CLAIMS
from benchmarks.evidence.page import page
from benchmarks.evidence.studies import STUDIES
from tests.benchmarks.evidence.records_for_tests import splits


class PageTest(tf.test.TestCase):
    def test_without_rows_nothing_is_claimed(self):
        text = "\n".join(page([]))
        self.assertEqual(text.count("not measured yet"), len(CLAIMS))
        self.assertNotIn("holds", text)
        for claim in CLAIMS:
            self.assertIn(claim.study, STUDIES)

    def test_all_nets_stand_below(self):
        rows = [*splits("tofa", (0.5, 0.6), (0.54, 0.6)), *splits("ridge", (0.4, 0.5))]
        text = "\n".join(page(rows))
        self.assertIn("## Top-1 of int8 models: digits, 10 labels a class", text)
        self.assertIn("| TOFA | 2 | 52.0 ± 2.8 | 60.0 ± 0.0 |", text)
        self.assertIn("| ridge on frozen features | 1 | 40.0 | 50.0 |", text)

    def test_page_of_all(self):
        rows = [*splits("tofa", (0.6, 0.7), (0.6, 0.7)), *splits("ridge", (0.5, 0.5), (0.5, 0.5))]
        text = "\n".join(page(rows))
        self.assertIn("| E2c |", text)
        self.assertIn("+15.0 points, standard error 0.0 (2 splits) | holds |", text)
        self.assertIn("--experiment=accuracy_cifar10", text)
        self.assertIn("4 arms, 0.1 hours", text)


if __name__ == "__main__":
    tf.test.main()
