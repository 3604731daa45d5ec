import io
from unittest import mock

import tensorflow as tf

from tofa_tf.common.progress import Progress


class _Terminal(io.StringIO):
    def isatty(self):
        return True


class ProgressTest(tf.test.TestCase):
    def _show(self, stream, seconds_per_step: float, steps: int = 5) -> str:
        clock = [100.0]
        with (
            mock.patch("time.monotonic", lambda: clock[0]),
            Progress(steps, stream) as progress,
        ):
            for step in range(steps):
                progress.step(step, {"loss": 2.5, "mask_rate": 0.25})
                clock[0] += seconds_per_step
        return stream.getvalue()

    def test_a_log_gets_whole_lines_and_not_too_many(self):
        lines = self._show(io.StringIO(), 5.0).splitlines()
        self.assertEqual(lines[0], "step 1/5  loss 2.500  pseudo-labels kept 25%  preparing")
        self.assertEqual(lines[1], "step 3/5  loss 2.500  pseudo-labels kept 25%  10 s left")
        self.assertLen(lines, 3)
        self.assertStartsWith(lines[-1], "step 5/5")

    def test_a_terminal_gets_one_line_rewritten(self):
        text = self._show(_Terminal(), 60.0)
        self.assertEqual(text.count("\n"), 1)
        self.assertEqual(text.count("\r"), 5)
        self.assertIn("3 min left", text)

    def test_images_of_a_teacher(self):
        stream, clock = io.StringIO(), [100.0]
        with mock.patch("time.monotonic", lambda: clock[0]), Progress(5000, stream) as progress:
            for done in (1000, 2000, 5000):
                progress.images(done)
                clock[0] += 20.0
        lines = stream.getvalue().splitlines()
        self.assertEqual(lines[1], "teacher: image 2,000 of 5,000  60 s left")
        self.assertLen(lines, 3)


if __name__ == "__main__":
    tf.test.main()
