import contextlib
import io
import json
from pathlib import Path

import tensorflow as tf

from tofa_tf.common.errors import UserError
from tofa_tf.training.metrics_log import METRICS, MetricsLog, drop_lines_from, training_seconds


def _line(step: int) -> str:
    return json.dumps({"step": step, "seconds": 1.5 * step}) + "\n"


class MetricsLogTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir()) / "run"
        self.folder.mkdir()
        self.path = self.folder / METRICS

    def _dropped(self, content: bytes, step: int) -> tuple[str, str]:
        """What is kept of a file, and what was said on stderr."""
        self.path.write_bytes(content)
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            drop_lines_from(self.path, step)
        return self.path.read_text(), said.getvalue()

    def test_records_are_lines_and_events_of_tensorboard(self):
        log = MetricsLog(self.folder)
        for step in range(3):
            log.add(step, {"loss": 0.5, "seconds": 1.5 * step})
        log.close()
        records = [json.loads(line) for line in self.path.read_text().splitlines()]
        self.assertEqual(records[2], {"step": 2, "loss": 0.5, "seconds": 3.0})
        self.assertEqual(training_seconds(self.folder), 3.0)
        (events,) = (self.folder / "tensorboard").iterdir()
        values = [
            (event.step, value.tag)
            for event in tf.compat.v1.train.summary_iterator(str(events))
            for value in event.summary.value
        ]
        self.assertEqual(
            values, [(s, tag) for s in range(3) for tag in ("loss/loss", "speed/seconds")]
        )

    def test_events_that_cannot_be_written_are_named(self):
        (self.folder / "tensorboard").write_text("in the way")
        with self.assertRaisesRegex(UserError, "cannot write .*/run/tensorboard: [^\n]+$"):
            MetricsLog(self.folder)

    def test_records_from_a_step_on_and_a_half_written_line_are_dropped(self):
        lines = "".join(_line(step) for step in range(5))
        kept, said = self._dropped(lines.encode() + b'{"step": 5, "lo', 3)
        self.assertEqual((kept, said), ("".join(_line(step) for step in range(3)), ""))

    def test_damaged_lines_are_dropped_with_a_warning(self):
        damaged = (b"[1]", b"\xff", b"{", b'{"step": "2"}', b"7", b"[" * 100_000)
        content = b"\n".join([b"[]", *damaged, _line(1).encode()])
        kept, said = self._dropped(content, 3)
        self.assertEqual(kept, _line(1))
        self.assertEqual(said, f"warning: {self.path}: 7 of 8 lines are damaged and were removed\n")

    def test_a_log_that_cannot_be_read(self):
        (self.folder / "other" / METRICS).mkdir(parents=True)
        for read in (training_seconds, lambda folder: drop_lines_from(folder / METRICS, 1)):
            with self.assertRaisesRegex(UserError, f"cannot read .*/{METRICS}: Is a directory"):
                read(self.folder / "other")

    def test_training_took_what_the_last_whole_record_says(self):
        self.assertEqual(training_seconds(self.folder), 0.0)
        for damage in (
            b"[1]",
            b"\xff\xfe",
            b'{"step": 9',
            b'{"seconds": "long"}',
            b'{"seconds": NaN}',
        ):
            for content, seconds in ((_line(2).encode() + damage, 3.0), (damage, 0.0)):
                self.path.write_bytes(content)
                said = io.StringIO()
                with contextlib.redirect_stderr(said):
                    self.assertEqual(training_seconds(self.folder), seconds)
                self.assertEqual(
                    said.getvalue(),
                    f"warning: {self.path} is damaged: training took {seconds:.0f} s by its last "
                    "whole record\n",
                )
        self.path.write_text(_line(2))
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            self.assertEqual(training_seconds(self.folder), 3.0)
        self.assertEqual(said.getvalue(), "")


if __name__ == "__main__":
    tf.test.main()
