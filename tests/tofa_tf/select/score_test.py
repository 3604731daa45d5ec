"""Scores of hand-made answers; `rules_test.py` has those of a trained run."""

from types import SimpleNamespace
from unittest import mock

import keras
import numpy as np
import tensorflow as tf

from tests.tofa_tf.spaces_for_tests import TINY
from tofa_tf.data.corruptions import CORRUPTIONS
from tofa_tf.select import score
from tofa_tf.select.score import OBJECTIVES, log_det_of_agreement, zero_shot_score

_LABELS = np.array([0, 0, 2, 2, 2])
_ANSWERS = np.array([0, 1, 2, 2, 1])
_MODEL = SimpleNamespace(input_shape=(None, 4, 4, 1))


def _net(*layers: keras.layers.Layer) -> keras.Model:
    """A chain of layers on two numbers."""
    first = x = keras.Input((2,))
    for layer in layers:
        x = layer(x)
    return keras.Model(first, x)


class ObjectivesTest(tf.test.TestCase):
    def test_accuracy_and_worst_class(self):
        experiment = mock.Mock()
        with mock.patch.object(score, "answers", return_value=_ANSWERS):
            self.assertAllClose(OBJECTIVES["accuracy"](_MODEL, experiment, _LABELS), 3 / 5)
            worst = OBJECTIVES["worst_class"](_MODEL, experiment, _LABELS)
        self.assertAllClose(worst, 1 / 2 + 0.001 * 3 / 5)
        experiment.validation_images.assert_called_with(4)

    def test_robust_is_the_mean_over_all_corruptions_of_the_pixels(self):
        pixels = np.zeros((5, 4, 4, 1), np.uint8)
        experiment = SimpleNamespace(
            validation=SimpleNamespace(at=lambda size: pixels[:, :size, :size]),
            normalised=lambda images: images - 1.0,
        )
        # The first kind is seen through, by none of the others anything.
        first = next(iter(CORRUPTIONS))
        seen = []

        def corrupted(images, kind, strength):
            seen.append((kind, strength))
            return images + (kind == first)

        def answers(model, images):
            return _LABELS if images.max() == 0.0 else np.full(5, 1)

        with mock.patch.multiple(score, corrupted=corrupted, answers=answers):
            share = OBJECTIVES["robust"](_MODEL, experiment, _LABELS)
        self.assertAllClose(share, 1 / len(CORRUPTIONS))
        self.assertEqual(seen, [(kind, 1) for kind in CORRUPTIONS])


class ZeroShotTest(tf.test.TestCase):
    def _score(self, model: keras.Model, images: list[list[float]]) -> float:
        experiment = mock.Mock()
        experiment.training_images.return_value = np.array(images, np.float32)
        with mock.patch.multiple(score, harvest=lambda *_: model, recalibrate=mock.DEFAULT):
            value = zero_shot_score(mock.Mock(), experiment)(TINY.min_arch)
        experiment.training_images.assert_called_once_with(16, 64)
        return value

    def test_agreement_of_active_units_by_hand(self):
        model = _net(keras.layers.ReLU(name="a_act"), keras.layers.Dense(3))
        # Units 10, 11, 00 are active: pairs agree on 1, 1 and 0 of 2 units.
        value = self._score(model, [[1, -1], [2, 3], [-1, 0]])
        self.assertAllClose(value, np.log(np.linalg.det([[2, 1, 1], [1, 2, 0], [1, 0, 2]])))

    def test_units_of_all_activations_count(self):
        model = _net(
            keras.layers.ReLU(name="a_act"),
            keras.layers.Rescaling(-1.0, offset=1.5),
            keras.layers.ReLU(name="b_act"),
        )
        # 10 01, 11 10 of 1.5 - x: they agree on one unit of four.
        value = self._score(model, [[2, -1], [1, 2]])
        self.assertAllClose(value, np.log(4 * 4 - 1 * 1))

    def test_images_that_look_alike_are_worst(self):
        self.assertEqual(log_det_of_agreement(np.ones((2, 5), bool)), -np.inf)


if __name__ == "__main__":
    tf.test.main()
