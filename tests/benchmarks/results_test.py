import contextlib
import dataclasses
import io
from pathlib import Path

import tensorflow as tf

from benchmarks.results import CSV, TABLE, Output, new_results, write_csv, write_table
from tflite_export.common.errors import ExportError


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    share: float
    limit: int | None = None

    @property
    def percent(self) -> float:
        return 100 * self.share


class ResultsTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir())

    def _csv(self, *arguments) -> str:
        write_csv(self.folder / CSV, *arguments)
        return (self.folder / CSV).read_text(encoding="utf-8")

    def test_rows_are_mappings_or_objects(self):
        rows = [Row("a ±", 0.5), Row("b", 0.25, 3)]
        text = "name,share,limit\na ±,0.5,\nb,0.25,3\n"
        self.assertEqual(self._csv(rows), text)
        self.assertEqual(self._csv([dataclasses.asdict(row) for row in rows]), text)
        self.assertEqual(self._csv(rows, ("percent", "name")), "percent,name\n50.0,a ±\n25.0,b\n")

    def test_the_table_says_what_it_was_measured_on_and_is_printed(self):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            write_table(self.folder, ["# ± 1 %"])
        text = (self.folder / TABLE).read_text(encoding="utf-8")
        self.assertStartsWith(text, "# ± 1 %\n\n    python -m ")
        self.assertRegex(text, r"\n\n20\d\d-\d\d-\d\d, .* cores, Python 3.*keras .*numpy .*\.\n$")
        self.assertEqual(said.getvalue(), text + "\n")

    def test_earlier_results_are_replaced_when_asked_alone(self):
        place = str(self.folder / "out")
        for overwrite in (False, True):
            with new_results(Output(place, overwrite)) as folder:
                (folder / TABLE).write_text("new")
        with self.assertRaisesRegex(ExportError, "out exists"), new_results(Output(place)):
            pass
        with self.assertRaises(ZeroDivisionError), new_results(Output(place, True)) as folder:
            (folder / TABLE).write_text("half")
            raise ZeroDivisionError
        self.assertEqual(Path(place, TABLE).read_text(), "new")


if __name__ == "__main__":
    tf.test.main()
