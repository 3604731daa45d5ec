import csv
import pathlib
import subprocess

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized
from PIL import Image

from tests.scripts import run_script
from tests.tflite_export.models import mobile_net, random_images
from tflite_export.convert.convert import convert_int8
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.runtimes.tflm import TflmRuntime


class BenchmarkTfliteTest(tf.test.TestCase, parameterized.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        images = random_images(4)
        cls.small = convert_int8(mobile_net(keras, widths=(8, 8)), images)
        cls.large = convert_int8(mobile_net(keras, widths=(16, 32)), images)

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.get_temp_dir())
        self.output = self.folder / "out"
        for name, tflite in (("small", self.small), ("large", self.large)):
            (self.folder / name).mkdir()
            (self.folder / name / "model_int8.tflite").write_bytes(tflite)

    def _script(self, *more: str) -> subprocess.CompletedProcess:
        flags = (f"--models={self.folder}/*/model_int8.tflite", f"--output={self.output}")
        return run_script("benchmarks.benchmark_tflite", "--runs=30", *flags, *more)

    def _refused(self, message: str, *more: str):
        failed = self._script(*more)
        self.assertEqual(failed.returncode, 1)
        self.assertRegex(failed.stderr.splitlines()[-1], f"^error: .*{message}")
        self.assertNotIn("Traceback", failed.stderr)

    def test_tables_and_plot(self):
        done = self._script("--threads=1,2")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.output / "results.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(
            [(row["model"], row["threads"]) for row in rows],
            [("large", "1"), ("large", "2"), ("small", "1"), ("small", "2")],
        )
        file = read_tflite(self.large)
        self.assertEqual(int(rows[0]["macs"]), file.macs)
        self.assertEqual(int(rows[0]["ops"]), len(file.ops))
        self.assertEqual(int(rows[0]["tflite_bytes"]), len(self.large))
        with TflmRuntime() as tflm:
            arena = tflm.run(self.large, np.zeros((1, 16, 16, 3), np.int8)).arena_bytes
        self.assertEqual(int(rows[0]["arena_bytes"]), arena)
        for row in rows:
            self.assertGreater(float(row["litert_median_ms"]), 0)
            self.assertGreaterEqual(float(row["litert_p90_ms"]), float(row["litert_median_ms"]))
            self.assertGreater(float(row["tflm_host_ms"]), 0)

        with open(self.output / "ops.csv", newline="") as file:
            ops = [row for row in csv.DictReader(file) if row["model"] == "large"]
        self.assertEqual(sum(int(op["macs"]) for op in ops), int(rows[0]["macs"]))
        markdown = (self.output / "README.md").read_text(encoding="utf-8")
        self.assertIn(" cores, Python 3.", markdown)
        self.assertIn(f"| large | {int(rows[0]['macs']) / 1e6:.2f} |", markdown)
        with Image.open(self.output / "latency.png") as image:
            self.assertGreater(np.asarray(image.convert("L")).std(), 10)

        self._refused("out exists; name another folder")
        self.assertEqual(self._script("--overwrite").returncode, 0)

    def test_damaged_model_is_named_and_nothing_written(self):
        (self.folder / "small" / "model_int8.tflite").write_bytes(self.small[:5000])
        self._refused("small/model_int8.tflite: damaged TFLite file")
        self.assertFalse(self.output.exists())

    @parameterized.parameters(
        ("--models=/nowhere/*.tflite", "no file has such a name"),
        ("--models=", "models is '': no file has such a name"),
        ("--threads=two", "threads is 'two': it must be a whole number"),
        ("--threads=1,0", r"threads is \(1, 0\): it must lie between 1 and 1024"),
        ("--threads=99999999999", r"threads is \(99999999999,\): it must lie between 1 and 1024"),
    )
    def test_bad_flags(self, flag, message):
        self._refused(message, flag)


if __name__ == "__main__":
    tf.test.main()
