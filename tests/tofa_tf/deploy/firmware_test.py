import dataclasses
import json
import re
from pathlib import Path

import tensorflow as tf

from tests.tofa_tf.trained import trained_copy
from tflite_export.common.errors import TofaError
from tflite_export.devices.boards import load_boards
from tflite_export.runtimes.tflm_pool import TflmPool
from tofa_tf.deploy.deployment import Deployment
from tofa_tf.deploy.firmware import add_firmware
from tofa_tf.deploy.scenario import run_scenario
from tofa_tf.select.scenario import Budget, Scenario

PICO = Deployment(Scenario("pico", (Budget("flash_kib", 64.0),)), load_boards("rp2040")[0])


class FirmwareTest(tf.test.TestCase):
    def test_a_finished_scenario_gets_the_projects_that_it_lacks(self):
        folder = Path(self.get_temp_dir()) / "run"
        run = trained_copy(folder)
        with TflmPool() as tflm:
            result = run_scenario(run, PICO, tflm)
            model = folder / result.tflite
            written = model.stat().st_mtime_ns
            add_firmware(run, result, ["make", "pico"], tflm)
            self.assertEqual(model.stat().st_mtime_ns, written)
            projects = model.parent / "firmware"

            with self.subTest("several classes are among the test vectors"):
                record = json.loads((projects / "pico" / "test_vectors.json").read_text())
                self.assertStartsWith(result.sha256, record["model_id"])
                self.assertLen(record["expected"], 4)

            with self.subTest("the arena is that of the board, in program and header"):
                program = (projects / "pico" / "model" / "model.h").read_text()
                header = model.with_name("model_data.h").read_text()
                (arena,) = re.findall(r"arena_size = (\d+),", header)
                self.assertIn(f"#define MODEL_ARENA_BYTES {arena}\n", program)
                self.assertIn("on rp2040;", program)
                self.assertEqual(int(arena), result.board.fit.arena_used)
                # No Zephyr, whose structs are larger, runs what is made for `make`.
                program = (projects / "make" / "model" / "model.h").read_text()
                *_, plain = re.findall(r"MODEL_ARENA_BYTES (\d+)\n", program)
                self.assertLess(int(plain), int(arena))

            with (
                self.subTest("what is no platform of the board is refused"),
                self.assertRaisesRegex(TofaError, "no firmware of esp_idf"),
            ):
                add_firmware(run, result, ["esp_idf"], tflm)

            with self.subTest("a project of this very model is left as it is"):
                edited = projects / "pico" / "README.md"
                edited.write_text("// mine")
                add_firmware(run, result, ["pico"], tflm)
                asked = dataclasses.replace(PICO, npus=("ethos-u55-64",))
                again = run_scenario(run, asked, tflm)
                self.assertEqual(again.npus[0].config, "ethos-u55-64")
                self.assertEqual(edited.read_text(), "// mine")


if __name__ == "__main__":
    tf.test.main()
