import dataclasses
import json
import pathlib

import tensorflow as tf
from absl.testing import parameterized

from tflite_export.common.errors import ExportError
from tflite_export.devices.boards import CORES, Board, known_boards, list_boards, load_boards

_MINE = {
    "core": "cortex-m4",
    "clock_mhz": 80,
    "kernels": "cmsis_nn",
    "sram_kib": 128,
    "sram_reserved_kib": 28,
    "flash_kib": 512,
    "flash_reserved_kib": 12,
}


class BoardsTest(tf.test.TestCase, parameterized.TestCase):
    def _file(self, name: str, text: str) -> str:
        path = pathlib.Path(self.get_temp_dir()) / name
        path.write_text(text)
        return str(path)

    def _mine(self, **changes) -> str:
        table = {key: value for key, value in {**_MINE, **changes}.items() if value is not None}
        return self._file("my.json", json.dumps({"mine": table}))

    def test_known_boards(self):
        boards = load_boards("nano33ble, rp2040,esp32s3")
        self.assertEqual([board.name for board in boards], ["nano33ble", "rp2040", "esp32s3"])
        self.assertEqual(boards[0].core, "cortex-m4")
        self.assertEqual(boards[1].clock_mhz, 125)

    def test_only_arm_cores_have_what_is_arms(self):
        traits = {name: (core.has_dsp, core.has_mve) for name, core in CORES.items()}
        self.assertEqual(traits["cortex-m0plus"], (False, False))
        self.assertEqual(traits["cortex-m33"], (True, False))
        self.assertEqual(traits["cortex-m55"], (True, True))
        others = [name for name in CORES if not name.startswith("cortex-")]
        self.assertEqual({traits[name] for name in others}, {(False, False)})
        self.assertEqual([name for name in CORES if CORES[name].pointer_bytes == 8], ["rv64gc"])

    def test_limit_of_latency(self):
        free, slow, fast = load_boards("rp2040,rp2040@100ms,rp2040@12.5fps")
        self.assertEqual(
            (free.latency_limit_ms, slow.latency_limit_ms, fast.latency_limit_ms), (0, 100, 80)
        )
        self.assertEqual((slow.name, fast.name), ("rp2040_100ms", "rp2040_12.5fps"))

    def test_profiles_are_plausible(self):
        self.assertGreaterEqual(len(known_boards()), 15)
        for board in known_boards().values():
            self.assertBetween(board.arena_available_bytes, 64 * 1024, 8 << 20)
            self.assertBetween(board.flash_available_bytes, 256 * 1024, 16 << 20)
            self.assertNotEmpty(board.title)
        self.assertEqual(known_boards()["alif_e7"].npu, "ethos-u55-256")

    def test_own_board_as_json_or_toml(self):
        toml = "\n".join(f"{key} = {json.dumps(value)}" for key, value in _MINE.items())
        (from_toml,) = load_boards(self._file("my.toml", f"[mine]\n{toml}\n"))
        (from_json,) = load_boards(self._mine())
        self.assertEqual(from_toml, from_json)
        self.assertEqual(from_json.name, "mine")
        self.assertEqual(from_json.arena_available_bytes, 100 * 1024)
        self.assertEqual(from_json.flash_available_bytes, 500 * 1024)

    def test_list_names_every_board(self):
        lines = list_boards().splitlines()
        self.assertLen(lines, len(known_boards()) + 1)
        for name, line in zip(known_boards(), lines[1:], strict=True):
            self.assertStartsWith(line, name)

    @parameterized.parameters(
        "..",
        ".",
        "",
        ".hidden",
        "../../victim",
        "/tmp/victim",
        "a/b",
        "a\\b",
        "mine\n#error",
        "mine\n",
        "a b",
        "-rf",
        "b\u00f6ard",
        101 * "a",
    )
    def test_name_that_would_leave_its_folder_or_comment(self, name):
        path = self._file("names.json", json.dumps({name: _MINE}))
        with self.assertRaisesRegex(ExportError, "is no name for a board: allowed are"):
            dataclasses.replace(known_boards()["rp2040"], name=name)
        with self.assertRaisesRegex(ExportError, r"names.json: board .* is no name .*allowed are"):
            load_boards(path)

    @parameterized.parameters(
        ({"core": "cortex-m99"}, "core 'cortex-m99' is none of"),
        ({"kernels": "esp_nn"}, "no kernels 'esp_nn' for cortex-m4"),
        ({"clock_mhz": 0}, "clock_mhz = 0 is no number from 1 to 2000"),
        ({"clock_mhz": 80_000_000}, "clock_mhz = 80000000 is no number"),
        ({"sram_kib": "128"}, "sram_kib = '128' is no number"),
        ({"sram_kib": True}, "sram_kib = True is no number"),
        ({"flash_kib": float("nan")}, "flash_kib = nan is no number"),
        ({"sram_reserved_kib": 128}, "sram_reserved_kib = 128 leaves nothing of 128 KiB"),
        ({"sram_kib": None}, "board 'mine' lacks sram_kib"),
        ({"npu": "ethos-u55-64"}, "npu and npu_mhz belong together"),
        ({"npu": "u55", "npu_mhz": 400}, "board 'mine': unknown NPU 'u55'; known are ethos"),
        ({"ram": 3}, "unknown field 'ram'; fields: core"),
        ({"core": ["cortex-m4"]}, r"core = \['cortex-m4'\] is no text of one line"),
        ({"title": "My board\n#include"}, r"title = 'My board\\n#include' is no text of one line"),
    )
    def test_absurd_values(self, changes, message):
        with self.assertRaisesRegex(ExportError, message):
            load_boards(self._mine(**changes))

    @parameterized.parameters(
        ({"core": "z80"}, "board 'mine': core 'z80' is none of cortex-m0plus"),
        ({"clock_mhz": -1}, "board 'mine': clock_mhz = -1 is no number from 1 to 2000"),
        ({"sram_reserved_kib": 128}, "sram_reserved_kib = 128 leaves nothing of 128 KiB"),
        ({"npu_mhz": 400}, "npu and npu_mhz belong together"),
        ({"platforms": {"dos": "x"}}, "platforms = .*; a table of"),
    )
    def test_absurd_values_in_a_program(self, changes, message):
        with self.assertRaisesRegex(ExportError, message):
            Board("mine", **(_MINE | changes))

    @parameterized.parameters(
        ("nano33", "unknown board 'nano33'; known are nano33ble"),
        ("", "no board in ''"),
        ("rp2040,rp2040", "board 'rp2040' is in the list twice"),
        ("nowhere.toml", "cannot read board file nowhere.toml: No such file"),
        ("rp2040@fast", "rp2040@fast: wanted a limit such as @100ms or @10fps"),
        ("rp2040@0fps", "rp2040@0fps: wanted a limit"),
        ("rp2040@0.001ms", "rp2040@0.001ms: wanted a limit from 0.01 to 1e"),
        (f"rp2040@{400 * '9'}ms", "wanted a limit such as"),
        ("rp2040@\u0661ms", "wanted a limit such as"),
    )
    def test_bad_lists(self, names, message):
        with self.assertRaisesRegex(ExportError, message):
            load_boards(names)

    @parameterized.parameters(
        ("a.toml", "core = ", "is no toml"),
        ("a.json", "[1]", "holds no board"),
        ("a.toml", "", "holds no board"),
        ("a.toml", "core = 'cortex-m4'", "'core' is no table"),
        ("a.toml", f"a = {'[' * 5000}{']' * 5000}", "a.toml is nested too deeply"),
        ("a.json", '{"a": ' * 50_000, "a.json is nested too deeply"),
    )
    def test_bad_files(self, name, text, message):
        with self.assertRaisesRegex(ExportError, message):
            load_boards(self._file(name, text))


if __name__ == "__main__":
    tf.test.main()
