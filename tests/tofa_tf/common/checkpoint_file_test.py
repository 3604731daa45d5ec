import contextlib
import io
import tempfile
from pathlib import Path

from absl.testing import absltest

from tofa_tf.common.checkpoint_file import before, next_checkpoint, read_last
from tofa_tf.common.errors import UserError


def _read(path: Path) -> str:
    text = path.read_text() if path.exists() else ""
    if not text.startswith("step"):
        raise UserError(f"cannot read {path.name}")
    return text


class CheckpointFileTest(absltest.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.folder / "checkpoint.npz"

    def _save(self, *steps: int) -> None:
        for step in steps:
            with next_checkpoint(self.path) as temporary:
                temporary.write_text(f"step {step}")

    def _read_last(self) -> tuple[str | None, str]:
        with contextlib.redirect_stderr(io.StringIO()) as said:
            return read_last(self.path, _read), said.getvalue()

    def test_the_last_one_is_read_and_the_one_before_it_kept(self):
        self.assertEqual(self._read_last(), (None, ""))
        self._save(1)
        self.assertEqual(self._read_last(), ("step 1", ""))
        self._save(2, 3)
        self.assertEqual(self._read_last(), ("step 3", ""))
        self.assertEqual(_read(before(self.path)), "step 2")
        self.assertCountEqual(self.folder.iterdir(), [self.path, before(self.path)])

    def test_a_failed_write_leaves_both(self):
        self._save(1, 2)
        with self.assertRaises(ZeroDivisionError), next_checkpoint(self.path) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError
        self.assertEqual((_read(self.path), _read(before(self.path))), ("step 2", "step 1"))

    def test_instead_of_a_damaged_one_the_one_before_is_read(self):
        self._save(1, 2)
        self.path.write_text("")
        warning = "warning: cannot read checkpoint.npz: training goes on from the checkpoint "
        self.assertEqual(self._read_last(), ("step 1", f"{warning}before it\n"))
        # Now it is the last one, and the next does not push it out.
        self.assertEqual(self._read_last(), ("step 1", ""))
        self._save(3)
        self.assertEqual(_read(before(self.path)), "step 1")

    def test_killed_between_two_renames(self):
        self._save(1, 2)
        self.path.unlink()
        self.assertEqual(self._read_last(), ("step 1", ""))
        self.assertEqual(self.path.read_text(), "step 1")

    def test_no_checkpoint_that_can_be_read(self):
        self._save(1, 2)
        self.path.write_text("")
        before(self.path).write_text("")
        for _ in range(2):
            with self.assertRaisesRegex(UserError, "^cannot read checkpoint.npz: delete it, and"):
                self._read_last()


if __name__ == "__main__":
    absltest.main()
