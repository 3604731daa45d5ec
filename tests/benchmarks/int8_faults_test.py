import keras
import numpy as np
import tensorflow as tf

from benchmarks.benchmark_int8_faults import examine
from benchmarks.int8_faults import FAULTS, Fault, build_net, digits, planted
from tflite_export.convert.outputs import outputs_of


class Int8FaultsTest(tf.test.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.inputs, cls.classes = digits()
        keras.utils.set_random_seed(0)
        cls.net = build_net()
        for layer in cls.net.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = 0.0
        # One pass settles the batch norms; what is planted needs no accuracy.
        cls.net(cls.inputs[:256], training=True)

    def test_one_of_each_kind_is_named(self):
        kinds = {
            "channel of project1 x 1000, undone in expand2",
            "one class x 1000",
            "no ReLU6 behind head, channel x 1000",
            "representative inputs from 0 to 1",
        }
        faults = [fault for fault in FAULTS if fault.name in kinds]
        self.assertLen(faults, len(kinds))
        for fault in faults:
            row = examine(self.net, fault, self.inputs, self.classes)
            self.assertTrue(row.right, f"{row}")

    def test_sound_net_has_no_guilty_layer(self):
        self.assertTrue(examine(self.net, Fault("none", ()), self.inputs, self.classes).right)

    def test_faults_that_are_undone_change_no_float_output(self):
        before = outputs_of(self.net, self.inputs[:8])
        undone = [fault for fault in FAULTS if "undone" in fault.name and not fault.unclipped]
        self.assertLen(undone, 7)
        for fault in undone:
            after = outputs_of(planted(self.net, fault), self.inputs[:8])
            self.assertAllClose(before, after, rtol=0.02, atol=0.02 * np.abs(before).max())

    def test_twenty_different_faults(self):
        self.assertLen({fault.name for fault in FAULTS}, 20)


if __name__ == "__main__":
    tf.test.main()
