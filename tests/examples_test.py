"""The examples run, with less training, in a folder of their own."""

import contextlib
import io
import os
import re
import runpy
from pathlib import Path

import tensorflow as tf
from absl.testing import parameterized

_EXAMPLES = Path(__file__).parents[1] / "examples"
# The same in less time.
_SHORTER = (
    ("steps=300", "steps=2, labelled_batch=4"),
    ("depths=(1, 2, 3)", "depths=(1, 2)"),
    ("epochs=30", "epochs=2"),
)


class ExamplesTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(path.stem for path in sorted(_EXAMPLES.glob("*.py")))
    def test_runs(self, name):
        text = (_EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
        for shown, tried in _SHORTER:
            text = text.replace(shown, tried)
        folder = Path(self.get_temp_dir()) / name
        folder.mkdir()
        (folder / "example.py").write_text(text, encoding="utf-8")
        before, said = Path.cwd(), io.StringIO()
        os.chdir(folder)
        try:
            with contextlib.redirect_stdout(said):
                runpy.run_path("example.py", run_name="__main__")
        finally:
            os.chdir(before)
        self.assertIn("rp2040", said.getvalue())
        (model, *_) = sorted((folder / "runs").rglob("model_int8.tflite"))
        self.assertGreater(model.stat().st_size, 1000)
        self.assertNotEmpty(re.findall(r"\d+\.\d%", said.getvalue()))


if __name__ == "__main__":
    tf.test.main()
