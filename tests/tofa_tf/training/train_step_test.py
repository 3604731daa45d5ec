import dataclasses
import functools
from unittest import mock

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.spaces_for_tests import ATTENTIVE_LIKE, DS_LIKE, RESNET_LIKE
from tofa_tf.data.pipeline import Batch, Views
from tofa_tf.space.plan import encode
from tofa_tf.training.sampling import SandwichSampler
from tofa_tf.training.train_step import TrainStep
from tofa_tf.training.trainer import TrainConfig, build_training


def _batch(pixels: int) -> Batch:
    generator = np.random.default_rng(0)

    def images() -> tf.Tensor:
        return tf.constant(generator.integers(0, 256, (2, pixels, pixels, 3), np.uint8))

    labels = tf.constant([0, 1], tf.int32)
    return Batch(images(), labels, images(), images(), labels)


@functools.cache
def _state() -> TrainStep:
    """For tests that let the weights be: what is traced for one serves the others."""
    return build_training(DS_LIKE, 2, TrainConfig(steps=2))


class TrainStepTest(tf.test.TestCase, parameterized.TestCase):
    # Projected shortcuts leave weights that the largest net has no use for.
    @parameterized.parameters((ATTENTIVE_LIKE, 64), (DS_LIKE, 32), (RESNET_LIKE, 32))
    def test_a_step_of_every_family_is_finite_and_traced_once(self, space, pixels):
        state = build_training(space, 2, TrainConfig(steps=2, num_random=1))
        sampler = SandwichSampler(space, seed=0, num_random=1)
        for step in range(2):
            metrics = state(_batch(pixels), sampler.archs(step))
            for name, value in metrics.items():
                self.assertTrue(np.isfinite(value), name)
        self.assertEqual(state.num_traces, 1)

    def test_other_nets_see_labelled_weak_and_strong_images(self):
        # Harvested nets get clean images: batch norm and weights must not know strong views alone.
        batch = _batch(32)
        _, lesson, _ = _state()._largest(batch)
        images = tf.concat([batch.images, batch.weak[:1], batch.strong[1:]], axis=0)
        mean, std = DS_LIKE.pixel_mean[0], DS_LIKE.pixel_std[0]
        self.assertAllClose(lesson.images[0], (tf.cast(images, tf.float32) - mean) / std)
        self.assertEqual(lesson.teacher_logits.shape, (4, 2))
        self.assertAllEqual(lesson.pseudo.targets.shape, (2, 2))

    def test_nets_of_a_smaller_resolution_see_their_own_images(self):
        state, batch = _state(), _batch(32)
        small = _batch(16)
        both = batch._replace(smaller=(Views(small.images, small.weak, small.strong),))
        losses = []
        for seen in (
            batch,
            both,
            both._replace(smaller=(Views(*[tf.zeros_like(small.weak)] * 3),)),
        ):
            gradients, lesson, _ = state._largest(seen)
            zeros = [tf.zeros_like(one) for one in gradients]
            for arch in (DS_LIKE.min_arch, DS_LIKE.max_arch):
                encoded = tf.constant(encode(DS_LIKE, arch))
                losses.append(state._other(encoded, lesson, tf.constant([1.0, 0, 0, 0]), zeros)[1])
        resized, largest, own, again, blank, once_more = map(float, losses)
        self.assertEqual((largest, largest), (again, once_more))
        self.assertNotEqual(own, resized)
        self.assertNotEqual(own, blank)
        self.assertAllEqual(lesson.images[1].shape, (4, 16, 16, 3))

    def test_a_teacher_teaches_every_net(self):
        batch, sampler = _batch(32), SandwichSampler(DS_LIKE, seed=0, num_random=1)
        taught = batch._replace(soft_labels=tf.constant([[0.75, 0.25], [0.5, 0.5]]))
        with mock.patch.object(_state(), "_update", return_value=0.0):
            with_teacher, without = (_state()(each, sampler.archs(0)) for each in (taught, batch))
        self.assertNotIn("teacher_loss", without)
        # Cross-entropy is never below the entropy of the soft labels: 0.562 and 0.693.
        self.assertGreater(with_teacher["teacher_loss"], 0.627)
        for role in ("min", "random"):
            more = with_teacher[f"{role}_loss"] - without[f"{role}_loss"]
            self.assertGreater(more, _state().config.loss.of(role).teacher * 0.627)
        both = (with_teacher, without)
        largest = [each["loss"] - each["min_loss"] - each["random_loss"] for each in both]
        weighted = _state().config.loss.of("max").teacher * with_teacher["teacher_loss"]
        self.assertAllClose(largest[0] - largest[1], weighted, rtol=1e-4)

    def test_pseudo_labels_enter_by_a_ramp(self):
        state = build_training(DS_LIKE, 2, TrainConfig(steps=100, ramp=0.2))
        for step, share in ((0, 0.05), (9, 0.5), (19, 1.0), (50, 1.0)):
            state.optimizer.iterations.assign(step)
            self.assertAllClose(state._ramp(), share)
        state.config = dataclasses.replace(state.config, ramp=0.0)
        state.optimizer.iterations.assign(0)
        self.assertAllClose(state._ramp(), 1.0)

    def test_update_clips_then_decays_then_slows_the_trunk(self):
        config = TrainConfig(
            steps=10**6, learning_rate=0.5, trunk_rate=0.1, weight_decay=0.2, clip_value=0.3
        )
        state = build_training(DS_LIKE, 2, config)
        variables = state.supernet.trainable_variables
        for variable in variables:
            variable.assign(tf.ones(variable.shape))
        state._update([tf.ones(variable.shape) for variable in variables])
        for variable in variables:
            decay = 0.2 if variable.name == "kernel" else 0.0
            rate = 0.5 if "classifier" in variable.path else 0.05
            # Nesterov's first step is rate * (1 + momentum) * gradient.
            expected = 1.0 - rate * 1.9 * (0.3 + decay)
            self.assertAllClose(variable, np.full(variable.shape, expected), msg=variable.path)

    def test_the_largest_net_is_the_first(self):
        with self.assertRaisesRegex(ValueError, "the first subnet of a step is the largest"):
            _state()(_batch(32), [("min", DS_LIKE.min_arch)])


if __name__ == "__main__":
    tf.test.main()
