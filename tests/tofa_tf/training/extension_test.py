import dataclasses
import functools
import json
from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.tofa_tf.trained import SETTINGS, tiny_space, trained_copy
from tofa_tf.common.errors import UserError
from tofa_tf.common.files import read_json
from tofa_tf.training.experiment import Experiment, load_experiment, open_folder
from tofa_tf.training.schedule import CosineToZero
from tofa_tf.training.settings import Settings
from tofa_tf.training.trained_run import train_or_load


def _with_steps(steps: int) -> Settings:
    return dataclasses.replace(SETTINGS, train=dataclasses.replace(SETTINGS.train, steps=steps))


@functools.cache
def _longer() -> Experiment:
    return load_experiment(_with_steps(16))


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


class ExtensionTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.enterContext(tiny_space())
        self.folder = Path(self.get_temp_dir()) / self.id()
        self.run = trained_copy(self.folder)
        self.longer = _longer()

    def test_a_finished_run_goes_on_to_more_steps(self):
        steps = []
        folder = open_folder(self.longer, self.folder, overwrite=False, extend=True)
        self.assertFalse((folder / "supernet.weights.h5").exists())
        made = train_or_load(self.longer, folder, lambda step, _: steps.append(step))
        self.assertEqual(steps, [12, 13, 14, 15])
        self.assertNotEqual(made.weights_sha256, self.run.weights_sha256)

        with self.subTest("its subnets are those of a run begun for so many steps"):
            whole = Path(self.get_temp_dir()) / "whole"
            other = train_or_load(self.longer, open_folder(self.longer, whole, overwrite=False))
            self.assertEqual(*(_lines(at / "sampled.jsonl") for at in (folder, whole)))
            self.assertNotEqual(other.weights_sha256, made.weights_sha256)

        with self.subTest("the learning rate is that of the longer schedule"):
            last = _lines(folder / "metrics.jsonl")[-1]
            peak = Settings.of_run(folder).train.learning_rate
            rate = CosineToZero(peak, 16)(15)
            self.assertEqual(last["step"], 15)
            np.testing.assert_allclose(last["learning_rate"], rate, rtol=1e-6)

        with self.subTest("it is said, and the same command goes on with it"):
            self.assertEqual(read_json(folder / "config.json")["extended_from"], [12])
            self.assertEqual(Settings.of_run(folder).train.steps, 16)
            open_folder(self.longer, folder, overwrite=False)
            again = load_experiment(_with_steps(20))
            open_folder(again, folder, overwrite=False, extend=True)
            self.assertEqual(read_json(folder / "config.json")["extended_from"], [12, 16])

    def test_only_more_steps_extend(self):
        fewer = load_experiment(_with_steps(8))
        reseeded = dataclasses.replace(_with_steps(16).train, seed=3)
        other = load_experiment(dataclasses.replace(SETTINGS, train=reseeded))
        for experiment, message in (
            (fewer, "steps is 12 there, 8 here"),
            (other, "seed is 0 there, 3 here; steps is 12 there, 16 here"),
        ):
            with self.assertRaisesRegex(UserError, message):
                open_folder(experiment, self.folder, overwrite=False, extend=True)
        with self.assertRaisesRegex(UserError, "steps is 12 there, 16 here"):
            open_folder(self.longer, self.folder, overwrite=False)
        self.assertTrue((self.folder / "supernet.weights.h5").exists())

    def test_without_a_last_state_nothing_is_lost(self):
        (self.folder / "checkpoint.npz").unlink()
        with self.assertRaisesRegex(UserError, "cannot be extended: its last state"):
            open_folder(self.longer, self.folder, overwrite=False, extend=True)
        self.assertTrue((self.folder / "supernet.weights.h5").exists())
        self.assertEqual(read_json(self.folder / "config.json")["steps"], 12)

    def test_in_an_empty_folder_a_run_begins(self):
        folder = open_folder(
            self.longer, Path(self.get_temp_dir()) / "new", overwrite=False, extend=True
        )
        self.assertNotIn("extended_from", read_json(folder / "config.json"))


if __name__ == "__main__":
    tf.test.main()
