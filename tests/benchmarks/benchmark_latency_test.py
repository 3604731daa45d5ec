import pathlib
import subprocess

import tensorflow as tf

from tests.scripts import run_script
from tests.tflite_export.flatbuffers_by_hand import chain

_PUBLIC = (
    *("vww_96_int8", "pretrainedResnet_quant", "kws_ref_model", "ad01_int8"),
    *("person_detect", "mcunet_vww1"),
)


class BenchmarkLatencyTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.models = pathlib.Path(self.get_temp_dir()) / "models"
        self.models.mkdir()
        self.output = self.models.parent / "out"

    def _script(self) -> subprocess.CompletedProcess:
        flags = (f"--models_dir={self.models}", f"--output={self.output}")
        return run_script("benchmarks.benchmark_latency", *flags)

    def test_every_row_of_the_table_is_estimated(self):
        # Any readable file will do: what is tested is the table and its way through the estimate.
        for name in _PUBLIC:
            (self.models / f"{name}.tflite").write_bytes(chain(["RELU"]))
        done = self._script()
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = (self.output / "README.md").read_text().splitlines()
        rows = [line.split(" | ") for line in lines if "%" in line and line.startswith("| ")]
        self.assertGreater(len(rows), 30)
        compared = [row for row in rows if row[7] != "older"]
        self.assertIn(f"{len(compared)} rows, the source of each left out", str(lines))
        for row in compared:
            published, estimate, error = float(row[3]), float(row[4]), float(row[5][:-1]) / 100
            near = {"rtol": 0.001, "atol": 0.001 * published}
            self.assertAllClose(published * (1 + error), estimate, **near)
            band = float(row[6][:-1]) / 100 * estimate
            self.assertEqual(row[7] == "yes", abs(published - estimate) <= band)

    def test_missing_model_is_one_line(self):
        done = self._script()
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr.splitlines()[-1], "^error: there is no .*vww_96_int8.tflite")
        self.assertFalse(self.output.exists())


if __name__ == "__main__":
    tf.test.main()
