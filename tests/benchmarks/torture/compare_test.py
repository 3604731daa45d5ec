import json
import tempfile
from pathlib import Path

from absl.testing import absltest

from benchmarks.torture.compare import differences, exact_files

_FILES = {
    "run/model.tflite": b"\x01\x02",
    "run/arch.json": b'{"depth": 2}',
    "run/report.json": json.dumps({"accuracy": 0.5, "scenarios": [{"seconds": 1.5}]}).encode(),
    "run/metrics.jsonl": b'{"step": 0, "seconds": 1}\n{"step": 1, "seconds": 2}\n',
    "run/report.html": b"<p>1,000 images, 3.5 s</p>",
    "run/.tofa.lock": b"4711",
    "run/tensorboard/events.1": b"1",
}
# The same round, on another day.
_LATER = {
    "run/report.json": json.dumps({"accuracy": 0.5, "scenarios": [{"seconds": 2.5}]}).encode(),
    "run/metrics.jsonl": b'{"step": 0, "seconds": 3}\n{"step": 1, "seconds": 4}\n',
    "run/report.html": b"<p>1,000 images, 12 s</p>",
    "run/.tofa.lock": b"42",
    "run/tensorboard/events.2": b"2",
}


class CompareTest(absltest.TestCase):
    def setUp(self):
        super().setUp()
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self._write("a", _FILES)
        self._write("b", _FILES | _LATER)

    def _write(self, folder: str, files: dict[str, bytes]) -> None:
        for name, content in files.items():
            path = self.root / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def _differences(self) -> list[str]:
        return differences(self.root / "a", self.root / "b")

    def test_times_may_differ(self):
        self.assertEmpty(self._differences())
        self.assertEqual(exact_files(self.root / "a"), 2)

    def test_nothing_else_may(self):
        for name, content in (
            ("run/model.tflite", b"\x01\x03"),
            ("run/arch.json", b'{"depth":  2}'),
            ("run/report.json", b'{"accuracy": 0.6, "scenarios": [{}]}'),
            ("run/metrics.jsonl", b'{"step": 0, "seconds": 3}\n'),
            ("run/report.html", b"<p>1,000 images, 12 s"),
        ):
            self._write("b", {**_FILES, **_LATER, name: content})
            self.assertEqual(self._differences(), [f"{name} differs"])

    def test_missing_and_further_files(self):
        (self.root / "b" / "run" / "model.tflite").unlink()
        self._write("b", {"run/.12.checkpoint.npz": b""})
        missing, further = self._differences()
        self.assertEqual(missing, "run/model.tflite is missing")
        self.assertEqual(further, "run/.12.checkpoint.npz should not be there")


if __name__ == "__main__":
    absltest.main()
