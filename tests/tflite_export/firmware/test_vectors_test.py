import numpy as np
from absl.testing import absltest

from tests.tflite_export.firmware.facts import facts_of
from tflite_export.firmware.test_vectors import (
    frame_inputs,
    make_frames,
    value_inputs,
    vectors_source,
)
from tflite_export.input_spec import InputSpec, image_spec


class FramesTest(absltest.TestCase):
    def test_every_format_shows_the_image_that_is_expected(self):
        facts = facts_of(image_spec(8, 12, crop="stretch"))
        white = np.full((40, 30, 3), 255, np.uint8)
        frames = make_frames([white] * 4, facts)
        self.assertEqual(
            [frame.format for frame in frames], ["RGB888", "RGB565", "GREY", "RGB565_BIG_ENDIAN"]
        )
        for frame, row_bytes in zip(frames, (48, 32, 16, 32), strict=True):
            self.assertEqual(set(frame.image.ravel().tolist()), {255})
            self.assertEqual(frame.rows.shape, (len(frame.image), row_bytes))
        # A direction that grows is among them, and one that shrinks.
        self.assertEqual([len(frame.image) for frame in frames], [7, 11, 11, 11])
        self.assertEqual(set(frame_inputs(frames, facts).ravel().tolist()), {127})

    def test_words_of_16_bits_have_both_orders(self):
        red = np.zeros((9, 9, 3), np.uint8)
        red[..., 0] = 255
        _, low_first, grey, high_first = make_frames([red] * 4, facts_of(image_spec(4, 4)))
        self.assertEqual(low_first.rows[0, :2].tolist(), [0x00, 0xF8])
        self.assertEqual(high_first.rows[0, :2].tolist(), [0xF8, 0x00])
        self.assertEqual(low_first.image[0, 0].tolist(), [255, 0, 0])
        self.assertEqual(grey.rows[0, 0], 76)

    def test_source(self):
        facts = facts_of(image_spec(2, 2))
        frames = make_frames([np.zeros((5, 5, 3), np.uint8)], facts)
        text = vectors_source(frames, np.array([[-1, 2, 3]], np.int8))
        self.assertIn("{MODEL_RGB888, 3, 2, 9, kRaw0, {-1, 2, 3}},", text)
        self.assertIn(f"static const uint8_t kRaw0[] = {{\n    {', '.join(['0'] * 18)},\n}};", text)


class ValuesTest(absltest.TestCase):
    def test_values_are_normalised_and_quantised(self):
        facts = facts_of(InputSpec((2,), mean=(1.0,), std=(2.0,)), input_scale=0.5)
        values = np.array([[1.0, 3.0], [-7.0, 100.0]], np.float32)
        self.assertEqual(value_inputs(values, facts).tolist(), [[0, 2], [-8, 99]])
        text = vectors_source(values, np.zeros((2, 1), np.int8))
        self.assertIn("static const float kRaw0[] = {\n    1.00000000e+00f, 3.00000000e+00f,", text)


if __name__ == "__main__":
    absltest.main()
