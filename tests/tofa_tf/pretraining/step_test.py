import dataclasses

import keras
import numpy as np
import tensorflow as tf

from tests.tofa_tf.data.images import noise
from tests.tofa_tf.randomized import random_supernet
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
    crop_area=(1.0, 1.0),
    crop_ratio=(1.0, 1.0),
)
_MAX, _MIN = (encode(TINY, arch) for arch in (TINY.max_arch, TINY.min_arch))


def _batch() -> Batch:
    half = noise(6, 16)[:, :, :8]
    symmetric = np.concatenate([half, half[:, :, ::-1]], axis=2)
    return Batch(symmetric, np.arange(6, dtype=np.int32), np.array([1, 2], np.int32))


def _weights(supernet) -> dict[str, np.ndarray]:
    return {weight.path: np.array(weight) for weight in supernet.trainable_weights}


class PretrainStepTest(tf.test.TestCase):
    def _changes(self, recipe: Recipe, archs, rate: float = 0.5) -> dict[str, np.ndarray]:
        supernet = random_supernet(TINY)
        state = PretrainStep(supernet, recipe)
        before = _weights(supernet)
        self.metrics = state(_batch(), archs, 16, rate)
        return {path: after - before[path] for path, after in _weights(supernet).items()}

    def _gradients(self, loss_of) -> dict[str, np.ndarray]:
        supernet = random_supernet(TINY)
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
        logits = supernet(images, tf.constant(_MAX), training=True)
        return loss(tf.one_hot(_batch().labels, 7), logits)

    def test_the_largest_net_alone_follows_its_smoothed_labels(self):
        changes = self._changes(RECIPE, [_MAX])
        gradients = self._gradients(self._smoothed_loss)
        for path, change in changes.items():
            self.assertAllClose(change, -0.5 * gradients[path], rtol=1e-3, atol=1e-5, msg=path)
        self.assertNotIn("others_loss", self.metrics)

    def test_others_add_labels_and_distillation(self):
        recipe = dataclasses.replace(RECIPE, label_weight=0.3, distill_weight=0.7)
        changes = self._changes(recipe, [_MAX, _MIN])

        def loss(supernet, images):
            teacher = supernet(images, tf.constant(_MAX), training=True)
            logits = supernet(images, tf.constant(_MIN), training=True)
            own = 0.3 * cross_entropy(_batch().labels, logits)
            own += 0.7 * adaptive_alpha_distillation(tf.stop_gradient(teacher), logits)
            return own + self._smoothed_loss(supernet, images)

        gradients = self._gradients(loss)
        for path, change in changes.items():
            self.assertAllClose(change, -0.5 * gradients[path], rtol=1e-3, atol=1e-5, msg=path)
        self.assertGreater(float(self.metrics["others_loss"]), 0.0)

    def test_decay_is_of_kernels_and_not_clipped(self):
        recipe = dataclasses.replace(RECIPE, weight_decay=0.01, clip_value=0.0)
        changes = self._changes(recipe, [_MAX], rate=1.0)
        start = _weights(random_supernet(TINY))
        for path, change in changes.items():
            share = -0.01 if path.endswith("kernel") else 0.0
            self.assertAllClose(change, share * start[path], atol=1e-7, msg=path)

    def test_statistics_follow_the_largest_net_alone(self):
        before = np.array(random_supernet(TINY).stem.bn.moving_mean)
        after = []
        for archs in ([_MAX], [_MAX, _MIN]):
            supernet = random_supernet(TINY)
            PretrainStep(supernet, RECIPE)(_batch(), archs, 16, 0.0)
            after.append(np.array(supernet.stem.bn.moving_mean))
        self.assertNotAllClose(after[0], before)
        self.assertAllClose(after[0], after[1])

    def test_each_graph_is_traced_once(self):
        state = PretrainStep(random_supernet(TINY), RECIPE)
        for archs, resolution in (([_MAX], 16), ([_MAX, _MIN, _MAX], 24), ([_MAX, _MIN], 16)):
            state(_batch(), archs, resolution, 0.1)
        for graph in (state._largest, state._other, state._update, state._views):
            self.assertEqual(graph.experimental_get_tracing_count(), 1)

    def test_momentum_can_be_forgotten(self):
        recipe = dataclasses.replace(RECIPE, momentum=0.9)
        state = PretrainStep(random_supernet(TINY), recipe)
        state(_batch(), [_MAX], 16, 0.1)
        self.assertTrue(any(np.any(momentum) for momentum in state.optimizer.momentums))
        state.forget_momentum()
        self.assertFalse(any(np.any(momentum) for momentum in state.optimizer.momentums))


if __name__ == "__main__":
    tf.test.main()
