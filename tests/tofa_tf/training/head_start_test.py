import dataclasses

import numpy as np
import tensorflow as tf

from tests.tofa_tf.randomized import random_supernet
from tests.tofa_tf.spaces_for_tests import TINY
from tofa_tf.blocks.inverted_bottleneck import InvertedBottleneck
from tofa_tf.nets.deployable import deployable
from tofa_tf.select.ridge import fit_ridge
from tofa_tf.space.search_space import Stage
from tofa_tf.training.evaluate import accuracy
from tofa_tf.training.experiment import load_experiment
from tofa_tf.training.head_start import features_of, start_head
from tofa_tf.training.settings import Settings

# Nets of one trunk that differ in how many of its features they have.
_NARROW_AND_WIDE = dataclasses.replace(
    TINY, name="narrow_and_wide", stages=(Stage((16, 24), (1,), 4, InvertedBottleneck((3,), (3,))),)
)


class HeadStartTest(tf.test.TestCase):
    def test_every_net_is_at_once_as_good_as_a_ridge_regression_of_its_own(self):
        settings = {"dataset": "digits", "labels_per_class": 20, "validation": 0}
        experiment = load_experiment(
            Settings.make({**settings, "search_space": _NARROW_AND_WIDE, "pretrained": "none"})
        )
        space, truth = experiment.space, experiment.dataset.test.labels
        supernet = random_supernet(space, experiment.num_classes, channels=experiment.channels)
        self.assertLess(accuracy(supernet, space.max_arch, experiment), 0.3)
        start_head(supernet, experiment)
        for arch in (space.min_arch, space.max_arch):
            net, _ = deployable(supernet, arch, experiment)
            features = features_of(net, experiment.labelled_images(arch.resolution))
            own = fit_ridge(features, experiment.labelled_labels, experiment.num_classes)
            scores = own(features_of(net, experiment.test_images(arch.resolution)))
            alone = np.mean(scores.argmax(axis=1) == truth)
            self.assertGreater(alone, 0.5)
            self.assertGreater(accuracy(supernet, arch, experiment), alone - 0.08)


if __name__ == "__main__":
    tf.test.main()
