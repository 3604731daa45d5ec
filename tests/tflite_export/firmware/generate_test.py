import json
import pathlib
import re
import shutil
import subprocess

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.common.errors import ExportError
from tflite_export.convert.convert import convert_int8
from tflite_export.firmware.generate import PLATFORMS, is_firmware_of, write_firmware
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.ops import resolver_method
from tflite_export.runtimes.tflm import TflmRuntime


class GenerateTest(tf.test.TestCase, parameterized.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tflite = convert_int8(mobile_net(keras), random_images(20))
        rng = np.random.default_rng(0)
        cls.inputs = rng.integers(-128, 128, (3, 16, 16, 3)).astype(np.int8)
        cls.tflm = TflmRuntime().__enter__()
        cls.addClassCleanup(cls.tflm.__exit__)

    def _write(self, platform: str, **kwargs) -> pathlib.Path:
        folder = pathlib.Path(self.get_temp_dir()) / platform
        write_firmware(folder, platform, self.tflite, self.inputs, self.tflm, **kwargs)
        return folder

    @parameterized.parameters(*PLATFORMS)
    def test_project_is_complete(self, platform):
        folder = self._write(platform)
        texts = {path.name: path.read_text() for path in folder.rglob("*") if path.is_file()}
        for text in texts.values():
            # No place of the templates is left open; CMake and make have variables of their own.
            self.assertNotRegex(text, r"\$(includes|registrations|arena_bytes|inputs|model_id)")
        sources = {name.split(".")[0] for name in texts if name.endswith((".cc", ".cpp"))}
        self.assertContainsSubset({"model_data", "model_test", "test_vectors"}, sources)
        for text in texts.values():
            for included in re.findall(r'#include "(\w+\.h)"', text):
                self.assertTrue(included in texts or included == "esp_timer.h", included)
            for mentioned in re.findall(r"\b\w+\.cc\b", text if "add_executable" in text else ""):
                self.assertIn(mentioned, texts)

    def test_registers_exactly_the_ops_used(self):
        text = (self._write("make") / "model_test.cc").read_text()
        ops = read_tflite(self.tflite).op_counts
        called = re.findall(r"resolver\.(Add\w+)\(", text)
        self.assertEqual(called, sorted((resolver_method(op) for op in ops), key=called.index))
        self.assertLen(called, len(ops))
        self.assertIn(f"MicroMutableOpResolver<{len(ops)}>", text)

    def test_vectors_are_those_of_the_runtime(self):
        folder = self._write("make")
        record = json.loads((folder / "test_vectors.json").read_text())
        expected = self.tflm.run(self.tflite, self.inputs).outputs
        self.assertAllEqual(record["expected"], expected)
        text = (folder / "test_vectors.cc").read_text()
        rows = [list(map(int, row.split(", "))) for row in re.findall(r"\{([-\d, ]+)\}", text)]
        self.assertAllEqual(rows[:3], self.inputs.reshape(3, -1))
        self.assertAllEqual(rows[3:], expected)

    def test_data_compiles_without_warnings(self):
        folder = self._write("make")
        compiler = shutil.which("g++") or shutil.which("clang++")
        if compiler is None:
            self.skipTest("there is no C++ compiler")
        for name in ("model_data.cc", "test_vectors.cc"):
            subprocess.run(
                [compiler, "-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", name],
                cwd=folder,
                check=True,
            )

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
        self.assertLen(compiling, 5)
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

    def test_arena_of_the_board(self):
        text = (self._write("pico", arena_bytes=4321) / "model_test.cc").read_text()
        host, board = re.search(r"\? (\d+) : (\d+);", text).groups()
        self.assertEqual(board, "4321")
        self.assertGreater(int(host), self.tflm.run(self.tflite, self.inputs).arena_bytes)

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
        with self.assertRaisesRegex(ExportError, "no firmware for 'mbed'; choose from make, esp"):
            self._write("mbed")


if __name__ == "__main__":
    tf.test.main()
