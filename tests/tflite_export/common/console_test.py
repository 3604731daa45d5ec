import contextlib
import io
import os
import sys

import tensorflow as tf

from tflite_export.common.console import captured_stderr, warn


class CapturedStderrTest(tf.test.TestCase):
    def test_holds_what_native_code_writes_and_puts_stderr_back(self):
        before = os.fstat(2)
        with captured_stderr() as written:
            os.write(2, b"from native code")
            written.seek(0)
            self.assertEqual(written.read(), b"from native code")
        self.assertEqual(os.fstat(2).st_ino, before.st_ino)

    def test_puts_stderr_back_after_an_error(self):
        before = os.fstat(2).st_ino
        with self.assertRaises(KeyError), captured_stderr():
            raise KeyError
        self.assertEqual(os.fstat(2).st_ino, before)
        sys.stderr.flush()


class WarnTest(tf.test.TestCase):
    def test_a_name_commands_no_terminal(self):
        with contextlib.redirect_stderr(io.StringIO()) as written:
            warn("a\x1b[2J\nb \xb1 1")
        self.assertEqual(written.getvalue(), "warning: a\\x1b[2J b \xb1 1\n")


if __name__ == "__main__":
    tf.test.main()
