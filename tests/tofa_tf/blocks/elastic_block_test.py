import json

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.layer_harness import LayerTestCase, images
from tofa_tf.blocks.basic_residual import BasicResidual
from tofa_tf.blocks.depthwise_separable import DepthwiseSeparable
from tofa_tf.blocks.elastic_block import ElasticBlock
from tofa_tf.blocks.family import Block
from tofa_tf.blocks.inverted_bottleneck import InvertedBottleneck
from tofa_tf.common.errors import UserError

ALL = slice(None)
_CENTRE, _IN, _OUT, _MID, _SQUEEZE = slice(1, 4), slice(6), slice(7), slice(18), slice(4)


def _norm(part: str, channels: slice) -> dict[str, tuple[slice, ...]]:
    return {f"{part}/bn/gamma": (channels,), f"{part}/bn/beta": (channels,)}


# Per family: options, sizes of a call with 6 channels in and 7 out, and what that call trains.
CASES = {
    "inverted_bottleneck": (
        InvertedBottleneck((3, 5), (2, 3), "swish", squeeze_excite=True, shortcut="projected"),
        {"kernel": 3, "mid": 18, "squeeze": 4},
        {
            "/expand/conv/kernel": (ALL, ALL, _IN, _MID),
            **_norm("/expand", _MID),
            "depthwise/conv/kernel": (_CENTRE, _CENTRE, _MID),
            **_norm("depthwise", _MID),
            "se_reduce/conv/kernel": (ALL, ALL, _MID, _SQUEEZE),
            "se_reduce/conv/bias": (_SQUEEZE,),
            "se_expand/conv/kernel": (ALL, ALL, _SQUEEZE, _MID),
            "se_expand/conv/bias": (_MID,),
            "project/conv/kernel": (ALL, ALL, _MID, _OUT),
            **_norm("project", _OUT),
            "shortcut_projection/conv/kernel": (ALL, ALL, _IN, _OUT),
        },
    ),
    "depthwise_separable": (
        DepthwiseSeparable((3, 5), "swish"),
        {"kernel": 3},
        {
            "depthwise/conv/kernel": (_CENTRE, _CENTRE, _IN),
            **_norm("depthwise", _IN),
            "pointwise/conv/kernel": (ALL, ALL, _IN, _OUT),
            **_norm("pointwise", _OUT),
        },
    ),
    "basic_residual": (
        BasicResidual((0.5, 1, 3), "swish"),
        {"mid": 18},
        {
            "conv1/conv/kernel": (ALL, ALL, _IN, _MID),
            **_norm("conv1", _MID),
            "conv2/conv/kernel": (ALL, ALL, _MID, _OUT),
            **_norm("conv2", _OUT),
            "shortcut/conv/kernel": (ALL, ALL, _IN, _OUT),
            **_norm("shortcut", _OUT),
        },
    ),
}


