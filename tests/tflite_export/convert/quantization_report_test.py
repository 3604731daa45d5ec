import json

import keras
import numpy as np
import tensorflow as tf

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.convert.convert import convert_int8
from tflite_export.convert.outputs import outputs_of
from tflite_export.convert.quantization_report import Answers, QuantizationReport, answers
from tflite_export.convert.quantization_settings import Method
from tflite_export.task import OutputRule, Task


class AnswersTest(tf.test.TestCase):
    def test_accuracy_and_agreement_are_of_all_images(self):
        images = random_images(20)
        model = mobile_net(keras, widths=(8,))
        logits = outputs_of(model, images)
        tflite = convert_int8(model, images)
        own = answers(tflite, images, logits.argmax(axis=1), logits)
        self.assertEqual(own.accuracy, own.agreement)
        # Labels that nobody gives, and a float model that says the opposite.
        other = answers(tflite, images, np.full(20, -1), -logits)
        self.assertEqual((other.accuracy, other.agreement), (0.0, 0.0))
        self.assertIsNone(answers(tflite, images, None, logits).accuracy)
        self.assertAllClose(
            answers(tflite, images, None, logits + 7).mean_output_error, 7.0, rtol=0.05
        )
        numbers = answers(tflite, images, None, logits, OutputRule(Task.REGRESSION))
        self.assertIsNone(numbers.agreement)

    def test_record_survives_json(self):
        for qat in (None, Answers(0.5, 0.75, 0.1)):
            report = QuantizationReport(
                Method.AUTO, Method.QAT, 0.5, 0.1, 0.6, Answers(None, 1.0, 0.25), qat, 150, 2.5
            )
            fields = json.loads(json.dumps(report.to_json()))
            self.assertEqual(QuantizationReport.from_json(fields), report)


if __name__ == "__main__":
    tf.test.main()
