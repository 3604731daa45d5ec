from pathlib import Path

import tensorflow as tf

from tests.scripts import run_script
from tofa_tf.pretrained.load import load_supernet
from tofa_tf.space.presets import get_space


class PretrainTest(tf.test.TestCase):
    def test_weights_and_model_card(self):
        folder = Path(self.get_temp_dir())
        flags = [
            "--dataset=digits",
            "--search_space=mcu",
            "--labels_per_class=3",
            "--steps=2",
            "--labelled_batch=4",
        ]
        flags += [f"--workdir={folder / 'run'}", f"--output={folder / 'made'}"]
        done = run_script("tofa_tf.pretrain", *flags)
        self.assertEqual(done.returncode, 0, done.stderr)
        made = load_supernet(folder / "made.weights.h5", get_space("mcu"))
        trained = load_supernet(folder / "run" / "supernet.weights.h5", get_space("mcu"))
        for a, b in zip(made.weights, trained.weights, strict=True):
            self.assertAllEqual(a, b)
        card = (folder / "made.md").read_text()
        for part in (
            "2 steps of 4 images, seed 0",
            "| min | 0.3",
            "| max |",
            "359 images held out",
        ):
            self.assertIn(part, card)

        again = run_script("tofa_tf.pretrain", *flags)
        self.assertEqual(again.returncode, 1)
        self.assertRegex(again.stderr, "error: .*made.weights.h5 exists: choose another output")


if __name__ == "__main__":
    tf.test.main()
