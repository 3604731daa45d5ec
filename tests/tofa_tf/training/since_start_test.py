import contextlib
import io
import json
import tempfile
from pathlib import Path

from absl.testing import absltest, parameterized

from tofa_tf.training.since_start import warn_if_worse


class SinceStartTest(parameterized.TestCase):
    # Of 100 images at 80 % the standard error is 4 points.
    @parameterized.parameters(
        ((0.8, 0.75), "has 75.0% of the validation images right, and had 80.0% before"),
        ((0.8, 0.77), ""),
        ((0.8, 0.9), ""),
        ((None, 0.1), ""),
        ((0.8, None), ""),
    )
    def test_says_what_was_lost(self, accuracies, said):
        start, end = accuracies
        records = [{"step": 0, "start_accuracy": start}, {"step": 9, "validation_accuracy": end}]
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        lines = (
            json.dumps({name: value for name, value in record.items() if value is not None})
            for record in records
        )
        (folder / "metrics.jsonl").write_text("\n".join(lines))
        with contextlib.redirect_stderr(io.StringIO()) as stderr:
            warn_if_worse(folder, 100)
        self.assertIn(said, stderr.getvalue())
        self.assertEqual(bool(said), bool(stderr.getvalue()))


if __name__ == "__main__":
    absltest.main()
