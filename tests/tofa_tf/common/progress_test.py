import io
from unittest import mock

import tensorflow as tf

from tofa_tf.common.progress import FilesProgress, Progress


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

    def test_the_last_validation_stays_in_sight(self):
        stream = io.StringIO()
        with mock.patch("time.monotonic", iter(range(0, 1000, 20)).__next__):
            progress = Progress(4, stream)
            for step in range(4):
                metrics = {"loss": 2.5, "mask_rate": 0.25}
                progress.step(step, metrics | ({"validation_accuracy": 0.625} if step == 1 else {}))
        shown = ["validation 62.5%" in line for line in stream.getvalue().splitlines()]
        self.assertEqual(shown, [False, True, True, True])

    def test_a_terminal_gets_one_line_rewritten(self):
        text = self._show(_Terminal(), 60.0)
        self.assertEqual(text.count("\n"), 1)
        self.assertEqual(text.count("\r"), 5)
        self.assertIn("3 min left", text)

    def test_reading_of_files_is_shown_where_it_takes_a_while(self):
        stream, clock = io.StringIO(), [100.0]
        with mock.patch("time.monotonic", lambda: clock[0]), FilesProgress(stream) as progress:
            for seconds in (1.0, 4.0):
                for done in (0, 5_000, 10_000):
                    progress.show("cat: images found", done, 0)
                    progress.show("photos: images decoded", done, 10_000)
                    progress.show("photos: images decoded", done, 10_000)
                    clock[0] += seconds
        self.assertEqual(stream.getvalue(), "")
        with mock.patch("time.monotonic", lambda: clock[0]), FilesProgress(stream) as progress:
            for job, total in (("cat: images found", 0), ("photos: images decoded", 20_000)):
                for done in (0, 10_000, 20_000):
                    progress.show(job, done, total)
                    clock[0] += 5.0
        self.assertEqual(
            stream.getvalue().splitlines(),
            [
                "cat: images found: 10,000",
                "photos: images decoded: 10,000 of 20,000  preparing",
                "photos: images decoded: 20,000 of 20,000  0 s left",
            ],
        )

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
