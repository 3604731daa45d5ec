import tempfile
from pathlib import Path

from absl.testing import absltest

from tests.limits import files_of_at_most
from tflite_export.common.errors import ExportError
from tflite_export.exporting.export_folder import FIRMWARE_FOLDER, MODEL_FILE, keep_firmware


class KeepFirmwareTest(absltest.TestCase):
    def setUp(self):
        super().setUp()
        root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.old, self.new = root / "old", root / "new"
        (self.old / FIRMWARE_FOLDER / "pico").mkdir(parents=True)
        (self.old / FIRMWARE_FOLDER / "pico" / "main.cc").write_text("// mine")
        (self.old / MODEL_FILE).write_bytes(b"model")
        self.new.mkdir()

    def test_taken_over_for_the_very_same_model(self):
        keep_firmware(self.old, self.new, b"another")
        self.assertEmpty(list(self.new.iterdir()))
        keep_firmware(self.old, self.new, b"model")
        copied = self.new / FIRMWARE_FOLDER / "pico" / "main.cc"
        self.assertEqual(copied.read_text(), "// mine")

    def test_a_full_disk_is_said(self):
        with (
            files_of_at_most(2),
            self.assertRaisesRegex(ExportError, "cannot copy .*old/firmware: .*File too large$"),
        ):
            keep_firmware(self.old, self.new, b"model")


if __name__ == "__main__":
    absltest.main()
