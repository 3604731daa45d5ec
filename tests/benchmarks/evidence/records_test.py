import dataclasses
from pathlib import Path

import tensorflow as tf

from benchmarks.evidence.records import Records, fingerprint, latest, read_all
from tests.benchmarks.evidence.records_for_tests import row


class RecordsTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir()) / self.id()
        self.folder.mkdir()
        self.records = Records(self.folder)

    def test_rows_come_back_as_they_were(self):
        self.assertEqual(self.records.rows(), [])
        rows = [row("tofa", (0.5, 0.6), notes={"chosen": ["rate 1"]}), row("ridge", (0.4,))]
        for each in rows:
            self.records.add(each)
        self.assertEqual(Records(self.folder).rows(), rows)
        self.assertEqual(self.records.finished(), {each.fingerprint for each in rows})

    def test_what_a_killed_process_left_costs_one_arm(self):
        self.records.add(row("tofa", (0.5,)))
        whole = self.records.path.read_text()
        self.records.path.write_text(whole + whole[: len(whole) // 2] + "\n")
        self.records.add(row("ridge", (0.4,)))
        self.assertEqual([each.arm for each in self.records.rows()], ["tofa", "ridge"])

    def test_the_last_measurement_of_a_place_counts(self):
        old, new = row("tofa", (0.5,)), row("tofa", (0.7,), fingerprint="new")
        for each in (old, new):
            self.records.add(each)
        self.assertEqual(latest(self.records.rows()), [new])
        other = Path(self.get_temp_dir()) / "other"
        other.mkdir()
        last = dataclasses.replace(old, date="2026-12-01")
        Records(other).add(last)
        self.assertEqual(read_all([self.folder, other]), [last])

    def test_fingerprints(self):
        self.assertEqual(fingerprint({"a": 1, "b": 2}), fingerprint({"b": 2, "a": 1}))
        self.assertNotEqual(fingerprint({"a": 1}), fingerprint({"a": 2}))

    def test_accuracy_is_that_of_the_int8_model_where_there_is_one(self):
        (level,) = row("tofa", (0.5,)).levels
        self.assertEqual(level.accuracy, 0.5)
        self.assertEqual(dataclasses.replace(level, int8_accuracy=None).accuracy, 0.51)


if __name__ == "__main__":
    tf.test.main()
