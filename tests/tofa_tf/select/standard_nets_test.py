import keras
import tensorflow as tf

from benchmarks.standard_nets import resnet8
from tofa_tf.common.errors import UserError
from tofa_tf.select.standard_nets import STANDARD_NETS, standard_space
from tofa_tf.space.cost import cost


class StandardNetsTest(tf.test.TestCase):
    def test_mobilenet_is_that_of_keras(self):
        space = standard_space("mobilenet_v2_035", 64)
        figures = cost(space, space.max_arch, 10)
        net = keras.applications.MobileNetV2((64, 64, 3), alpha=0.35, weights=None, classes=10)
        trainable = sum(variable.value.shape.num_elements() for variable in net.trainable_variables)
        self.assertEqual(figures.params, trainable)
        # 59 MMACs at 224 pixels (published); 3.5 at 64, where the classes are few.
        large = standard_space("mobilenet_v2_035", 224)
        self.assertAllClose(cost(large, large.max_arch, 1000).macs / 1e6, 59.2, atol=0.1)

    def test_resnet_is_that_of_mlperf_but_for_biases(self):
        space = standard_space("resnet8", 32)
        figures = cost(space, space.max_arch, 10)
        net = resnet8((32, 32, 3), 10)
        biases = sum(
            layer.filters for layer in net.layers if isinstance(layer, keras.layers.Conv2D)
        )
        trainable = sum(variable.value.shape.num_elements() for variable in net.trainable_variables)
        shortcuts_with_norm = 2 * (32 + 64)
        self.assertEqual(figures.params, trainable - biases + shortcuts_with_norm)
        self.assertAllClose(figures.macs / 1e6, 12.5, atol=0.1)

    def test_each_is_one_net(self):
        for name in STANDARD_NETS:
            space = standard_space(name, 32)
            self.assertEqual(space.min_arch, space.max_arch)

    def test_unknown(self):
        with self.assertRaisesRegex(UserError, "unknown net 'vgg'; available: resnet8, mobile"):
            standard_space("vgg", 32)


if __name__ == "__main__":
    tf.test.main()
