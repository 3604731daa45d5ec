import pathlib
import shutil
import subprocess
import unittest

import keras
import tensorflow as tf

from tests.tflite_export.firmware.native import C_COMPILER
from tests.tflite_export.models import mobile_net, random_images
from tflite_export.convert.convert import convert_int8
from tflite_export.firmware.c_source import c_header, c_source
from tflite_export.graph.flatbuffer import read_tflite

_PROGRAM = """
#include <cstdio>
#include "model_data.h"
#include "model_data.h"
int main() {
  std::fprintf(stderr, "%d %d %.9g %d %.9g %d", static_cast<int>(g_model_data_arena_size),
      static_cast<int>(reinterpret_cast<size_t>(g_model_data) % 16),
      static_cast<double>(g_model_data_input_scale),
      static_cast<int>(g_model_data_input_zero_point),
      static_cast<double>(g_model_data_output_scale),
      static_cast<int>(g_model_data_output_zero_point));
  return std::fwrite(g_model_data, 1, g_model_data_size, stdout) ==
      static_cast<size_t>(g_model_data_size) ? 0 : 1;
}
"""

_COMPILER = shutil.which("g++") or shutil.which("clang++")


class CSourceTest(tf.test.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tflite = convert_int8(mobile_net(keras), random_images(10))
        cls.file = read_tflite(cls.tflite)
        cls.header = c_header(cls.file, 6032, "some_board")

    @unittest.skipUnless(_COMPILER, "needs a C++ compiler")
    def test_compiled_without_warnings_the_bytes_come_back(self):
        folder = pathlib.Path(self.get_temp_dir())
        (folder / "model_data.h").write_text(self.header)
        (folder / "model_data.cc").write_text(c_source(self.tflite))
        (folder / "main.cc").write_text(_PROGRAM)
        strict = ["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
        command = [_COMPILER, *strict, "main.cc", "model_data.cc", "-o", "main"]
        subprocess.run(command, cwd=folder, check=True)
        ran = subprocess.run([folder / "main"], capture_output=True, check=True)
        self.assertEqual(ran.stdout, self.tflite)
        source, target = self.file.inputs[0], self.file.outputs[0]
        arena, misalignment, *quantization = ran.stderr.split()
        self.assertEqual((int(arena), int(misalignment)), (6032, 0))
        expected = [source.scales[0], source.zero_points[0], target.scales[0]]
        self.assertAllClose(list(map(float, quantization[:3])), expected, rtol=1e-8)
        self.assertEqual(int(quantization[3]), target.zero_points[0])

    @unittest.skipUnless(C_COMPILER, "there is no C compiler (gcc or clang)")
    def test_header_is_c(self):
        folder = pathlib.Path(self.get_temp_dir())
        (folder / "model_data.h").write_text(self.header)
        (folder / "main.c").write_text(
            '#include "model_data.h"\nunsigned char arena[g_model_data_arena_size];\n'
            "float scale(void) { return g_model_data_input_scale; }\n"
        )
        command = [C_COMPILER, "-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "main.c"]
        subprocess.run(command, cwd=folder, check=True)

    def test_header_registers_each_op_once(self):
        registered = [
            line.split(".")[1] for line in self.header.splitlines() if "resolver.Add" in line
        ]
        self.assertEqual(
            registered,
            [
                "AddAdd();",
                "AddAveragePool2D();",
                "AddConv2D();",
                "AddDepthwiseConv2D();",
                "AddFullyConnected();",
            ],
        )
        self.assertIn("MicroMutableOpResolver<5>", self.header)

    def test_other_names(self):
        header, source = c_header(self.file, 1, name="person"), c_source(b"\x01\xff", "person")
        self.assertIn("#ifndef PERSON_H_", header)
        self.assertIn("extern const unsigned char g_person[];", header)
        self.assertIn('#include "person.h"', source)
        self.assertIn("alignas(16) const unsigned char g_person[] = {\n    0x01, 0xff,\n};", source)


if __name__ == "__main__":
    tf.test.main()
