import pathlib
import tempfile

from absl.testing import absltest

from benchmarks.journal import Journal
from tofa_tf.common.errors import UserError


class JournalTest(absltest.TestCase):
    def setUp(self):
        super().setUp()
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = str(folder / "pieces.jsonl")

    def _run(self, most: int | None = None) -> list[int]:
        made = []
        journal = Journal(self.path, most)
        for number in range(5):
            piece = journal.piece(f"square {number}", lambda n=number: made.append(n) or n * n)
            self.assertEqual(piece, number**2)
        return made

    def test_what_is_finished_is_not_made_again(self):
        for _ in range(2):
            with self.assertRaisesRegex(UserError, "pieces are finished: the same command"):
                self._run(most=2)
        self.assertEqual(self._run(), [4])
        self.assertEqual(self._run(), [])

    def test_without_a_file_nothing_is_kept(self):
        self.path = ""
        self.assertEqual(self._run(), [0, 1, 2, 3, 4])
        self.assertEqual(self._run(), [0, 1, 2, 3, 4])


if __name__ == "__main__":
    absltest.main()
