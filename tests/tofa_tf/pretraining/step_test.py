import dataclasses
import functools

import keras
import numpy as np
import tensorflow as tf

from tests.tofa_tf.data.images import noise
from tests.tofa_tf.randomized import random_supernet, shared_supernet
from tests.tofa_tf.spaces_for_tests import TINY
from tofa_tf.data.views import Batch
from tofa_tf.pretraining.recipe import Phase, Recipe
from tofa_tf.pretraining.step import PretrainStep
from tofa_tf.space.plan import encode
from tofa_tf.training.losses import adaptive_alpha_distillation, cross_entropy

# No crop, no mirror image that could be told apart, plain gradient descent.
RECIPE = Recipe(
    phases=(Phase("x", 1, 0.1, 0.1, ((16, 1.0),)),),
    batch=6,
    momentum=0.0,
    weight_decay=0.0,
    clip_value=1e9,
    label_weight=0.3,
    distill_weight=0.7,
    crop_area=(1.0, 1.0),
    crop_ratio=(1.0, 1.0),
)
_SPACE = dataclasses.replace(TINY, resolutions=(16, 24))
_SMALL, _LARGE = (_SPACE.at_resolutions((size,)) for size in _SPACE.resolutions)
_MAX, _MIN = ("max", _SMALL.max_arch), ("min", _SMALL.min_arch)


def _batch() -> Batch:
    half = noise(6, 16)[:, :, :8]
    symmetric = np.concatenate([half, half[:, :, ::-1]], axis=2)
    return Batch(symmetric, np.arange(6, dtype=np.int32), np.array([1, 2], np.int32))


def _weights(supernet) -> dict[str, np.ndarray]:
    return {weight.path: np.array(weight) for weight in supernet.trainable_weights}


@functools.cache
def _state() -> PretrainStep:
    """Traced once for all tests; each sets it back first."""
    return PretrainStep(random_supernet(_SPACE), RECIPE)


@functools.cache
def _decaying() -> PretrainStep:
    recipe = dataclasses.replace(RECIPE, momentum=0.9, weight_decay=0.01, clip_value=0.0)
    return PretrainStep(random_supernet(_SPACE), recipe)


class PretrainStepTest(tf.test.TestCase):
    def _changes(self, state: PretrainStep, archs, rate: float = 0.5) -> dict[str, np.ndarray]:
        start = shared_supernet(_SPACE)
        for weight, first in zip(state.supernet.weights, start.weights, strict=True):
            weight.assign(first)
        state.forget_momentum()
        self.metrics = state(_batch(), archs, rate)
        before = _weights(start)
        return {path: after - before[path] for path, after in _weights(state.supernet).items()}

    def _gradients(self, loss_of) -> dict[str, np.ndarray]:
        supernet = shared_supernet(_SPACE)
        images = (_batch().images.astype(np.float32) - 128.0) / 128.0
        with tf.GradientTape() as tape:
            loss = loss_of(supernet, images)
        gradients = tape.gradient(loss, supernet.trainable_variables)
        return {
            variable.path: np.array(tf.convert_to_tensor(gradient))
            for variable, gradient in zip(supernet.trainable_variables, gradients, strict=True)
        }

    def _smoothed_loss(self, supernet, images):
        loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
        logits = supernet(images, tf.constant(encode(_SPACE, _MAX[1])), training=True)
        return loss(tf.one_hot(_batch().labels, 7), logits)

    def test_the_largest_net_alone_follows_its_smoothed_labels(self):
        changes = self._changes(_state(), [_MAX])
        gradients = self._gradients(self._smoothed_loss)
        for path, change in changes.items():
            self.assertAllClose(change, -0.5 * gradients[path], rtol=1e-3, atol=1e-5, msg=path)
        self.assertNotIn("others_loss", self.metrics)

    def test_others_add_labels_and_distillation(self):
        changes = self._changes(_state(), [_MAX, _MIN])

        def loss(supernet, images):
            teacher = supernet(images, tf.constant(encode(_SPACE, _MAX[1])), training=True)
            logits = supernet(images, tf.constant(encode(_SPACE, _MIN[1])), training=True)
            own = 0.3 * cross_entropy(_batch().labels, logits)
            own += 0.7 * adaptive_alpha_distillation(tf.stop_gradient(teacher), logits)
            return own + self._smoothed_loss(supernet, images)

        gradients = self._gradients(loss)
        for path, change in changes.items():
            self.assertAllClose(change, -0.5 * gradients[path], rtol=1e-3, atol=1e-5, msg=path)
        self.assertGreater(float(self.metrics["others_loss"]), 0.0)

    def test_decay_is_of_kernels_and_not_clipped(self):
        changes = self._changes(_decaying(), [_MAX], rate=1.0)
        start = _weights(shared_supernet(_SPACE))
        for path, change in changes.items():
            # Nesterov's first step is rate * (1 + momentum) * gradient.
            share = -0.01 * 1.9 if path.endswith("kernel") else 0.0
            self.assertAllClose(change, share * start[path], atol=1e-7, msg=path)

    def test_momentum_can_be_forgotten(self):
        state = _decaying()
        state(_batch(), [_MAX], 0.1)
        self.assertTrue(any(np.any(momentum) for momentum in state.optimizer.momentums))
        state.forget_momentum()
        self.assertFalse(any(np.any(momentum) for momentum in state.optimizer.momentums))

    def test_statistics_follow_the_largest_net_alone(self):
        before = np.array(shared_supernet(_SPACE).stem.bn.moving_mean)
        after = []
        for archs in ([_MAX], [_MAX, _MIN]):
            self._changes(_state(), archs, rate=0.0)
            after.append(np.array(_state().supernet.stem.bn.moving_mean))
        self.assertNotAllClose(after[0], before)
        self.assertAllClose(after[0], after[1])

    def test_each_graph_is_traced_once(self):
        state = _state()
        others = [("min", _LARGE.min_arch), ("random", _LARGE.max_arch)]
        larger = [("max", _LARGE.max_arch), *others]
        for archs in ([_MAX], larger, [_MAX, _MIN]):
            state(_batch(), archs, 0.1)
        for graph in (state._largest, state._other, state._update, state._views):
            self.assertEqual(graph.experimental_get_tracing_count(), 1)

    def test_the_largest_net_comes_first(self):
        for archs in ([_MIN, _MAX], [("max", _SMALL.min_arch)], [("random", _SMALL.max_arch)]):
            with self.assertRaisesRegex(ValueError, "the first subnet of a step is the largest"):
                _state()(_batch(), archs, 0.1)


if __name__ == "__main__":
    tf.test.main()
