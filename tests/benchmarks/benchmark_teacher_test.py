import csv
from pathlib import Path

import tensorflow as tf

from tests.scripts import run_script
from tests.tofa_tf.teacher.small_trunk import small_trunk


class BenchmarkTeacherTest(tf.test.TestCase):
    def test_table(self):
        folder = Path(self.get_temp_dir())
        small_trunk().network.save(folder / "small.keras")
        done = run_script(
            "benchmarks.benchmark_teacher",
            f"--teacher={folder}/small.keras",
            *(
                "--sets=digits",
                "--image_size=16",
                "--labels=1,10",
                "--splits=2",
                "--unlabelled=400",
            ),
            *("--test_images=100", f"--output={folder}/out"),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        with (folder / "out" / "results.csv").open(newline="") as file:
            few, more = csv.DictReader(file)
        self.assertLess(float(few["top1"]), float(more["top1"]))
        self.assertGreater(float(more["top1"]), 0.75)
        self.assertAllClose(float(more["confidence"]), float(more["top1"]), atol=0.2)
        self.assertGreater(float(few["unlabelled"]), float(few["unlabelled_by_head"]))
        table = (folder / "out" / "README.md").read_text()
        self.assertIn("| digits | 10 | 100 | ", table)
        self.assertIn("images of 16 pixels enlarged to 16", table)


if __name__ == "__main__":
    tf.test.main()
