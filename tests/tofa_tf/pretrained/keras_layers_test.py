"""Small nets taken apart; `keras_mobilenet_test` makes supernets of whole ones."""

import keras
import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.common.errors import UserError
from tofa_tf.pretrained.keras_layers import read_mobilenet

layers = keras.layers


def _norm(conv: layers.Layer, activation: layers.Layer | None = None) -> list[layers.Layer]:
    """A convolution, its batch norm and what stands behind."""
    norm = layers.BatchNormalization(name=f"{conv.name}_bn")
    return [conv, norm, *([activation] if activation else [])]


def _conv(name: str, filters: int, size: int = 1, **options) -> layers.Conv2D:
    return layers.Conv2D(filters, size, padding="same", use_bias=False, name=name, **options)


def _depthwise(name: str, size: int = 3, strides: int = 1) -> layers.DepthwiseConv2D:
    return layers.DepthwiseConv2D(size, strides, "same", use_bias=False, name=name)


def _sequence(*parts, shape: tuple[int | None, ...] = (32, 32, 3)) -> keras.Model:
    flat = [layer for part in parts for layer in (part if isinstance(part, list) else [part])]
    return keras.Sequential([keras.Input(shape), *flat], name="net")


def _stem() -> list[layers.Layer]:
    return _norm(_conv("stem", 8, 3, strides=2), layers.ReLU(6))


def _separable() -> list[layers.Layer]:
    """The smallest body that there is."""
    body = _norm(_depthwise("depthwise"), layers.ReLU(6))
    return body + _norm(_conv("pointwise", 16), layers.ReLU(6))


def _bottlenecks() -> list[layers.Layer]:
    """One without expand convolution, one with everything."""
    squeeze_excite = [layers.Conv2D(4, 1, name="reduce"), layers.Conv2D(24, 1, name="excite")]
    return [
        *_norm(_depthwise("depthwise1"), layers.ReLU()),
        *_norm(_conv("project1", 12)),
        *_norm(_conv("expand2", 24), layers.Activation("hard_silu")),
        layers.ZeroPadding2D(2),
        *_norm(_depthwise("depthwise2", 5, 2), layers.Activation("silu")),
        *squeeze_excite,
        *_norm(_conv("project2", 20)),
    ]


