import csv
from pathlib import Path

import tensorflow as tf

from benchmarks.benchmark_scenarios import Options, main
from benchmarks.results import Output
from tests.tofa_tf.trained import tiny_space, trained_copy
from tofa_tf.training.settings import RunFolder


class BenchmarkScenariosTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.enterContext(tiny_space())
        self.root = Path(self.get_temp_dir())

    def test_budgets_are_spread_over_the_space_and_leave_the_run_as_it_is(self):
        run = trained_copy(self.root / "run")
        before = sorted(path.name for path in run.folder.iterdir())
        output = self.root / "out"
        main(RunFolder(str(run.folder)), Output(str(output)), Options(further=2))
        with (output / "results.csv").open(newline="") as file:
            smallest, largest = csv.DictReader(file)
        self.assertLess(int(smallest["macs"]), int(largest["macs"]))
        for row in (smallest, largest):
            self.assertGreater(int(row["tflite_bytes"]), int(row["arena_bytes"]))
            self.assertBetween(float(row["int8_accuracy"]), 0, 1)
            self.assertGreater(float(row["seconds"]), 0)
        text = (output / "README.md").read_text(encoding="utf-8")
        self.assertStartsWith(text, "# 2 further scenarios")
        self.assertEqual(sorted(path.name for path in run.folder.iterdir()), before)


if __name__ == "__main__":
    tf.test.main()
