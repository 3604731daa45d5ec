"""What the plain net is made of; that it computes what the supernet does is `harvest_test.py`'s."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.spaces_for_tests import KERAS_LIKE, TINY
from tofa_tf.nets.static_net import build_static
from tofa_tf.space.plan import make_plan
from tofa_tf.space.search_space import SearchSpace


def _smallest(space: SearchSpace, channels: int = 3) -> keras.Model:
    return build_static(space, make_plan(space, space.min_arch), 4, channels)


def _convolved(image: np.ndarray, kernel: np.ndarray, before: int) -> np.ndarray:
    """Convolution of stride 2 with a 3 x 3 kernel, by numpy; zeros stand around the image."""
    padded = np.pad(image, ((before, 3), (before, 3), (0, 0)))
    rows = range(0, len(image), 2)
    return np.array(
        [[np.tensordot(padded[i : i + 3, j : j + 3], kernel, 3) for j in rows] for i in rows]
    )


class StaticNetTest(tf.test.TestCase, parameterized.TestCase):
    def test_layers_of_the_smallest_net(self):
        kinds = [(layer.name, type(layer).__name__) for layer in _smallest(TINY).layers]
        self.assertEqual(
            kinds[:4],
            [
                ("image", "InputLayer"),
                ("stem_conv", "Conv2D"),
                ("stem_bn", "BatchNormalization"),
                ("stem_act", "ReLU"),
            ],
        )
        self.assertEqual(
            kinds[-3:],
            [
                ("pool", "AveragePooling2D"),
                ("classifier_flatten", "Flatten"),
                ("classifier", "Dense"),
            ],
        )
        # One block a stage: expand, depthwise, project.
        self.assertEqual(sum(kind == "DepthwiseConv2D" for _, kind in kinds), 2)
        self.assertEqual(sum(kind == "Conv2D" for _, kind in kinds), 1 + 2 * 2)

    @parameterized.parameters(("same", 0), ("symmetric", 1))
    def test_padding_of_a_stride_is_that_of_the_space(self, padding, before):
        model = _smallest(dataclasses.replace(TINY, padding=padding), channels=1)
        stem = model.get_layer("stem_conv")
        image = np.random.default_rng(0).normal(size=(16, 16, 1)).astype(np.float32)
        made = keras.Model(model.input, stem.output)(image[np.newaxis])[0]
        self.assertAllClose(made, _convolved(image, np.array(stem.kernel), before), atol=1e-5)
        padded = [x.name for x in model.layers if isinstance(x, keras.layers.ZeroPadding2D)]
        self.assertLen(padded, 3 * before)

    def test_batch_norm_is_that_of_the_space(self):
        space = dataclasses.replace(TINY, bn_momentum=0.75, bn_epsilon=0.125)
        norms = [
            layer
            for layer in _smallest(space).layers
            if isinstance(layer, keras.layers.BatchNormalization)
        ]
        self.assertEqual({(norm.momentum, norm.epsilon) for norm in norms}, {(0.75, 0.125)})

    def test_activations_and_a_feature_layer_with_bias(self):
        model = _smallest(KERAS_LIKE)
        self.assertEqual(model.get_layer("stem_act").activation, keras.activations.hard_swish)
        feature = model.get_layer("feature_conv")
        self.assertTrue(feature.use_bias)
        self.assertNotIn("feature_bn", [layer.name for layer in model.layers])
        self.assertFalse(model.get_layer("stem_conv").use_bias)

    def test_shapes(self):
        model = _smallest(TINY, channels=1)
        self.assertEqual(model.input_shape, (None, 16, 16, 1))
        self.assertEqual(model.output_shape, (None, 4))


if __name__ == "__main__":
    tf.test.main()
