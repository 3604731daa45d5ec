import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.common.errors import ExportError
from tflite_export.convert.quantization_settings import Method, QatSettings, Quantization
from tflite_export.convert.quantize_model import estimated_loss, quantize_model
from tflite_export.task import OutputRule, Task


class EstimatedLossTest(tf.test.TestCase):
    def test_equal_answers_lose_nothing(self):
        logits = np.random.default_rng(0).normal(size=(20, 5))
        self.assertEqual(estimated_loss(logits, 0.5 * logits), 0.0)

    def test_other_answers_lose_the_difference_of_the_probabilities(self):
        probabilities = np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1]])
        int8 = np.array([[0, 1, 0], [1, 0, 0]])
        for outputs in (probabilities, np.log(probabilities) + 3.0):
            self.assertAllClose(estimated_loss(outputs, int8), 100 * (0.7 - 0.2) / 2)

    def test_other_decisions_lose_the_difference_of_the_probabilities(self):
        probabilities, int8 = np.array([[0.9], [0.6], [0.2]]), np.array([[0.8], [0.4], [0.1]])
        expected = 100 * (0.6 - 0.4) / 3
        rule = OutputRule(Task.BINARY, 0.5)
        self.assertAllClose(estimated_loss(probabilities, int8, rule), expected)
        logits = np.log(probabilities / (1 - probabilities))
        rule = OutputRule(Task.BINARY, 0.0)
        self.assertAllClose(estimated_loss(logits, int8 - 0.5, rule), expected)

    def test_numbers_have_no_answers_to_lose(self):
        with self.assertRaisesRegex(ExportError, "a regression gives none: choose 'ptq' or 'qat'"):
            estimated_loss(np.zeros((2, 1)), np.zeros((2, 1)), OutputRule(Task.REGRESSION))


class QuantizeModelTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.named_parameters(
        ("ptq", Method.PTQ, 0.5, False),
        ("qat", Method.QAT, 0.5, True),
        ("auto_within_tolerance", Method.AUTO, 100.0, False),
        ("auto_beyond_tolerance", Method.AUTO, 0.0, True),
    )
    def test_training_is_done_when_wanted(self, method, tolerance, trained):
        images = random_images(16)
        # Outputs so close to each other that int8 cannot keep them apart.
        model = mobile_net(keras, widths=(8,))
        model.layers[-1].set_weights([1e-3 * w for w in model.layers[-1].get_weights()])
        model.layers[-1].bias.assign([100.0] * 5)
        asked = Quantization(method, tolerance, QatSettings(steps=1, batch=4))
        made = quantize_model(model, images, images, asked)
        self.assertEqual(made.qat is not None, trained)
        self.assertEqual(made.qat_seconds is not None, trained)
        self.assertEqual(made.ptq_estimated_loss is not None, method == Method.AUTO)


if __name__ == "__main__":
    tf.test.main()
