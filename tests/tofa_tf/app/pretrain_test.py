from pathlib import Path

import tensorflow as tf

from tests.scripts import run_script
from tests.tofa_tf.spaces_for_tests import TINY_32, space_file
from tofa_tf.pretrained.load import load_supernet


class PretrainTest(tf.test.TestCase):
    def test_weights_and_model_card(self):
        folder = Path(self.get_temp_dir())
        flags = [
            "--dataset=digits",
            f"--search_space={space_file(TINY_32, folder)}",
            "--labels_per_class=3",
            "--steps=2",
            "--labelled_batch=4",
        ]
        flags += [f"--workdir={folder / 'run'}", f"--output={folder / 'made'}"]
        done = run_script("tofa_tf.pretrain", *flags)
        self.assertEqual(done.returncode, 0, done.stderr)
        made = load_supernet(folder / "made.weights.h5", TINY_32)
        trained = load_supernet(folder / "run" / "supernet.weights.h5", TINY_32)
        for a, b in zip(made.weights, trained.weights, strict=True):
            self.assertAllEqual(a, b)
        card = (folder / "made.md").read_text()
        for part in (
            "2 steps of 4 images, seed 0",
            "| min | 0.09",
            "| max |",
            "359 images held out",
        ):
            self.assertIn(part, card)

        again = run_script("tofa_tf.pretrain", *flags)
        self.assertEqual(again.returncode, 1)
        self.assertRegex(again.stderr, "error: .*made.weights.h5 exists: choose another output")


if __name__ == "__main__":
    tf.test.main()
