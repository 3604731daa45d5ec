"""Generated preprocessing on an emulated Cortex-M4 against that of Python, bit by bit."""

import unittest
import zlib

import numpy as np
from absl.testing import absltest

from tests.tflite_export.firmware import emulated
from tests.tflite_export.firmware.facts import facts_of
from tests.tflite_export.firmware.native import temporary_folder
from tests.tflite_export.firmware.preprocess_c_test import python_tensor
from tflite_export.firmware.model_library import preprocessing_files
from tflite_export.input_spec import image_spec
from tflite_export.preprocess import from_rgb565

_PROGRAM = """\
#include <stdio.h>
#include "preprocess.h"
static const int kCases[][3] = {CASES};
static uint8_t pixels[3 * LARGEST * LARGEST];
static int8_t input[MODEL_INPUT_SIZE];
static uint32_t checksum(void) { /* CRC-32, as of zlib. */
  uint32_t crc = 0xffffffffu;
  for (int i = 0; i < MODEL_INPUT_SIZE; ++i) {
    crc ^= (uint8_t)input[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1u ? 0xedb88320u : 0u);
  }
  return ~crc;
}
int main(void) {
  for (unsigned i = 0; i < sizeof(kCases) / sizeof(kCases[0]); ++i) {
    const int format = kCases[i][0], height = kCases[i][1], width = kCases[i][2];
    const int stride = width * (format == MODEL_GREY ? 1 : format == MODEL_RGB888 ? 3 : 2);
    for (int k = 0; k < height * stride; ++k) {
      pixels[k] = (uint8_t)(((uint32_t)k + 1000003u * i) * 2654435761u >> 24);
    }
    const int status = preprocess_image((model_format)format, pixels, width, height, stride, input);
    printf("%d %08lx\\n", status, (unsigned long)checksum());
  }
  return 0;
}
"""
_CASES = 1000
_LARGEST = 150


@unittest.skipUnless(emulated.AVAILABLE, emulated.LACKING)
class PreprocessEmulatedTest(absltest.TestCase):
    def test_equal_to_python_to_the_bit(self):
        rng = np.random.default_rng(0)
        sides = np.exp(rng.uniform(0, np.log(_LARGEST), (_CASES, 2))).astype(int)
        cases = [(number % 4, *size) for number, size in enumerate(sides.tolist())]
        facts = facts_of(image_spec(32, 24, mean=(120.0, 110.0, 100.0), std=(60.0,)))
        folder = temporary_folder(self)
        for name, text in preprocessing_files(facts):
            (folder / name).write_text(text)
        rows = ", ".join(f"{{{one}, {height}, {width}}}" for one, height, width in cases)
        (folder / "main.c").write_text(
            f"#define CASES {rows}\n#define LARGEST {_LARGEST}\n{_PROGRAM}"
        )
        printed = emulated.run(folder, "main.c", "preprocess.c").split()
        expected = []
        for number, case in enumerate(cases):
            tensor = python_tensor(_image(number, *case), facts)
            expected += ["0", f"{zlib.crc32(tensor.tobytes()):08x}"]
        self.assertEqual(printed, expected)


def _image(number: int, image_format: int, height: int, width: int) -> np.ndarray:
    """The image of a case, as the program makes it."""
    pixel_bytes = (3, 2, 2, 1)[image_format]
    places = np.arange(height * width * pixel_bytes, dtype=np.uint32)
    values = (places + np.uint32(1000003 * number)) * np.uint32(2654435761) >> np.uint32(24)
    pixels = values.astype(np.uint8).reshape(height, width, pixel_bytes)
    if pixel_bytes == 2:
        return from_rgb565(pixels.view("<u2" if image_format == 1 else ">u2")[..., 0])
    return pixels


if __name__ == "__main__":
    absltest.main()
