import contextlib
import errno
import io
import tempfile
from unittest import mock

from absl.testing import absltest, parameterized

from tflite_export.common.cli import check_temporary_folder, guarded
from tflite_export.common.errors import UserError


def _fail(error: BaseException):
    raise error


class GuardedTest(parameterized.TestCase):
    @parameterized.parameters(
        (UserError("bad:\nchoose"), "error: bad: choose"),
        (UserError("no file a\x1b[2J"), r"error: no file a\x1b[2J"),
        (KeyboardInterrupt(), "interrupted: what was finished is kept; the same command continues"),
        (OSError(errno.ENOSPC, "No space left", "a.json"), "error: cannot write a.json: No space"),
        (OSError(errno.EROFS, "Read-only"), "error: cannot write the output: Read-only"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 1),
    )
    def test_what_a_user_can_cause_is_one_line(self, error, message):
        with (
            # `guarded` may redirect the file descriptor of stdout.
            tempfile.TemporaryFile("w") as output,
            contextlib.redirect_stdout(output),
            self.assertRaises(SystemExit) as end,
        ):
            guarded(lambda: _fail(error))
        self.assertStartsWith(str(end.exception.code), str(message))

    def test_mistakes_of_the_program_are_not_hidden(self):
        for error in (KeyError("x"), FileNotFoundError(errno.ENOENT, "No such file", "x")):
            with self.assertRaises(type(error)):
                guarded(lambda error=error: _fail(error))

    def test_what_a_terminal_cannot_show_is_escaped(self):
        with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), "ascii")) as output:
            guarded(lambda: print("±"))
            self.assertEqual(output.buffer.getvalue(), b"\\xb1\n")

    def test_no_place_for_temporary_files(self):
        check_temporary_folder()
        with (
            mock.patch.object(tempfile, "tempdir", None),
            mock.patch.object(tempfile, "_candidate_tempdir_list", lambda: ["/dev/null/x"]),
            self.assertRaisesRegex(UserError, "^No usable temporary directory .*: set TMPDIR to"),
        ):
            check_temporary_folder()


if __name__ == "__main__":
    absltest.main()