class ReadTest(tf.test.TestCase, parameterized.TestCase):
    def test_bottlenecks_part_by_part(self):
        head = _norm(_conv("head", 96), layers.ReLU(6))
        top = [layers.GlobalAveragePooling2D(), layers.Dense(40), layers.ReLU(), layers.Dense(7)]
        net = read_mobilenet(_sequence(_stem(), _bottlenecks(), head, top))
        self.assertEqual((net.stem.conv.name, net.stem.bn.name), ("stem", "stem_bn"))
        first, second = net.blocks
        self.assertIsNone(first.expand)
        self.assertEqual(first.squeeze_excite, ())
        self.assertFalse(first.separable)
        self.assertEqual((first.width, first.mid, first.kernel, first.stride), (12, 8, 3, 1))
        self.assertEqual((second.width, second.mid, second.kernel, second.stride), (20, 24, 5, 2))
        self.assertEqual(second.expand.conv.name, "expand2")
        self.assertEqual([layer.name for layer in second.squeeze_excite], ["reduce", "excite"])
        self.assertEqual(second.project.bn.name, "project2_bn")
        self.assertEqual((net.head.conv.filters, net.resolution), (96, 32))
        self.assertEqual((net.feature.units, net.classifier.units), (40, 7))

    def test_activations_have_the_names_of_search_spaces(self):
        net = read_mobilenet(_sequence(_stem(), _bottlenecks(), _norm(_conv("head", 96))))
        first, second = net.blocks
        found = [net.stem, first.depthwise, first.project, second.expand, second.depthwise]
        self.assertEqual(
            [part.activation for part in (*found, net.head)],
            ["relu6", "relu", "linear", "hard_swish", "swish", "linear"],
        )

    def test_a_separable_net_has_no_head(self):
        net = read_mobilenet(_sequence(_stem(), _separable(), layers.Dense(5)))
        (block,) = net.blocks
        self.assertTrue(block.separable)
        self.assertIsNone(net.head)
        self.assertIsNone(net.feature)
        self.assertEqual(net.classifier.units, 5)

    def test_a_net_within_another_is_read_in_its_place(self):
        trunk = _sequence(_stem(), _separable())
        net = read_mobilenet(_sequence(layers.RandomFlip(), trunk, layers.Dense(5)))
        self.assertEqual(net.blocks[0].depthwise.conv.name, "depthwise")
        self.assertEqual(net.classifier.units, 5)

    def test_without_a_top_there_is_none(self):
        net = read_mobilenet(_sequence(_stem(), _separable()))
        self.assertIsNone(net.feature)
        self.assertIsNone(net.classifier)

    def test_rescalings_are_taken_together(self):
        two = [layers.Rescaling(1 / 255), layers.Rescaling((2, 4, 8), (-1, 0, 0.5))]
        net = read_mobilenet(_sequence(two, _stem(), _separable()))
        self.assertAllClose(net.scale, [2 / 255, 4 / 255, 8 / 255])
        self.assertAllClose(net.offset, [-1, 0, 0.5])
        # An offset goes through what comes behind it.
        two = [layers.Rescaling(1.0, -100.0), layers.Rescaling(0.5, 3.0)]
        net = read_mobilenet(_sequence(two, _stem(), _separable()))
        self.assertAllClose(net.offset, [-47.0] * 3)
        net = read_mobilenet(_sequence(_stem(), _separable()))
        self.assertEqual((net.scale, net.offset), (None, None))

    def test_images_of_any_size_are_taken_for_those_of_imagenet(self):
        model = _sequence(_stem(), _separable(), shape=(None, None, 3))
        self.assertEqual(read_mobilenet(model).resolution, 224)


class RefusedTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.named_parameters(
        ("empty", lambda: [layers.ReLU()], "Conv2D expected, the end found"),
        ("no_norm", lambda: [_conv("stem", 8), layers.Dense(3, name="dense")],
         "BatchNormalization expected, dense found"),
        ("no_block", lambda: [*_stem(), layers.Dense(3, name="dense")],
         "a depthwise convolution expected, dense found"),
        ("two_convolutions",
         lambda: [*_stem(), *_norm(_conv("a", 8)), *_norm(_conv("b", 8)), *_separable()],
         "DepthwiseConv2D expected, b found"),
        ("half_a_squeeze",
         lambda: [*_stem(), *_norm(_depthwise("d")), layers.Conv2D(8, 1), *_norm(_conv("p", 8))],
         "Conv2D expected, p_bn found"),
        ("deep_top", lambda: [*_stem(), *_separable(), *(layers.Dense(3) for _ in range(3))],
         "net has 3 layers with weights behind its last batch norm"),
        ("other_layer", lambda: [*_stem(), *_separable(), layers.PReLU(name="odd")],
         r"layer odd \(PReLU\) is in no MobileNet"),
    )  # fmt: skip
    def test_another_order_of_layers_is_named(self, made, message):
        with self.assertRaisesRegex(UserError, message):
            read_mobilenet(_sequence(made()))

    @parameterized.parameters(((32, 48, 3),), ((32, 32, 1),), ((None, 32, 3),))
    def test_images_are_square_and_coloured(self, shape):
        with self.assertRaisesRegex(UserError, "net wants images .* square RGB is needed"):
            read_mobilenet(_sequence(_stem(), _separable(), shape=shape))

    def test_an_input_beside_the_image_is_refused(self):
        image, number = keras.Input((32, 32, 3)), keras.Input((1,))
        features = layers.GlobalAveragePooling2D()(_sequence(_stem(), _separable())(image))
        joined = layers.Concatenate()([features, number])
        model = keras.Model([image, number], layers.Dense(3)(joined), name="net")
        with self.assertRaisesRegex(UserError, "net has 2 inputs: one image is understood"):
            read_mobilenet(model)


if __name__ == "__main__":
    tf.test.main()
