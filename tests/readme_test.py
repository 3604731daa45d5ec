"""What README shows runs."""

import re
from pathlib import Path
from unittest import mock

import tensorflow as tf

from tests.tofa_tf.spaces_for_tests import TINY
from tofa_tf.space import presets
from tofa_tf.space.names import DEFAULT_SPACE

README = Path(__file__).parents[1] / "README.md"


class ReadmeTest(tf.test.TestCase):
    def test_the_library_from_arrays_to_tflite_in_eight_lines(self):
        text = README.read_text(encoding="utf-8")
        (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        self.assertLessEqual(len(example.splitlines()), 8)
        # The same with little training of a small space, elsewhere.
        workdir = Path(self.get_temp_dir()) / "run"
        for shown, tried in (
            ("steps=400", "steps=2, labelled_batch=4"),
            ('"runs/arrays"', repr(str(workdir))),
        ):
            self.assertEqual(example.count(shown), 1)
            example = example.replace(shown, tried)
        names = {}
        with mock.patch.dict(presets.SPACES, {DEFAULT_SPACE: TINY}):
            exec(example, names)
        model = names["model"]
        self.assertEqual(model.tflite, workdir / "scenarios/rp2040_100ms/model_int8.tflite")
        self.assertGreater(model.tflite.stat().st_size, 4_000)
        self.assertLessEqual(model.result.board.latency_ms, 100)


if __name__ == "__main__":
    tf.test.main()
