"""Names and axes by hand; `state_dict_test` has those of whole checkpoints."""

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.blocks.elastic_block import ElasticBlock
from tofa_tf.blocks.inverted_bottleneck import InvertedBottleneck
from tofa_tf.layers.conv_norm import ElasticConvNorm
from tofa_tf.layers.elastic_layers import (
    ElasticBatchNormalization,
    ElasticConv2D,
    ElasticDense,
    ElasticDepthwiseConv2D,
)
from tofa_tf.pretrained.layout import (
    Entry,
    batch_norm,
    bottleneck,
    conv,
    conv_block,
    dense,
    depthwise,
)

_STATISTICS = ("weight", "bias", "running_mean", "running_var")


def _built(layer: keras.layers.Layer) -> keras.layers.Layer:
    layer.build()
    return layer


def _norm(key: str) -> list[str]:
    return [f"{key}.{name}" for name in _STATISTICS]


def _keys(entries) -> list[str]:
    return [entry.key for entry in entries]


class AxesTest(tf.test.TestCase, parameterized.TestCase):
    def _check(self, entry: Entry, tensor_shape: tuple[int, ...], at: tuple, expected_at: tuple):
        """One number of a tensor of the checkpoint goes to a place of the weight."""
        self.assertEqual(entry.shape, tensor_shape)
        tensor = np.zeros(tensor_shape, np.float32)
        tensor[at] = 1.0
        weight = entry.to_keras(tensor)
        self.assertEqual(weight.shape, tuple(entry.variable.shape))
        self.assertEqual(np.argwhere(weight).tolist(), [list(expected_at)])

    def test_a_convolution_has_its_outputs_first(self):
        weight, bias = conv("c", _built(ElasticConv2D(4, 6, 3, use_bias=True)))
        self._check(weight, (6, 4, 3, 3), (5, 1, 2, 0), (2, 0, 1, 5))
        self._check(bias, (6,), (5,), (5,))

    def test_a_depthwise_convolution_has_its_channels_first(self):
        (weight,) = depthwise("d", _built(ElasticDepthwiseConv2D(4, (3, 5))))
        self._check(weight, (4, 1, 5, 5), (3, 0, 4, 1), (4, 1, 3, 0))

    def test_a_linear_layer_has_its_outputs_first(self):
        weight, bias = dense("l", _built(ElasticDense(4, 6)))
        self._check(weight, (6, 4), (5, 1), (1, 5))
        self._check(bias, (6,), (5,), (5,))

    def test_a_tensor_that_no_subnet_uses_has_no_shape(self):
        self.assertEqual(Entry("unused", None).shape, ())


class NamesTest(tf.test.TestCase):
    def test_batch_norm_is_scale_offset_mean_and_variance(self):
        layer = _built(ElasticBatchNormalization(4))
        entries = list(batch_norm("n", layer))
        self.assertEqual(_keys(entries), _norm("n"))
        wanted = [layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance]
        for entry, variable in zip(entries, wanted, strict=True):
            self.assertIs(entry.variable, variable)

    def test_matrices_lead_from_each_size_to_the_next_smaller_one(self):
        layer = _built(ElasticDepthwiseConv2D(4, (3, 7, 5), kernel_transform=True))
        weight, *matrices = depthwise("d", layer)
        self.assertEqual(weight.key, "d.weight")
        self.assertEqual(_keys(matrices), ["d.7to5_matrix", "d.5to3_matrix"])
        self.assertEqual([matrix.shape for matrix in matrices], [(25, 25), (9, 9)])
        _, *matrices = depthwise("d.conv.conv", layer, "d.conv")
        self.assertEqual(_keys(matrices), ["d.conv.7to5_matrix", "d.conv.5to3_matrix"])

    def test_elastic_layers_wrap_one_of_the_same_name(self):
        block = _built(ElasticConvNorm(4, 6))
        self.assertEqual(_keys(conv_block("b", block)), ["b.conv.conv.weight", *_norm("b.bn.bn")])
        plain = ["b.conv.weight", *_norm("b.bn")]
        self.assertEqual(_keys(conv_block("b", block, elastic=False)), plain)

    def test_without_batch_norm_there_is_a_convolution_alone(self):
        block = _built(ElasticConvNorm(4, 6, use_bias=True, use_norm=False))
        self.assertEqual(_keys(conv_block("b", block)), ["b.conv.conv.weight", "b.conv.conv.bias"])

    def test_a_bottleneck_with_everything(self):
        family = InvertedBottleneck((3, 5), (2, 3), squeeze_excite=True, kernel_transform=True)
        block = _built(ElasticBlock(family, 8, 8))
        inside = "b.depth_conv"
        self.assertEqual(
            _keys(bottleneck("b", block)),
            [
                "b.inverted_bottleneck.conv.conv.weight",
                *_norm("b.inverted_bottleneck.bn.bn"),
                *(f"{inside}.conv.conv.weight", f"{inside}.conv.5to3_matrix"),
                *_norm(f"{inside}.bn.bn"),
                *(f"{inside}.se.fc.reduce.weight", f"{inside}.se.fc.reduce.bias"),
                *(f"{inside}.se.fc.expand.weight", f"{inside}.se.fc.expand.bias"),
                "b.point_linear.conv.conv.weight",
                *_norm("b.point_linear.bn.bn"),
            ],
        )
        entries = {entry.key: entry.variable for entry in bottleneck("b", block)}
        self.assertLen(entries, len(block.weights))
        self.assertEqual({id(each) for each in entries.values()}, set(map(id, block.weights)))
        reduce = entries[f"{inside}.se.fc.reduce.weight"]
        self.assertIs(reduce, block.parts["se_reduce"].conv.kernel)

    def test_a_bottleneck_without_expand_convolution_and_not_elastic(self):
        block = _built(ElasticBlock(InvertedBottleneck((3,), (1,)), 8, 8))
        self.assertEqual(
            _keys(bottleneck("b", block, elastic=False)),
            [
                *("b.depth_conv.conv.weight", *_norm("b.depth_conv.bn")),
                *("b.point_linear.conv.weight", *_norm("b.point_linear.bn")),
            ],
        )


if __name__ == "__main__":
    tf.test.main()
