import dataclasses
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from tests.tofa_tf.deploy.results_for_tests import RESULT
from tofa_tf.deploy.accuracy_plot import plot_accuracy, shared_labels


class AccuracyPlotTest(tf.test.TestCase):
    def test_points_that_lie_together_share_a_label_below_the_lowest(self):
        labels = shared_labels([("a", 4.68, 91.0), ("b", 2.0, 90.0), ("c", 4.70, 89.0)])
        self.assertEqual(labels, [("b", (2.0, 90.0)), ("a and 1 more", (4.68, 89.0))])

    def test_draws_another_picture_of_other_figures(self):
        pictures = []
        for macs in (2_000_000, 9_000_000):
            path = Path(self.get_temp_dir()) / "plot.png"
            plot_accuracy(
                [RESULT, dataclasses.replace(RESULT, name="macs_2M", macs=macs)], 359, path
            )
            pictures.append(np.asarray(Image.open(path).convert("L"), np.float32))
        self.assertGreater(pictures[0].std(), 5.0)
        self.assertNotAllEqual(*pictures)


if __name__ == "__main__":
    tf.test.main()
