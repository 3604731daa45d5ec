import csv
from pathlib import Path

import tensorflow as tf

from benchmarks.evidence.studies import Study
from benchmarks.evidence.tables import mean_sd, write_tables
from tests.benchmarks.evidence.records_for_tests import row

_STUDY = Study("Which?", ("digits",), (10,), ("tofa", "ridge", "fine_tuned"))


class TablesTest(tf.test.TestCase):
    def test_tables_while_others_still_run(self):
        folder = Path(self.get_temp_dir())
        rows = [
            row("tofa", (0.5, 0.6), seed=0),
            row("tofa", (0.52, 0.64), seed=1),
            row("ridge", (0.4, 0.5), seed=0, notes={"chosen": ["a", "b"]}),
            row("tofa", (0.9, 0.9), image_set="cifar10"),
        ]
        write_tables(_STUDY, rows, folder)
        text = (folder / "README.md").read_text()
        self.assertIn("| TOFA | 2 | 51.0 ± 1.4 | 62.0 ± 2.8 | 1.00 to 2.00 M | 60 |", text)
        self.assertIn("| ridge on frozen features | 1 | 40.0 | 50.0 |", text)
        self.assertIn("| each net fine-tuned, labels only | 0 |", text)
        self.assertIn("| ridge on frozen features | +10.0, standard error 0.0 |", text)
        with (folder / "results.csv").open(newline="") as file:
            lines = list(csv.DictReader(file))
        self.assertLen(lines, 6)
        self.assertEqual([line["chosen"] for line in lines], [""] * 4 + ["a", "b"])
        self.assertEqual(lines[3]["int8_accuracy"], "0.64")
        self.assertGreater((folder / "accuracy.png").stat().st_size, 5000)

    def test_nothing_finished_writes_nothing(self):
        folder = Path(self.get_temp_dir()) / "empty"
        write_tables(_STUDY, [], folder)
        self.assertFalse(folder.exists())

    def test_mean_and_deviation(self):
        self.assertEqual(mean_sd([50.0]), "50.0")
        self.assertEqual(mean_sd([1.0, 3.0], "+"), "+2.0 ± 1.4")


if __name__ == "__main__":
    tf.test.main()
