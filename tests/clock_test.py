"""The clock may be set back or forward at any time: nothing is measured or ordered by it.

Durations come from `time.perf_counter` and `time.monotonic`; what is newer is told by its content.
"""

import ast
from pathlib import Path

from absl.testing import absltest

_ROOT = Path(__file__).parents[1]
_PACKAGES = ("tofa_tf", "tflite_export")
# What tells the time or the day, or when a file was written.
_CLOCKS = frozenset(
    (
        *("time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime"),
        *("time.strftime", "time.asctime", "time.clock_gettime", "tf.timestamp"),
        *("now", "utcnow", "today", "fromtimestamp", "timestamp"),
        *("st_mtime", "st_mtime_ns", "st_ctime", "st_ctime_ns", "st_atime", "st_atime_ns"),
        *("getmtime", "getctime", "getatime"),
    )
)
# A day that people read, and nothing else.
_ALLOWED = {("tofa_tf/training/model_card.py", "today")}


def _clocks(source: str) -> set[str]:
    """Returns what of `_CLOCKS` some code names."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            found |= {node.attr, f"{ast.unparse(node.value)}.{node.attr}"}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found & _CLOCKS


class ClockTest(absltest.TestCase):
    def test_no_code_goes_by_the_time_of_day(self):
        files = [path for name in _PACKAGES for path in (_ROOT / name).rglob("*.py")]
        self.assertGreater(len(files), 100)
        found = {
            (path.relative_to(_ROOT).as_posix(), clock)
            for path in files
            for clock in _clocks(path.read_text(encoding="utf-8"))
        }
        self.assertEqual(found, _ALLOWED)

    def test_those_clocks_are_found(self):
        for code in (
            "import time; start = time.time()",
            "from time import time",
            "datetime.datetime.now()",
            "max(files, key=lambda file: file.stat().st_mtime)",
            "os.path.getmtime(file)",
        ):
            self.assertNotEmpty(_clocks(code), code)
        self.assertEmpty(_clocks("time.monotonic(); time.perf_counter()"))


if __name__ == "__main__":
    absltest.main()
