import json
import pathlib
import re
import subprocess

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from tests.scripts import run_script
from tests.tflite_export.models import mobile_net, random_images
from tflite_export.input_spec import InputSpec, image_spec

_BOARD_WITH_NPU = """
[own]
core = "cortex-m55"
clock_mhz = 400
kernels = "cmsis_nn"
sram_kib = 2048
sram_reserved_kib = 64
flash_kib = 16384
flash_reserved_kib = 256
npu = "ethos-u55-64"
npu_mhz = 400
"""


class ExportScriptTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.get_temp_dir())
        self.output = self.folder / "out"

    def _save(self):
        mobile_net(keras).save(self.folder / "model.keras")
        nested = self.folder / "images" / "nested"
        nested.mkdir(parents=True)
        for number, image in enumerate(random_images(6)):
            pixels = np.round(image * 127 + 128).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(nested / f"{number}.png")

    def _script(self, *more: str) -> subprocess.CompletedProcess:
        return run_script(
            "tflite_export.export",
            f"--model={self.folder / 'model.keras'}",
            f"--representative={self.folder / 'images'}",
            f"--output={self.output}",
            *more,
        )

    def test_folder_of_images_to_verified_model(self):
        self._save()
        done = self._script(f"--test={self.folder / 'images'}", "--class_names=a,b,c,d,nested")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("accuracy on 6 test inputs: float ", done.stdout)
        self.assertIn("MMACs, flash", done.stdout)
        self.assertIn("input: (pixel - [128]) / [128]", done.stdout)
        report = json.loads((self.output / "report.json").read_text())
        self.assertEqual(
            report["recipe"],
            {
                "model": "model.keras",
                "representative": "images",
                "representative_inputs": 6,
                "test": "images",
            },
        )
        self.assertEqual(InputSpec.from_json(report["input_spec"]), image_spec(16, 16))
        # Pixels from 0 to 255 became -1 to 1, and int8 resolves them one by one.
        self.assertAllClose(report["input_scale"], 1 / 128, rtol=0.02)
        tflite = (self.output / "model_int8.tflite").read_bytes()
        self.assertEqual(len(tflite), report["tflite_bytes"])

    def test_boards_and_firmware(self):
        self._save()
        own = self.folder / "own.toml"
        own.write_text(_BOARD_WITH_NPU)
        done = self._script(
            f"--boards=rp2040,ra8d1,{own}",
            "--firmware=make",
            "--repack=tflm_only",
            "--quantization=auto",
            "--tolerance=100",
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"quantization: ptq; ptq is estimated to lose [\d.]+ points")
        self.assertRegex(done.stdout, r"estimate [\d.]+ ms \+- [\d.]+ ms on rp2040; fits")
        self.assertIn(f"firmware: {self.output / 'firmware' / 'make'}; README.md", done.stdout)
        report = json.loads((self.output / "report.json").read_text())
        self.assertEqual(report["packing"]["level"], "tflm_only")
        boards = {board["fit"]["board"]: board for board in report["boards"]}
        self.assertEqual(list(boards), ["rp2040", "ra8d1", "own"])
        self.assertIn("ethos-u55-64 at 400 MHz: estimate", done.stdout)
        npu = boards["own"]["npu"]
        self.assertAllClose(npu["latency_ms"], report["npus"][0]["cycles"] / 400e3)
        compiled = self.output / "model_vela.tflite"
        self.assertEqual(compiled.stat().st_size, npu["tflite_bytes"])
        self.assertIn("| own | ethos-u55-64 at 400 MHz |", (self.output / "boards.md").read_text())
        self.assertIn("| rp2040 |", (self.output / "boards.md").read_text())
        # The firmware runs on all boards, so its arena is that of the neediest one, which may have
        # a runtime of larger structs than that of this project.
        text = (self.output / "firmware" / "make" / "model" / "model.h").read_text()
        reserved = int(re.findall(r"MODEL_ARENA_BYTES (\d+)\n", text)[1])
        needed = boards["ra8d1"]["fit"]["arena_used"]
        self.assertBetween(reserved, needed - 1024, needed)
        for board in boards.values():
            self.assertAllClose(
                board["latency"]["latency_ms"],
                sum(op["latency_ms"] for op in board["latency"]["ops"]),
            )

    def test_error_is_one_line_without_traceback(self):
        failed = self._script()
        self.assertEqual(failed.returncode, 1)
        self.assertRegex(failed.stderr.splitlines()[-1], "^error: there is no model file .*keras$")
        self.assertNotIn("Traceback", failed.stderr)
        self.assertFalse(self.output.exists())


if __name__ == "__main__":
    tf.test.main()
