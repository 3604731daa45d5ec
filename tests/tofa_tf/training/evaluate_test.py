"""Tests of measuring a subnet."""

import dataclasses

import numpy as np
import tensorflow as tf

from tests.tofa_tf.randomized import random_supernet
from tests.tofa_tf.spaces_for_tests import TINY
from tests.tofa_tf.trained import experiment
from tofa_tf.common.errors import UserError
from tofa_tf.nets.deployable import deployable
from tofa_tf.nets.supernet import Supernet
from tofa_tf.training.evaluate import accuracy


class AccuracyTest(tf.test.TestCase):
    def test_is_the_share_of_right_answers_of_the_part(self):
        made, arch = experiment(), TINY.max_arch
        supernet = random_supernet(TINY, made.num_classes, channels=made.channels)
        model, _ = deployable(supernet, arch, made)
        answers = np.asarray(model(made.test_images(16), training=False)).argmax(axis=1)
        expected = np.mean(answers == made.dataset.test.labels)
        self.assertNear(accuracy(supernet, arch, made), expected, 1e-9)
        # 300 images whose labels are what the net says of two thirds of them.
        part = made.dataset.test.take(np.arange(300))
        labels = np.where(np.arange(300) < 200, answers[:300], (answers[:300] + 1) % 10)
        part = dataclasses.replace(part, labels=labels.astype(np.int32))
        other = dataclasses.replace(made, validation=part)
        self.assertNear(accuracy(supernet, arch, other, "validation"), 2 / 3, 1e-9)

    def test_no_validation_images(self):
        made = experiment()
        supernet = Supernet(TINY, made.num_classes, made.channels)
        with self.assertRaisesRegex(UserError, "no validation images: class '.' has too few"):
            accuracy(supernet, TINY.max_arch, made, "validation")


if __name__ == "__main__":
    tf.test.main()