class ElasticBlockTest(LayerTestCase, parameterized.TestCase):
    def _randomize(self, layer):
        super()._randomize(layer)
        generator = np.random.default_rng(66)
        for weight in layer.weights:
            # Small positive weights keep the ReLU and the linear range of a gate open.
            if "/se_" in weight.path:
                weight.assign(generator.uniform(0.01, 0.05, weight.shape))

    @parameterized.product(family=list(CASES), stride=(1, 2))
    def test_uses_and_trains_its_slice_alone(self, family, stride):
        block, sizes, active = CASES[family]
        norms = sum(name.endswith("gamma") for name in active)
        self.check_layer(
            ElasticBlock(block, 8, 10, stride),
            images(4, 6, 6, 6),
            {"width": 7, **sizes},
            output_shape=(4, 6 // stride, 6 // stride, 7),
            trainable=len(active),
            non_trainable=2 * norms,
            active=active,
            training=True,
        )

    @parameterized.parameters(*CASES)
    def test_json_round_trip(self, family):
        block = CASES[family][0]
        self.assertEqual(Block.from_json(json.loads(json.dumps(block.to_json()))), block)

    def test_json_says_what_is_wrong(self):
        with self.assertRaisesRegex(UserError, "unknown block family 'mlp'; available: inverted"):
            Block.from_json({"family": "mlp"})
        with self.assertRaisesRegex(UserError, "basic_residual: .*'kernels'"):
            Block.from_json({"family": "basic_residual", "kernels": [3]})

    @parameterized.parameters(
        (1.5, "^the block is 1.5; wanted a family and its options"),
        ({"family": ["basic_residual"]}, "^unknown block family"),
        ({"family": {}}, "^unknown block family"),
        ({"kernels": 3.5}, "^block depthwise_separable: kernels is 3.5; wanted a list"),
        ({"kernels": [3.0]}, r"kernels\[0\] is 3.0; wanted a whole number"),
        ({"kernels": [[3]]}, r"kernels\[0\] is \[3\]; wanted a whole number"),
        ({"activation": ["relu"]}, "activation is .*; wanted a text"),
    )
    def test_json_of_another_type_is_named(self, data, message):
        if isinstance(data, dict):
            data = {"family": "depthwise_separable", **data}
        with self.assertRaisesRegex(UserError, message):
            Block.from_json(data)


class InvertedBottleneckTest(LayerTestCase):
    def test_without_expand_the_input_width_is_kept(self):
        block = ElasticBlock(InvertedBottleneck((3, 5), (1,)), 8, 10)
        block.build()
        self.assertEqual(set(block.parts), {"depthwise", "project"})
        self.assertEqual(block(images(2, 6, 6, 6), kernel=5, mid=6, width=10).shape, (2, 6, 6, 10))

    def test_identity_shortcut_only_where_widths_are_equal(self):
        block = ElasticBlock(InvertedBottleneck((3,), (2,)), 8, 10)
        block.build()
        # With a projection of zeros only the shortcut is left.
        x = images(2, 6, 6, 6)
        block.parts["project"].bn.gamma.assign(np.zeros(10))
        self.assertAllClose(block(x, width=6, mid=12), x)
        self.assertAllClose(block(x, width=7, mid=12), np.zeros((2, 6, 6, 7)))

    def test_projected_shortcut_pools_then_projects(self):
        layer = ElasticBlock(InvertedBottleneck((3,), (2,), shortcut="projected"), 6, 7, stride=2)
        layer.build()
        x = images(2, 4, 4, 6)
        layer.parts["project"].bn.gamma.assign(np.zeros(7))
        pooled = x.reshape(2, 2, 2, 2, 2, 6).mean((2, 4))
        expected = pooled @ np.asarray(layer.parts["shortcut_projection"].conv.kernel)[0, 0]
        self.assertAllClose(layer(x), expected, rtol=1e-5, atol=1e-5)

    def test_squeeze_excite_equals_the_formula(self):
        block = InvertedBottleneck((3,), (1,), "linear", squeeze_excite=True)
        layer = ElasticBlock(block, 8, 8, keeps_width=False)
        layer.build()
        self._randomize(layer)
        x = images(2, 4, 4, 8)
        y = np.asarray(layer.parts["depthwise"](x))
        reduce, reduce_bias, expand, expand_bias = (
            np.asarray(w) for n in ("reduce", "expand") for w in layer.parts[f"se_{n}"].weights
        )
        hidden = np.maximum(y.mean((1, 2)) @ reduce[0, 0] + reduce_bias, 0.0)
        gate = np.clip(hidden @ expand[0, 0] + expand_bias + 3.0, 0.0, 6.0) / 6.0
        expected = layer.parts["project"](y * gate[:, None, None, :])
        self.assertAllClose(layer(x), expected, rtol=1e-5, atol=1e-5)


class BasicResidualTest(LayerTestCase):
    def test_equals_resnet_of_stock_layers(self):
        layer, x = ElasticBlock(BasicResidual(), 6, 8, stride=2), images(2, 8, 8, 6)
        layer.build()
        self._randomize(layer)
        inputs = keras.Input((8, 8, 6))
        stock, parts = [], (("conv1", 3, 2), ("conv2", 3, 1), ("shortcut", 1, 2))
        for name, kernel, stride in parts:
            conv = keras.layers.Conv2D(8, kernel, stride, "same", use_bias=False, name=name)
            stock.append((conv, keras.layers.BatchNormalization()))
        y = keras.layers.ReLU()(stock[0][1](stock[0][0](inputs)))
        y = stock[1][1](stock[1][0](y))
        shortcut = stock[2][1](stock[2][0](inputs))
        model = keras.Model(inputs, keras.layers.ReLU()(keras.layers.Add()([shortcut, y])))
        for (name, _, _), (conv, norm) in zip(parts, stock, strict=True):
            conv.set_weights(layer.parts[name].conv.get_weights())
            norm.set_weights(layer.parts[name].bn.get_weights())
        self.assertAllClose(layer(x), model(x), rtol=1e-5, atol=1e-5)


class CheckTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(
        (InvertedBottleneck((3, 4), (2,)), "kernel size 4: odd sizes only"),
        (InvertedBottleneck((), (2,)), "kernel .*at least one choice"),
        (InvertedBottleneck((3,), (1, 2)), "expand ratio 1 is the only choice"),
        (InvertedBottleneck((3,), (2,), expand_scales=(1.0,)), "one expand scale"),
        (InvertedBottleneck((3,), (2,), shortcut="none"), "unknown shortcut 'none'"),
        (InvertedBottleneck((3,), (2,), "mish"), "unknown activation 'mish'"),
        (DepthwiseSeparable((2,)), "kernel size 2: odd"),
        (BasicResidual((1, 1)), "each once"),
    )
    def test_says_what_does_not_fit(self, block, message):
        with self.assertRaisesRegex(UserError, message):
            block.check(depth=2)


if __name__ == "__main__":
    tf.test.main()
