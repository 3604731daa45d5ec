from absl.testing import absltest

from tflite_export.common.errors import ExportError
from tflite_export.devices.boards import known_boards
from tflite_export.devices.platforms import PLATFORMS, check_platforms, suited_platforms


class PlatformsTest(absltest.TestCase):
    def test_those_of_the_board(self):
        own = {"arduino": "a:b:c", "zephyr": "z"}
        self.assertEqual(suited_platforms(["zephyr", "esp_idf"], own, "nano"), ("zephyr",))
        self.assertEqual(
            suited_platforms(["board", "arduino", "make"], own, "nano"), ("arduino", "make")
        )
        self.assertEqual(suited_platforms(["board"], {}, "own"), ("make",))
        self.assertEqual(suited_platforms(["esp_idf"], {}, "own"), ("esp_idf",))
        with self.assertRaisesRegex(
            ExportError,
            "'nano' has no firmware of esp_idf, pico: choose from arduino, zephyr, make",
        ):
            suited_platforms(["esp_idf", "pico"], own, "nano")

    def test_every_known_board_has_one(self):
        for board in known_boards().values():
            self.assertNotEmpty(board.platforms, board.name)

    def test_unknown(self):
        check_platforms([*PLATFORMS, "board"])
        with self.assertRaisesRegex(ExportError, "no firmware for 'mbed'; choose from make, pico"):
            check_platforms(["pico", "mbed"])


if __name__ == "__main__":
    absltest.main()
