import dataclasses

import tensorflow as tf
from absl.testing import parameterized

from tflite_export.convert.int8_findings import find_guilty
from tflite_export.convert.layer_noise import INPUT, LayerNoise

_SOUND = LayerNoise(
    layer="conv",
    op="CONV_2D",
    weight_db=48.0,
    activation_db=40.0,
    total_db=30.0,
    saturated=0.0,
    range_used=1.0,
    bulk_used=0.7,
    channels=16,
    dead_channels=0,
    lost_channels=0,
    widest_channel=3,
    channel_spread=1.5,
    widest_input=2,
    weight_spread=1.2,
    scale_spread=2.0,
)


def _noise(**changes) -> LayerNoise:
    return dataclasses.replace(_SOUND, **changes)


class Int8FindingsTest(tf.test.TestCase, parameterized.TestCase):
    def test_sound_layers(self):
        self.assertEmpty(find_guilty([_SOUND, _noise(op="SOFTMAX", activation_db=3.0)]))

    @parameterized.parameters(
        ({"channel_spread": 664.0, "activation_db": 0.3}, "channel 3 is 664 times"),
        ({"weight_spread": 700.0, "weight_db": 1.0}, "input channel 2 are 700 times"),
        ({"saturated": 0.3}, "30.0% of its values lie beyond"),
        ({"range_used": 0.02, "activation_db": 15.0}, "use 2.0% of the range"),
        ({"bulk_used": 0.01, "activation_db": 15.0}, "all but 0.2 % of its values use 1.0%"),
        ({"activation_db": 9.0, "lost_channels": 4}, "leave 9 dB to the signal; 4 channels"),
        ({"activation_db": 9.0, "scale_spread": 90.0}, "output channel are 90 times as large"),
        ({"channel_spread": 664.0, "activation_db": 0.3, "scale_spread": 600.0},
         "0 dB to the 16 channels; the weights of one output channel are 600 times"),
    )  # fmt: skip
    def test_symptoms(self, changes, words):
        (finding,) = find_guilty([_SOUND, _noise(layer="bad", **changes), _SOUND])
        self.assertEqual(finding.layer, "bad")
        self.assertIn(words, finding.what)
        self.assertStartsWith(str(finding), "bad: ")

    def test_uneven_weights_alone_do_no_harm(self):
        # Every output channel has a scale of its own.
        self.assertEmpty(find_guilty([_noise(scale_spread=1000.0)]))

    def test_uneven_weights_have_an_advice_of_their_own(self):
        (finding,) = find_guilty([_noise(activation_db=9.0, scale_spread=90.0)])
        self.assertIn("batch norm", finding.advice)
        for spread in (2.0, None):
            (finding,) = find_guilty([_noise(activation_db=9.0, scale_spread=spread)])
            self.assertIn("ReLU6", finding.advice)

    def test_input_has_an_advice_of_its_own(self):
        (finding,) = find_guilty([_noise(layer=INPUT, saturated=0.5)])
        self.assertIn("mean and std", finding.advice)

    def test_first_of_equally_bad_layers_is_the_cause(self):
        found = find_guilty(
            [
                _noise(layer="less", activation_db=6.0),
                _noise(layer="cause", activation_db=1.0),
                _noise(layer="victim", activation_db=0.0),
            ]
        )
        self.assertEqual([finding.layer for finding in found], ["cause", "victim", "less"])


if __name__ == "__main__":
    tf.test.main()
