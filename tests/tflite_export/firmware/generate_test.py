import dataclasses
import json
import pathlib
import re
import shutil
import subprocess

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tflite_export.firmware.native import C_COMPILER, STRICT
from tests.tflite_export.full_report import REPORT
from tests.tflite_export.models import mobile_net, random_images
from tflite_export.common.errors import ExportError
from tflite_export.convert.convert import convert_int8
from tflite_export.devices.boards import load_boards
from tflite_export.devices.fit import fit, largest_arena
from tflite_export.devices.memory import memory_of
from tflite_export.devices.platforms import PLATFORMS
from tflite_export.firmware.generate import is_firmware_of, write_firmware
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.ops import resolver_method
from tflite_export.input_spec import image_spec
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.task import Task

_PRINTS_INPUTS = """
#include <stdio.h>
#include "preprocess.h"
#include "test_vectors.h"
int main(void) {
  static int8_t input[MODEL_INPUT_SIZE];
  for (int i = 0; i < TEST_VECTORS; ++i) {
    const test_vector *v = &kTestVectors[i];
    if (preprocess_image(v->format, v->pixels, v->width, v->height, v->stride, input)) return 1;
    fwrite(input, 1, MODEL_INPUT_SIZE, stdout);
  }
  return 0;
}
"""


class GenerateTest(tf.test.TestCase, parameterized.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tflite = convert_int8(mobile_net(keras), random_images(20))
        cls.file = read_tflite(cls.tflite)
        rng = np.random.default_rng(0)
        cls.images = rng.integers(0, 256, (4, 40, 30, 3), np.uint8)
        cls.tflm = TflmRuntime().__enter__()
        cls.addClassCleanup(cls.tflm.__exit__)
        ran = cls.tflm.run(cls.tflite, np.zeros((1, 16, 16, 3), np.int8))
        cls.sizes = ran.arena_bytes, ran.nonpersistent_bytes
        cls.report = dataclasses.replace(
            REPORT,
            input_spec=image_spec(16, 16),
            class_names=("a", "b", "c", "d", "e"),
            memory=memory_of(cls.file, ran.arena_bytes),
            verification=dataclasses.replace(
                REPORT.verification,
                task=Task.CLASSIFICATION,
                threshold=None,
                arena_bytes=ran.arena_bytes,
                nonpersistent_bytes=ran.nonpersistent_bytes,
            ),
        )

    def _write(self, platform: str, raw=None, report=None, **kwargs) -> pathlib.Path:
        folder = pathlib.Path(self.get_temp_dir()) / platform
        raw = self.images if raw is None else raw
        write_firmware(
            folder, platform, report or self.report, self.tflite, raw, self.tflm, **kwargs
        )
        return folder

    @parameterized.parameters(*PLATFORMS)
    def test_project_is_complete(self, platform):
        folder = self._write(platform)
        paths = {path for path in folder.rglob("*") if path.is_file()}
        names = {path.name for path in paths}
        self.assertContainsSubset(
            {"README.md", "model.h", "preprocess.c", "preprocess_table.h", "selftest.c"}, names
        )
        self.assertIn("model.cpp" if platform == "arduino" else "model.cc", names)
        for path in paths:
            text = path.read_text()
            # No place of the templates is left open; Variables of CMake and make are in capitals.
            self.assertNotRegex(text, r"\$\{?[a-z]", path)
            for included in re.findall(r'#include "(\w+\.h)"', text):
                self.assertTrue(included in names or included in _OF_PLATFORMS, included)
        for lists in (path for path in paths if path.name in ("CMakeLists.txt", "Makefile")):
            code = re.sub(r"#.*", "", lists.read_text())
            for mentioned in re.findall(r"[\w/]+\.cc?\b", code):
                self.assertIn(pathlib.PurePath(mentioned).name, names | _OF_ARDUCAM)

    def test_the_title_of_a_board_is_no_markdown(self):
        board = dataclasses.replace(load_boards("rp2040")[0], title="<script>|`mine`")
        text = (self._write("pico", boards=[board]) / "README.md").read_text()
        self.assertIn(r" on \<script>\|\`mine\`" + "\n", text)

    def test_registers_exactly_the_ops_used(self):
        text = (self._write("make") / "model" / "model.cc").read_text()
        ops = self.file.op_counts
        called = re.findall(r"resolver\.(Add\w+)\(", text)
        self.assertEqual(called, sorted((resolver_method(op) for op in ops), key=called.index))
        self.assertLen(called, len(ops))
        self.assertIn(f"MicroMutableOpResolver<{len(ops)}>", text)

    def test_raw_vectors_give_what_is_expected(self):
        if C_COMPILER is None:
            self.skipTest("there is no C compiler (gcc or clang)")
        folder = self._write("make")
        (folder / "main.c").write_text(_PRINTS_INPUTS)
        selftest = folder / "examples" / "selftest"
        sources = ["main.c", folder / "model" / "preprocess.c", selftest / "test_vectors.c"]
        includes = ["-I", folder / "model", "-I", selftest]
        strict = [C_COMPILER, "-std=c99", *STRICT, *includes]
        subprocess.run([*strict, "-c", selftest / "selftest.c"], cwd=folder, check=True)
        subprocess.run([*strict, *sources, "-o", "main"], cwd=folder, check=True)
        printed = subprocess.run([folder / "main"], check=True, capture_output=True).stdout
        inputs = np.frombuffer(printed, np.int8).reshape(4, 16, 16, 3)
        record = json.loads((folder / "test_vectors.json").read_text())
        self.assertAllEqual(record["expected"], self.tflm.run(self.tflite, inputs).outputs)
        self.assertGreater(np.unique(record["expected"], axis=0).shape[0], 1)

    def test_raw_values(self):
        values = np.random.default_rng(0).normal(0, 1, (2, 16, 16, 3))
        folder = self._write("make", values)
        self.assertIn("model_run(", (folder / "model" / "model.h").read_text())
        self.assertNotIn("MODEL_COLOUR", (folder / "model" / "model.h").read_text())
        self.assertFalse((self._write("arduino", values) / "examples" / "camera").exists())

    def test_model_of_which_nobody_said_how_inputs_are_prepared(self):
        report = dataclasses.replace(self.report, input_spec=None)
        values = np.random.default_rng(0).normal(0, 1, (2, 16, 16, 3))
        folder = self._write("make", values, report)
        header = (folder / "model" / "model.h").read_text()
        self.assertIn("#define MODEL_MEAN {0.00000000e+00f}\n", header)
        self.assertIn("model_run(", header)

    def test_c_compiles_without_warnings(self):
        folder = self._write("make")
        compiler = shutil.which("g++") or shutil.which("clang++")
        if compiler is None:
            self.skipTest("there is no C++ compiler")
        strict = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
        for command in (
            [compiler, "-std=c++17", "-x", "c++", "model/model.h"],
            [compiler, "-std=c++17", "model/model_data.cc"],
        ):
            subprocess.run([*command, *strict], cwd=folder, check=True)

    @parameterized.parameters(
        ("arduino", "camera.ino"), ("esp_idf", "main/main.cc"), ("pico", "main.cc")
    )
    def test_what_a_camera_sees_may_be_unknown(self, platform, program):
        folder = self._write(platform)
        for path in ("README.md", f"examples/camera/{program}"):
            asked = r'model_is_known\(scores\) \? model_label\([^:]*\) : "unknown"'
            self.assertRegex((folder / path).read_text(), asked)

    def test_makefile_builds_for_a_board(self):
        folder = self._write("make")
        for name in ("library.a", "board.ld", "startup.c"):
            (folder / name).touch()
        variables = {
            "CROSS_COMPILE": "arm-none-eabi-",
            "TARGET_FLAGS": "-mcpu=cortex-m4",
            "TFLM_LIBRARY": "library.a",
            "BOARD_SOURCES": "startup.c",
            "LINKER_SCRIPT": "board.ld",
            "LDFLAGS": "--specs=rdimon.specs",
        }
        command = ["make", "-n", "--no-print-directory"]
        command += [f"{name}={value}" for name, value in variables.items()]
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        *compiling, linking = done.stdout.replace("\\\n", "").splitlines()
        self.assertLen(compiling, 7)
        self.assertContainsSubset({"arm-none-eabi-gcc"}, {line.split()[0] for line in compiling})
        for line in (*compiling, linking):
            self.assertRegex(line, "^arm-none-eabi-g.* -mcpu=cortex-m4 ")
        for words in ("--specs=rdimon.specs", "-Tboard.ld", "startup.o library.a"):
            self.assertIn(words, linking)

    def test_firmware_of_a_model(self):
        folder = self._write("pico")
        self.assertTrue(is_firmware_of(folder, self.tflite))
        self.assertFalse(is_firmware_of(folder, self.tflite + b"0"))
        (folder / "test_vectors.json").write_text("{")
        self.assertFalse(is_firmware_of(folder, self.tflite))

    def test_arena_is_that_of_the_boards(self):
        for names in ("rp2040", "rp2040,rp2350", ""):
            boards = load_boards(names) if names else []
            arena = max(
                (fit(self.file, *self.sizes, board).arena_used for board in boards), default=0
            ) or largest_arena(self.file, *self.sizes)
            folder = self._write("pico", boards=boards, overwrite=True)
            header = (folder / "model" / "model.h").read_text()
            host, vectors, plain = re.findall(r"#define MODEL_ARENA_BYTES (\d+)", header)
            self.assertEqual(int(vectors), arena)
            self.assertBetween(int(plain), 1 if not names else arena, arena)
            self.assertEqual(int(host), self.report.memory.arena_budget_bytes)
            least_host, least = map(int, re.findall(r"#define MODEL_ARENA_LEAST (\d+)", header))
            self.assertBetween(least_host, 0.8 * int(host), self.sizes[0])
            self.assertBetween(least, 0.5 * arena, self.sizes[0])
            data = (folder / "model" / "model_data.h").read_text()
            self.assertIn(f"arena_size = {arena},", data)
            for text in (header, data):
                self.assertIn(f"on {names.replace(',', ', ') or 'any known board'}", text)

    def test_settings_of_an_esp_are_those_of_its_profile(self):
        folder = self._write("esp_idf", boards=load_boards("esp32c3"))
        settings = (folder / "examples" / "selftest" / "sdkconfig.defaults").read_text()
        self.assertIn('CONFIG_IDF_TARGET="esp32c3"', settings)
        self.assertIn("CPU_FREQ_MHZ_160=y", settings)
        self.assertIn("FLASHSIZE_4MB=y", settings)
        partitions = (folder / "examples" / "selftest" / "partitions.csv").read_text()
        self.assertRegex(partitions, r"factory,\s+app,\s+factory,\s+,\s+1500K,")
        self.assertFalse((folder / "examples" / "camera").exists())
        self.assertIn("idf.py set-target esp32c3", (folder / "README.md").read_text())

    def test_deterministic(self):
        def content(folder):
            return {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()}

        first = content(self._write("zephyr"))
        self.assertEqual(first, content(self._write("zephyr", overwrite=True)))

    def test_nothing_is_overwritten(self):
        self._write("make")
        with self.assertRaisesRegex(ExportError, "exists"):
            self._write("make")

    def test_unknown_platform(self):
        with self.assertRaisesRegex(ExportError, "no firmware for 'mbed'; choose from make, pico"):
            self._write("mbed")


# Headers that come with a platform or a library of its own.
_OF_PLATFORMS = {"esp_timer.h", "esp_camera.h", "ArducamCamera.h"}
_OF_ARDUCAM = {"ArducamCamera.c", "cam_spi_master.c"}


if __name__ == "__main__":
    tf.test.main()
