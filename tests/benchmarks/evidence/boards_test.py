import tensorflow as tf

from benchmarks.evidence.boards import Point, plot, with_best
from tests.scripts import run_script


def _point(latency_ms: float, accuracy: float, fits: bool = True, arm: str = "tofa") -> Point:
    return Point("rp2040", "cortex-m0plus", arm, 10**6, accuracy, latency_ms, 90, 40, fits)


class BoardsTest(tf.test.TestCase):
    def test_best_is_what_nothing_that_fits_beats(self):
        points = [
            _point(10, 0.5),
            _point(20, 0.5),
            _point(30, 0.6, arm="resnet8"),
            _point(25, 0.7, fits=False),
            _point(40, 0.6),
        ]
        self.assertEqual([p.best for p in with_best(points)], [True, False, True, False, False])
        figure = plot(points)
        (axis, *_) = figure.axes
        # Two arms, and a cross for what does not fit.
        self.assertLen(axis.lines, 3)
        self.assertEqual(axis.get_title(), "rp2040 (cortex-m0plus)")

    def test_what_was_not_measured_is_said(self):
        done = run_script("benchmarks.evidence.boards", "--results=nowhere", "--output=x")
        self.assertEqual(done.returncode, 1)
        self.assertIn("nowhere has none of the arms tofa, resnet8", done.stderr)


if __name__ == "__main__":
    tf.test.main()
