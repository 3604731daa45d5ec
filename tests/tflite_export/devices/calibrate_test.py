import hashlib
import json
import pathlib
import tempfile

from absl.testing import absltest, parameterized

from tests.tflite_export.flatbuffers_by_hand import chain
from tflite_export.common.errors import ExportError
from tflite_export.devices.boards import load_boards
from tflite_export.devices.calibrate import calibrate
from tflite_export.devices.device_log import DeviceResult
from tflite_export.devices.latency import estimate_latency
from tflite_export.graph.flatbuffer import read_tflite


class CalibrateTest(parameterized.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.folder / "mine.json"

    def _firmware(self, ops: list[str]) -> tuple[pathlib.Path, bytes]:
        tflite = chain(ops)
        export = self.folder / "-".join(ops)
        firmware = export / "firmware" / "pico"
        firmware.mkdir(parents=True)
        (export / "model_int8.tflite").write_bytes(tflite)
        record = {"model_id": hashlib.sha256(tflite).hexdigest()[:16], "expected": []}
        (firmware / "test_vectors.json").write_text(json.dumps(record))
        return firmware, tflite

    def _printed(self, tflite: bytes, factor: float) -> DeviceResult:
        (board,) = load_boards("rp2040")
        estimate = 1000 * estimate_latency(read_tflite(tflite), board).latency_ms
        return DeviceResult(1, (round(factor * estimate),), 100, 200)

    def test_estimates_follow_the_board(self):
        firmware, tflite = self._firmware(["RELU"])
        said = calibrate(firmware, self._printed(tflite, 2.0), "rp2040", self.path)
        # Boards print whole microseconds.
        self.assertRegex(said, r"rp2040 takes (1\.99|2\.0[01]) times")
        (mine,) = load_boards(str(self.path))
        (known,) = load_boards("rp2040")
        file = read_tflite(tflite)
        corrected, before = estimate_latency(file, mine), estimate_latency(file, known)
        self.assertAlmostEqual(corrected.latency_ms, 2 * before.latency_ms, delta=0.01)
        self.assertLess(corrected.relative_error, before.relative_error)
        self.assertEqual((mine.name, mine.sram_kib), (known.name, known.sram_kib))

    def test_further_models_are_added_and_the_same_one_replaced(self):
        for ops, factor in ((["RELU"], 2.0), (["RELU", "RELU"], 2.0), (["RELU"], 3.0)):
            export = self.folder / "-".join(ops)
            made = export.exists()
            firmware, tflite = (
                (export / "firmware" / "pico", chain(ops)) if made else self._firmware(ops)
            )
            calibrate(firmware, self._printed(tflite, factor), "rp2040", self.path)
        (mine,) = load_boards(str(self.path))
        self.assertLen(mine.measurements, 2)
        self.assertAlmostEqual(mine.measurements[-1].factor, 3.0, delta=0.1)

    @parameterized.parameters(
        ("", "mine.json", 1000, "needs board"),
        ("rp2040", "mine.toml", 1000, "a .json file is needed"),
        ("rp2040@100ms", "mine.json", 1000, "without a limit"),
        ("rp2040,esp32", "mine.json", 1000, "one board is needed"),
        ("rp2040", "mine.json", 0, "0 us by the board's clock"),
    )
    def test_refused(self, board, name, microseconds, words):
        firmware, _ = self._firmware(["RELU"])
        result = DeviceResult(1, (microseconds,), 100, 200)
        with self.assertRaisesRegex(ExportError, words):
            calibrate(firmware, result, board, self.folder / name)
        self.assertFalse((self.folder / name).exists())

    def test_another_model_beside_the_firmware(self):
        firmware, tflite = self._firmware(["RELU"])
        (firmware.parents[1] / "model_int8.tflite").write_bytes(chain(["RELU", "RELU"]))
        with self.assertRaisesRegex(ExportError, "does not hold the model of"):
            calibrate(firmware, self._printed(tflite, 1.0), "rp2040", self.path)

    def test_another_boards_file(self):
        firmware, tflite = self._firmware(["RELU"])
        calibrate(firmware, self._printed(tflite, 1.0), "rp2040", self.path)
        with self.assertRaisesRegex(ExportError, "is a profile of rp2040, not of esp32"):
            calibrate(firmware, self._printed(tflite, 1.0), "esp32", self.path)

    def test_damaged_file(self):
        firmware, tflite = self._firmware(["RELU"])
        calibrate(firmware, self._printed(tflite, 1.0), "rp2040", self.path)
        data = json.loads(self.path.read_text())
        data["rp2040"]["measurements"][0]["measured_ms"] = -1
        self.path.write_text(json.dumps(data))
        with self.assertRaisesRegex(ExportError, "not above 0"):
            load_boards(str(self.path))


if __name__ == "__main__":
    absltest.main()
