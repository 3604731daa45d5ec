import dataclasses
import json

import keras
import numpy as np
import tensorflow as tf

from tests.tflite_export.flatbuffers_by_hand import chain
from tests.tflite_export.models import mobile_net, random_images
from tflite_export.common.errors import ExportError
from tflite_export.convert.convert import convert_int8
from tflite_export.runtimes.litert import LitertModel
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.runtimes.verify import verify


class VerifyTest(tf.test.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        model = mobile_net(keras)
        cls.images = random_images(60, seed=7)
        cls.tflite = convert_int8(model, random_images(50))
        cls.logits = np.asarray(model(cls.images, training=False))
        cls.tflm = TflmRuntime().__enter__()
        cls.addClassCleanup(cls.tflm.__exit__)
        # Labels that the float model gets right on the first 45 images and wrong on the others.
        cls.labels = cls.logits.argmax(axis=1)
        cls.labels[45:] = (cls.labels[45:] + 1) % 5

    def _verify(self, labels=None, **kwargs):
        return verify(self.tflite, self.images, labels, self.logits, self.tflm, **kwargs)

    def test_figures_equal_those_computed_here(self):
        result = self._verify(self.labels)
        litert = LitertModel(self.tflite)
        inputs = litert.quantize(self.images)
        by_litert = litert.run(inputs).outputs.astype(int)
        by_tflm = self.tflm.run(self.tflite, inputs)
        top = by_tflm.outputs.argmax(axis=1)
        self.assertEqual((result.examples, result.tflm_examples), (60, 60))
        self.assertEqual(result.float_accuracy, 45 / 60)
        self.assertEqual(result.litert_accuracy, np.mean(by_litert.argmax(axis=1) == self.labels))
        self.assertEqual(result.tflm_accuracy, np.mean(top == self.labels))
        self.assertEqual(
            (result.int8_runtime, result.int8_accuracy), ("tflm", result.tflm_accuracy)
        )
        self.assertEqual(result.int8_agreement, np.mean(top == self.logits.argmax(axis=1)))
        self.assertEqual(result.litert_tflm_agreement, np.mean(top == by_litert.argmax(axis=1)))
        lsb = np.abs(by_litert - by_tflm.outputs)
        self.assertEqual(result.litert_tflm_max_lsb, lsb.max())
        self.assertAllClose(result.litert_tflm_mean_lsb, lsb.mean())
        self.assertEqual(result.arena_bytes, by_tflm.arena_bytes)

    def test_model_is_good(self):
        result = self._verify(self.labels)
        self.assertGreater(result.int8_agreement, 0.9)
        self.assertLess(result.mean_output_error, 0.1 * self.logits.std())
        self.assertGreaterEqual(result.max_output_error, result.mean_output_error)

    def test_output_error_is_in_units_of_logits(self):
        shifted = verify(self.tflite, self.images, None, self.logits + 100, self.tflm)
        self.assertAllClose(shifted.mean_output_error, 100, atol=1)

    def test_limit_of_tflm_examples(self):
        result = self._verify(self.labels, tflm_examples=7)
        self.assertEqual((result.examples, result.tflm_examples), (60, 7))
        self.assertEqual(result.int8_runtime, "litert")
        self.assertEqual(result.int8_accuracy, result.litert_accuracy)

    def test_without_labels_accuracies_are_none(self):
        result = self._verify()
        self.assertEqual(
            (result.float_accuracy, result.litert_accuracy, result.tflm_accuracy),
            (None, None, None),
        )
        self.assertIsNone(result.int8_accuracy)

    def test_is_repeatable_but_for_the_time(self):
        first, second = self._verify(self.labels), self._verify(self.labels)
        self.assertEqual(first, second)
        self.assertGreater(first.pc_ms, 0)

    def test_is_json(self):
        record = dataclasses.asdict(self._verify(self.labels))
        self.assertEqual(json.loads(json.dumps(record)), record)

    def test_reference_kernels_compute_what_tflite_micro_does(self):
        self.assertLessEqual(self._verify(self.labels).reference_tflm_max_lsb, 1)

    def test_runtimes_that_disagree_fail(self):
        with self.assertRaisesRegex(ExportError, "disagree: .* LSB in the mean"):
            self._verify(tolerance_lsb=-1.0)

    def test_unsupported_op_fails(self):
        with self.assertRaisesRegex(ExportError, "no op GELU"):
            verify(chain(["GELU"]), self.images, None, self.logits, self.tflm)

    def test_foreign_file_fails(self):
        with self.assertRaisesRegex(ExportError, "not a TFLite file"):
            verify(b"no model at all", self.images, None, self.logits, self.tflm)


if __name__ == "__main__":
    tf.test.main()
