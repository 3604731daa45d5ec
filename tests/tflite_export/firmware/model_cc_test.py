"""Generated `model.cc`, compiled and called."""

import dataclasses
import unittest

import numpy as np
from absl.testing import absltest, parameterized

from tests.tflite_export.firmware.facts import facts_of
from tests.tflite_export.firmware.native import temporary_folder
from tests.tflite_export.firmware.native_model import (
    CXX_COMPILER,
    ERROR_ARENA,
    OK,
    UNTOUCHED,
    NativeModel,
)
from tflite_export.input_spec import image_spec
from tflite_export.rejection import Rejection
from tflite_export.task import CLASSIFICATION

BY_PROBABILITY = Rejection((0.5, 0.25, 0.4))
BY_DISTANCE = Rejection(
    (9.1, 4.1, 20.1), ((3.0, 0.0, -0.5), (0.0, 2.0, 0.0), (-1.0, 0.25, 4.0)), (1.0, 0.5, 0.25)
)


@unittest.skipUnless(CXX_COMPILER, "there is no C++ compiler (g++ or clang++)")
class ModelCcTest(parameterized.TestCase):
    @parameterized.parameters(
        (None, OK, 1), (3500, OK, 1), (3499, ERROR_ARENA, 0), (1, ERROR_ARENA, 0)
    )
    def test_runtime_is_not_asked_with_an_arena_that_is_certainly_too_small(
        self, arena_bytes, status, asked
    ):
        model = NativeModel(facts_of(image_spec(4, 4)), temporary_folder(self), arena_bytes)
        self.assertEqual(model.init(), status)
        self.assertEqual(model.asked, asked)

    def test_bad_arguments_have_a_name_and_write_nothing(self):
        model = NativeModel(facts_of(image_spec(4, 4)), temporary_folder(self))
        pixels = np.zeros((8, 8), np.uint8)
        for arguments, name, initialise in (
            ((pixels, 8, 8, 8, 3), "NOT_INITIALISED", False),
            ((None, 8, 8, 8, 3), "NULL_POINTER", True),
            ((pixels, 8, 8, 8, None), "NULL_POINTER", True),
            ((pixels, 8, 8, 8, 2), "SCORE_COUNT", True),
            ((pixels, 8, 8, 8, -1), "SCORE_COUNT", True),
            ((pixels, 0, 8, 8, 3), "IMAGE_SIZE", True),
            ((pixels, 8, 8, 7, 3), "STRIDE", True),
        ):
            if initialise:
                self.assertEqual(model.init(), OK)
            status, scores = model.classify_grey(*arguments)
            self.assertEqual(model.status_name(status), f"MODEL_ERROR_{name}", arguments)
            self.assertEqual(scores, [UNTOUCHED] * 3)
        status, scores = model.classify_grey(pixels, 8, 8, 8, 3)
        self.assertEqual(model.status_name(status), "MODEL_OK")
        self.assertNotIn(UNTOUCHED, scores)
        self.assertEqual(model.status_name(99), "")

    @parameterized.parameters(BY_PROBABILITY, BY_DISTANCE, None)
    def test_unknown_is_what_python_rejects(self, rejection):
        facts = dataclasses.replace(facts_of(image_spec(4, 4)), rejection=rejection)
        model = NativeModel(facts, temporary_folder(self))
        self.assertEqual(model.init(), OK)
        outputs = np.random.default_rng(0).integers(-20, 20, (500, 3))
        # As `facts_of` quantises outputs.
        values = 0.25 * (outputs.astype(np.float32) + 3)
        known = np.ones(500, bool)
        if rejection:
            known = ~rejection.rejected(values, CLASSIFICATION)
            self.assertBetween(int(known.sum()), 50, 450)
        answers, by_model = zip(*map(model.answer, outputs), strict=True)
        np.testing.assert_array_equal(answers, values.argmax(axis=1))
        np.testing.assert_array_equal(by_model, known)


if __name__ == "__main__":
    absltest.main()
