import pathlib

import keras
import tensorflow as tf

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.devices.boards import load_boards
from tflite_export.exporting.export_again import export_again
from tflite_export.exporting.export_settings import CalibrationData, ExportSettings
from tflite_export.exporting.exporter import export_model
from tflite_export.runtimes.tflm import TflmRuntime


class ExportAgainTest(tf.test.TestCase):
    def test_same_as_exporting_for_the_other_board_at_once(self):
        folder = pathlib.Path(self.get_temp_dir())
        model, images = mobile_net(keras), random_images(6)
        with TflmRuntime() as tflm:
            for name, boards, npus in (
                ("first", "rp2040", []),
                ("direct", "alif_e7", ["ethos-u55-256"]),
            ):
                direct = export_model(
                    model,
                    CalibrationData(images),
                    folder / name,
                    settings=ExportSettings(boards=load_boards(boards), npus=npus),
                    tflm=tflm,
                )
        again = export_again(
            folder / "first",
            folder / "again",
            boards=load_boards("alif_e7"),
            npus=["ethos-u55-256"],
        )
        self.assertEqual(again, direct)
        files = sorted(path.name for path in (folder / "direct").iterdir())
        self.assertEqual(sorted(path.name for path in (folder / "again").iterdir()), files)
        self.assertIn("model_vela.tflite", files)
        for name in files:
            if name != "report.json":  # Has the one figure that differs from run to run.
                expected = (folder / "direct" / name).read_bytes()
                self.assertEqual((folder / "again" / name).read_bytes(), expected, name)


if __name__ == "__main__":
    tf.test.main()
