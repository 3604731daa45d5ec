import csv
from pathlib import Path

import tensorflow as tf

from tests.scripts import run_script
from tests.tofa_tf.data.tiny_imagenet_folder import make_tiny_imagenet
from tests.tofa_tf.randomized import random_supernet
from tests.tofa_tf.spaces_for_tests import TINY_32, space_file
from tofa_tf.nets.weights_file import save_weights
from tofa_tf.space.cost import cost


class BenchmarkPretrainedTest(tf.test.TestCase):
    def test_table_of_two_supernets(self):
        folder = Path(self.get_temp_dir())
        make_tiny_imagenet(folder / "images")
        new = folder / "new.weights.h5"
        save_weights(random_supernet(TINY_32, num_classes=2), new, "float16")
        done = run_script(
            "benchmarks.benchmark_pretrained",
            "--sets=digits",
            f"--tiny_imagenet={folder}/images",
            f"--weights=mcu:tiny_imagenet,{space_file(TINY_32, folder)}:{new}",
            *("--nets=2", "--labels=5", "--splits=2", f"--output={folder}/out"),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        with (folder / "out" / "results.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertLen(rows, 4)
        for row in rows[:2]:
            self.assertGreater(float(row["digits_ridge"]), 0.7)
            # The shipped classifier has 200 classes, the folder two.
            self.assertEqual(row["tiny_imagenet_top1"], "")
        for row in rows[2:]:
            self.assertIn(float(row["tiny_imagenet_top1"]), (0.0, 0.5, 1.0))
        self.assertLess(int(rows[2]["macs"]), int(rows[3]["macs"]))
        table = (folder / "out" / "README.md").read_text()
        macs = cost(TINY_32, TINY_32.min_arch, num_classes=2).macs / 1e6
        self.assertIn(f"| tiny_32.json:new.weights.h5 | 32 | {macs:.2f} M |", table)


if __name__ == "__main__":
    tf.test.main()
