import dataclasses

from absl.testing import absltest, parameterized

from tflite_export.common.errors import ExportError
from tflite_export.convert.quantization_settings import Method
from tflite_export.devices.boards import load_boards
from tflite_export.exporting.export_settings import ExportSettings
from tflite_export.pack.repack import Level
from tflite_export.task import Task


class ExportSettingsTest(parameterized.TestCase):
    def test_texts_and_lists_will_do(self):
        boards = load_boards("rp2040,esp32")
        given = ExportSettings(
            task="binary",
            repack_level="tflm_only",
            boards=list(boards),
            npus=["ethos-u55-64"],
            class_names=["no", "yes"],
        )
        self.assertIs(given.task, Task.BINARY)
        self.assertIs(given.repack_level, Level.TFLM_ONLY)
        self.assertIsInstance(given.boards, tuple)
        self.assertSequenceEqual(given.boards, boards)
        for kept, value in ((given.npus, ("ethos-u55-64",)), (given.class_names, ("no", "yes"))):
            self.assertIsInstance(kept, tuple)
            self.assertSequenceEqual(kept, value)

    def test_where_nothing_is_said_nothing_is_lost(self):
        given = ExportSettings()
        self.assertIs(given.task, Task.AUTO)
        self.assertIs(given.repack_level, Level.LOSSLESS)
        self.assertIs(given.quantization.method, Method.PTQ)
        self.assertEqual((given.boards, given.npus, given.recipe), ((), (), {}))

    @parameterized.parameters(
        ({"task": "detection"}, "there is no task 'detection'; choose one of auto, classification"),
        ({"repack_level": "zip"}, "no repacking level 'zip'; choose one of none, lossless, tflm"),
        ({"tflm_examples": 0}, "tflm_examples=0: at least 1 is needed"),
        ({"tflm_examples": -1}, "tflm_examples=-1"),
    )
    def test_what_cannot_be_is_refused_at_once(self, changes, message):
        with self.assertRaisesRegex(ExportError, message):
            ExportSettings(**changes)
        with self.assertRaisesRegex(ExportError, message):
            dataclasses.replace(ExportSettings(), **changes)

    def test_no_two_settings_share_a_recipe(self):
        self.assertIsNot(ExportSettings().recipe, ExportSettings().recipe)


if __name__ == "__main__":
    absltest.main()
