"""The quick experiment, end to end: every arm of it once, and not twice."""

from pathlib import Path

import tensorflow as tf

from benchmarks.evidence.arms import ARMS
from benchmarks.evidence.records import Records
from benchmarks.evidence.studies import STEPS, STUDIES
from tests.scripts import run_script
from tests.tofa_tf.randomized import random_supernet
from tests.tofa_tf.spaces_for_tests import TINY_32, space_file
from tofa_tf.nets.weights_file import save_weights
from tofa_tf.training.automatic import settle
from tofa_tf.training.settings import TrainConfig

# One of every kind; `make evidence-quick` runs all of them.
_ARMS = ("ridge", "foreign_50_guard")


class RunTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir())

    def test_arms_run_once(self):
        output, weights = self.folder / "out", self.folder / "start.weights.h5"
        # A space and weights of one's own, for those that ship take their time.
        save_weights(random_supernet(TINY_32), weights, "float16")
        job = ["--experiment=quick", f"--arms={','.join(_ARMS)}"]
        job += [f"--search_space={space_file(TINY_32, self.folder)}", f"--pretrained={weights}"]
        done = run_script("benchmarks.evidence.run", *job, f"--output={output}")
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = Records(output).rows()
        self.assertEqual([row.arm for row in rows], list(_ARMS))
        for row in rows:
            for level in row.levels:
                self.assertBetween(level.accuracy, 0.0, 1.0)
            self.assertGreater(row.effort.seconds, 0)
        for name in ("README.md", "results.csv", "accuracy.png"):
            self.assertTrue((output / "quick" / name).exists())
        page = output / "EVIDENCE.md"
        told = run_script("benchmarks.evidence.page", f"--results={output}", f"--page={page}")
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn(f"{len(_ARMS)} arms", page.read_text())
        # Nor where another folder has them.
        other = output.with_name("other")
        again = run_script(
            "benchmarks.evidence.run", *job, f"--known={output}", f"--output={other}"
        )
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn(f"{len(rows)} of {len(rows)} arms are finished", again.stdout)
        self.assertEmpty(Records(other).rows())
        table = (output / "quick" / "README.md").read_text()
        self.assertEqual((other / "quick" / "README.md").read_text(), table)

    def test_steps_are_those_that_the_recipe_chooses(self):
        for labels in sorted({labels for study in STUDIES.values() for labels in study.labels}):
            # Of CIFAR-10, a fifth for validation.
            settled = settle(TrainConfig(), pretrained=True, labelled=10 * labels * 4 // 5)
            self.assertEqual(settled.steps, STEPS.get(labels, 600))

    def test_experiments_name_arms_that_exist(self):
        for name, study in STUDIES.items():
            self.assertContainsSubset(study.arms, ARMS, name)

    def test_bad_flags(self):
        done = run_script("benchmarks.evidence.run", "--experiment=best", "--output=x")
        self.assertEqual(done.returncode, 1)
        self.assertIn("experiment is 'best': available: accuracy_", done.stderr)


if __name__ == "__main__":
    tf.test.main()
