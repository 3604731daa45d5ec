from absl.testing import absltest

from tflite_export.common.errors import ExportError
from tflite_export.devices.boards import load_boards
from tflite_export.firmware.project_plan import boards_by_platform


class ProjectPlanTest(absltest.TestCase):
    def test_boards_by_platform(self):
        boards = load_boards("esp32s3,rp2040")
        plan = boards_by_platform(["board", "zephyr"], boards)
        named = {name: [board.name for board in own] for name, own in plan.items()}
        self.assertEqual(named, {"esp_idf": ["esp32s3"], "pico": ["rp2040"], "zephyr": ["rp2040"]})
        self.assertEqual(boards_by_platform(["pico"], []), {"pico": ()})
        with self.assertRaisesRegex(ExportError, "board 'esp32s3' has no firmware of pico"):
            boards_by_platform(["pico"], boards)


if __name__ == "__main__":
    absltest.main()
