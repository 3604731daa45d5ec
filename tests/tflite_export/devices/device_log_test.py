import json
import os
import pathlib
import subprocess
import sys
import threading
import tty

import tensorflow as tf
from absl.testing import parameterized

from tflite_export.common.errors import ExportError
from tflite_export.devices.device_log import check_log, read_serial

_ID = "0123456789abcdef"
_LOG = """\
boot: some other words
MODEL 0123456789abcdef vectors 2
VECTOR 0 us 1200 output -128 0 127 expected -128 0 127 PASS
VECTOR 1 us 1300 output 1 2 3 expected 1 2 3 PASS
ARENA used 5000 of 6016
RESULT PASS 2 of 2
"""


class DeviceLogTest(tf.test.TestCase, parameterized.TestCase):
    def setUp(self):
        super().setUp()
        self.firmware = pathlib.Path(self.get_temp_dir())
        record = {"model_id": _ID, "expected": [[-128, 0, 127], [1, 2, 3]]}
        (self.firmware / "test_vectors.json").write_text(json.dumps(record))

    @parameterized.parameters(_LOG, _LOG.replace("\n", "\r\n"), "MODEL cut sh\n" + _LOG)
    def test_good_log(self, log):
        result = check_log(log, self.firmware)
        self.assertEqual(result.vectors, 2)
        self.assertEqual(result.microseconds, (1200, 1300))
        self.assertEqual((result.arena_used_bytes, result.arena_bytes), (5000, 6016))

    def test_last_of_several_runs_counts(self):
        bad = _LOG.replace("output 1 2 3", "output 1 2 4")
        check_log(bad + _LOG, self.firmware)
        with self.assertRaisesRegex(ExportError, "disagrees at vector 1"):
            check_log(_LOG + bad, self.firmware)

    @parameterized.parameters(
        ("", "no line that starts with MODEL"),
        ("\n".join(_LOG.splitlines()[:3]), "cut short: 1 of 2 vectors, no RESULT"),
        (_LOG.replace("us 1300", "us #3~0"), "garbled: 'VECTOR 1 us #3~0"),
        (_LOG.replace("VECTOR 1", "VECTOR 7"), "garbled at vector 1"),
        (_LOG.replace("0123456789abcdef", "f123456789abcdef"), "ran model f123456789abcdef"),
        (_LOG.replace("output -128 0 127", "output -128 1 127"), "disagrees at vector 0: it gave"),
        # The board's own verdict is not believed.
        (_LOG.replace("1 2 3", "1 2 4"), "gave \\[1, 2, 4\\], expected is \\[1, 2, 3\\]"),
        (_LOG.replace("RESULT PASS", "RESULT FAIL"), "its outputs are right"),
        (f"MODEL {_ID} vectors 2\nRESULT FAIL: arena too small\n", "could not run.*too small"),
    )  # fmt: skip
    def test_bad_logs(self, log, message):
        with self.assertRaisesRegex(ExportError, message):
            check_log(log, self.firmware)

    def test_folder_without_firmware(self):
        with self.assertRaisesRegex(ExportError, "no readable test_vectors.json"):
            check_log(_LOG, self.firmware / "nowhere")

    @parameterized.parameters(
        *("", "[]", "{}", '{"model_id": "a", "expected": 3}'),
        '{"model_id": "a", "expected": [[Infinity]]}',
    )
    def test_damaged_record(self, text):
        (self.firmware / "test_vectors.json").write_text(text)
        with self.assertRaisesRegex(ExportError, "no readable test_vectors.json"):
            check_log(_LOG, self.firmware)

    def test_serial_port(self):
        board, port = os.openpty()
        tty.setraw(board)
        writer = threading.Thread(target=os.write, args=(board, _LOG.encode()))
        writer.start()
        log = read_serial(os.ttyname(port), 115200, timeout_seconds=10)
        writer.join()
        self.assertEqual(check_log(log, self.firmware).vectors, 2)

    def test_silent_board(self):
        _, port = os.openpty()
        self.assertEqual(read_serial(os.ttyname(port), 115200, timeout_seconds=0.1), "")

    @parameterized.parameters(
        ("/dev/nothing", 115200, "cannot open serial port /dev/nothing: No such file"),
        ("/dev/nothing", 12345, "cannot run at 12345 baud"),
        ("/dev/null", 115200, "cannot read serial port /dev/null"),
    )
    def test_bad_ports(self, port, baud, message):
        with self.assertRaisesRegex(ExportError, message):
            read_serial(port, baud, 0.1)

    @parameterized.parameters((_LOG, 0, "PASS: 2 vectors equal"), ("x", 1, "error: the log has"))
    def test_script(self, log, code, words):
        (self.firmware / "board.log").write_text(log)
        done = subprocess.run(
            [sys.executable, "-m", "tflite_export.check_device_log",
             f"--firmware={self.firmware}", f"--log={self.firmware / 'board.log'}"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, code)
        self.assertIn(words, done.stdout + done.stderr)
        self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    tf.test.main()
