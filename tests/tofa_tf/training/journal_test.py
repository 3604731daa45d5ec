"""The records and their order; checkpoints and weights: see `trainer_test`."""

import json
from pathlib import Path

import tensorflow as tf

from tests.tofa_tf.spaces_for_tests import TINY
from tofa_tf.common.workdir import METRICS
from tofa_tf.training.journal import CHECKPOINT, SAMPLED, Journal, RunJournal


class JournalTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir())

    def _steps(self, name: str) -> list[int]:
        lines = (self.folder / name).read_text().splitlines()
        return [json.loads(line)["step"] for line in lines]

    def test_going_on_replaces_the_records_of_steps_to_come(self):
        for first in (0, 2):
            journal = RunJournal(self.folder)
            journal.begin(first)
            for step in range(first, 4):
                journal.sampled(step, [TINY.max_arch])
                journal.measured(step, {"loss": 1.0, "seconds": 0.5 * step})
        self.assertEqual(self._steps(SAMPLED), [0, 1, 2, 3])
        self.assertEqual(self._steps(METRICS), [0, 1, 2, 3])
        self.assertEqual(journal.seconds, 0.5)

    def test_says_where_the_last_good_state_is(self):
        journal = RunJournal(self.folder)
        self.assertEqual(journal.kept, "nothing was saved")
        (self.folder / CHECKPOINT).touch()
        self.assertEndsWith(journal.kept, f"is in {self.folder / CHECKPOINT}")

    def test_a_worker_writes_nothing(self):
        journal = Journal()
        journal.begin(0)
        journal.sampled(0, [TINY.max_arch])
        journal.measured(0, {"loss": 1.0})
        self.assertEqual(journal.seconds, 0.0)
        self.assertEmpty(list(self.folder.iterdir()))


if __name__ == "__main__":
    tf.test.main()
