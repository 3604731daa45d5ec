import json

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.randomized import random_supernet, shared_supernet
from tests.tofa_tf.spaces_for_tests import ATTENTIVE_LIKE, TEST_SPACES
from tofa_tf.nets.harvest import elastic_source, harvest
from tofa_tf.nets.supernet import Supernet, resize
from tofa_tf.space.cost import cost
from tofa_tf.space.plan import encode, make_plan


class SupernetTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(*((name,) for name in TEST_SPACES))
    def test_the_largest_net_uses_every_weight(self, name):
        space = TEST_SPACES[name]
        supernet = shared_supernet(space)
        self.assertEqual(
            sum(int(np.prod(w.shape)) for w in supernet.trainable_weights)
            - _transform_weights(supernet)
            - _unused_projections(supernet),
            cost(space, space.max_arch, 7).params,
        )

    @parameterized.parameters(*TEST_SPACES)
    def test_a_plan_computes_what_its_vector_does(self, name):
        space = TEST_SPACES[name]
        supernet = shared_supernet(space)
        images = tf.random.stateless_normal((2, 32, 32, 3), (1, 2))
        for arch in (space.min_arch, space.max_arch):
            by_vector = supernet(images, tf.constant(encode(space, arch)))
            by_plan = supernet(images, plan=make_plan(space, arch))
            self.assertAllClose(by_plan, by_vector, rtol=1e-5, atol=1e-5)

    @parameterized.parameters(*TEST_SPACES)
    def test_gradients_reach_the_active_slice_and_nothing_else(self, name):
        space = TEST_SPACES[name].at_resolutions(TEST_SPACES[name].resolutions[:1])
        supernet, arch = shared_supernet(space), space.min_arch
        images = tf.random.stateless_normal((4, arch.resolution, arch.resolution, 3), (1, 2))
        vector = tf.constant(encode(space, arch))

        @tf.function(autograph=False)
        def gradients():
            with tf.GradientTape() as tape:
                logits = supernet(images, vector, training=True)
                loss = tf.reduce_sum(logits * tf.random.stateless_normal(logits.shape, (3, 4)))
            return tape.gradient(loss, supernet.trainable_variables)

        active, shares = _active_slices(supernet, arch), []
        for variable, gradient in zip(supernet.trainable_variables, gradients(), strict=True):
            reached = np.zeros(variable.shape, bool)
            if gradient is not None:
                reached = np.array(gradient) != 0
            if variable.name.startswith("to_"):
                continue
            inside = active.get(variable.path)
            if inside is not None:
                # Units that are dead for these few images have no gradient.
                self.assertGreater(reached[inside].mean(), 0.2, variable.path)
                shares.append(reached[inside].mean())
                reached[inside] = False
            self.assertFalse(reached.any(), variable.path)
        self.assertGreater(np.mean(shares), 0.75)

    @parameterized.parameters(*TEST_SPACES)
    def test_config_makes_an_equal_supernet(self, name):
        supernet = Supernet(TEST_SPACES[name], 7, channels=1, dtype="mixed_bfloat16")
        config = json.loads(json.dumps(supernet.get_config()))
        again = Supernet.from_config(config)
        self.assertEqual(again.get_config(), supernet.get_config())
        self.assertEqual(again.space, supernet.space)
        again.build()
        # One channel is all that the stem has less than that of the shared supernet.
        self.assertEqual(again.weights[0].shape[2], 1)
        self.assertEqual(
            [(weight.path, weight.shape) for weight in again.weights[1:]],
            [(weight.path, weight.shape) for weight in shared_supernet(supernet.space).weights[1:]],
        )

    def test_statistics_follow_only_when_asked(self):
        space = ATTENTIVE_LIKE
        supernet = random_supernet(space)
        arch = tf.constant(encode(space, space.max_arch))
        images = tf.random.stateless_normal((4, 64, 64, 3), (1, 2))
        before = [weight.numpy() for weight in supernet.non_trainable_weights]
        supernet(images, arch, training=True)
        for old, new in zip(before, supernet.non_trainable_weights, strict=True):
            self.assertAllEqual(old, new)
        supernet(images, arch, training=True, update_statistics=True)
        for old, new in zip(before, supernet.non_trainable_weights, strict=True):
            self.assertTrue(np.any(old != np.asarray(new)))


class ResizeTest(tf.test.TestCase):
    def test_equal_size_passes_unchanged(self):
        images = tf.random.stateless_normal((1, 8, 8, 3), (1, 2))
        self.assertIs(resize(images, 8), images)

    def test_shrinking_averages(self):
        images = np.zeros((1, 8, 8, 1), np.float32)
        images[0, ::2] = 1.0
        self.assertAllClose(resize(images, 4)[0, 1:3, :, 0], np.full((2, 4), 0.5), atol=1e-6)


def _active_slices(supernet, arch) -> dict[str, tuple[slice, ...]]:
    """What a subnet uses of each weight: as much as its static net has, from the middle out."""
    slices = {}
    for layer in harvest(supernet, arch).layers:
        if not layer.trainable_weights:
            continue
        source = elastic_source(supernet, layer.name)
        shapes = [weight.shape for weight in layer.trainable_weights]
        for variable, shape in zip(source.trainable_variables, shapes, strict=False):
            sizes = list(shape)
            if len(shape) == 4 and getattr(source, "transforms", None):
                # The matrix from 7x7 to 5x5 reads all of the centre, whatever comes after it.
                sizes[:2] = [max(source.transforms)] * 2
            starts = [
                (full - size) // 2 for full, size in zip(variable.shape[:2], sizes[:2], strict=True)
            ]
            starts = starts + [0, 0] if len(shape) == 4 else [0] * len(shape)
            slices[variable.path] = tuple(
                slice(start, start + size) for start, size in zip(starts, sizes, strict=True)
            )
    return slices


def _transform_weights(supernet) -> int:
    return sum(int(np.prod(w.shape)) for w in supernet.trainable_weights if w.name[:3] == "to_")


def _unused_projections(supernet) -> int:
    """Weights of shortcuts whose blocks are as wide as their input in the largest net."""
    unused, width = 0, max(supernet.space.stem.widths)
    for block in supernet.blocks:
        if block.stride == 1 and block.max_width == width:
            weights = [w for w in block.trainable_weights if "shortcut" in w.path]
            unused += sum(int(np.prod(w.shape)) for w in weights)
        elif block.max_width == width:
            weights = [w for w in block.trainable_weights if "shortcut_projection" in w.path]
            unused += sum(int(np.prod(w.shape)) for w in weights)
        width = block.max_width
    return unused


if __name__ == "__main__":
    tf.test.main()
