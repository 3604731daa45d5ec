import dataclasses
import json
from pathlib import Path

import tensorflow as tf

from tests.tofa_tf.teacher.small_trunk import small_trunk
from tests.tofa_tf.trained import SETTINGS, experiment, tiny_space, trained_copy
from tofa_tf.common.errors import UserError
from tofa_tf.common.workdir import sha256
from tofa_tf.training.experiment import load_experiment, open_folder
from tofa_tf.training.journal import WEIGHTS
from tofa_tf.training.metrics_log import METRICS
from tofa_tf.training.trained_run import load_run, train_or_load


class TrainedRunTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir()) / "run"
        self.trained = trained_copy(self.folder)

    def test_a_finished_training_is_loaded(self):
        steps = []
        loaded = train_or_load(experiment(), self.folder, lambda step, _: steps.append(step))
        self.assertEmpty(steps)
        for ours, theirs in zip(
            loaded.supernet.weights, self.trained.supernet.weights, strict=True
        ):
            self.assertAllEqual(ours, theirs)
        self.assertEqual(loaded.weights_sha256, self.trained.weights_sha256)
        self.assertEqual(loaded.weights_sha256, sha256(self.folder / WEIGHTS))
        self.assertEqual(loaded.training_seconds, self.trained.training_seconds)

    def test_a_folder_says_with_which_settings_its_run_was_trained(self):
        with tiny_space():
            loaded = load_run(self.folder)
            (self.folder / WEIGHTS).unlink()
            with self.assertRaisesRegex(UserError, "run has not come to its end: continue it"):
                load_run(self.folder)
        self.assertEqual(loaded.experiment.settings, self.trained.experiment.settings)
        self.assertEqual(loaded.weights_sha256, self.trained.weights_sha256)
        with self.assertRaisesRegex(UserError, "nowhere"):
            load_run(self.folder / "nowhere")

    def test_a_teacher_is_asked_once(self):
        path, asked = Path(self.get_temp_dir()) / "teacher.keras", []
        said: list[str] = []
        small_trunk().network.save(path)
        settings = dataclasses.replace(
            SETTINGS, teacher=str(path), train=dataclasses.replace(SETTINGS.train, steps=2)
        )
        with tiny_space():
            taught = load_experiment(settings)
            folder = open_folder(taught, Path(self.get_temp_dir()) / "taught", overwrite=False)
            train_or_load(
                taught, folder, on_images=lambda *done: asked.append(done), say=said.append
            )
            self.assertRegex(said[0], r"teacher.keras gets \d+\.\d% of the labelled images right")
            pool = len(taught.training.pool)
            self.assertEqual(asked[-1], (pool, pool))
            lines = (folder / METRICS).read_text().splitlines()
            self.assertGreater(json.loads(lines[-1])["teacher_loss"], 0.0)
            # Training goes on with the labels that are there; a trained run needs no teacher.
            (folder / WEIGHTS).unlink()
            asked.clear()
            train_or_load(taught, folder, on_images=lambda *done: asked.append(done))
            self.assertEmpty(asked)
            path.unlink()
            self.assertIsNone(load_run(folder).experiment.teacher)

    def test_what_was_sampled_can_be_gone_through_again(self):
        first, second = list(self.trained.sampled), list(self.trained.sampled)
        self.assertEqual(first, second)
        # Largest, smallest and two random subnets in each of 12 steps, the last sampled first.
        self.assertEqual([step for step, _ in first], [11 - i // 4 for i in range(48)])

    def test_weights_are_those_of_the_last_checkpoint_where_they_are_missing(self):
        (self.folder / WEIGHTS).unlink()
        again = train_or_load(experiment(), self.folder)
        self.assertEqual(again.weights_sha256, self.trained.weights_sha256)

    def test_damaged_weights_are_named_with_what_to_do(self):
        for content in (b"", b"HDF", (self.folder / WEIGHTS).read_bytes()[:5000]):
            (self.folder / WEIGHTS).write_bytes(content)
            with self.assertRaisesRegex(
                UserError, f"{WEIGHTS} holds no weights .*: delete the file, and the same command"
            ):
                train_or_load(experiment(), self.folder)


if __name__ == "__main__":
    tf.test.main()
