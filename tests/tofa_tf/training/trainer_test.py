import contextlib
import dataclasses
import functools
import io
import json
import os
import random
import signal
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
import tensorflow as tf

from tests.scripts import run_script
from tests.tofa_tf.randomized import random_supernet
from tests.tofa_tf.small_training import CONFIG, digits
from tests.tofa_tf.spaces_for_tests import TINY
from tofa_tf.common.errors import UserError
from tofa_tf.common.workdir import sha256
from tofa_tf.data.pipeline import Batch, train_batches
from tofa_tf.training.checkpoint import restore_checkpoint, save_checkpoint
from tofa_tf.training.journal import CHECKPOINT, METRICS, SAMPLED, WEIGHTS
from tofa_tf.training.sampling import SamplerLog, SandwichSampler
from tofa_tf.training.settings import LossWeights, UnifiedLoss
from tofa_tf.training.trainer import build_training, train

# Its training has one graph less.
_ONE_NET = TINY.only(TINY.min_arch)


def _records(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]


def _comparable(folder: Path) -> list[dict]:
    timing = ("seconds", "images_per_second")
    return [{k: v for k, v in r.items() if k not in timing} for r in _records(folder)]


@functools.cache
def _batch() -> Batch:
    (batch,) = train_batches(
        digits(), labelled_batch=8, unlabelled_ratio=2, seed=0, total_steps=1, flip=False
    )
    return batch


class TrainerTest(tf.test.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls._temporary.name) / "reference"
        cls.folder.mkdir()
        cls.state = build_training(TINY, 10, CONFIG)
        cls.start = Path(cls._temporary.name) / "start.npz"
        save_checkpoint(cls.start, cls.state)
        train(cls.state, digits(), CONFIG, cls.folder)
        cls.weights = sha256(cls.folder / WEIGHTS)

    @classmethod
    def tearDownClass(cls):
        cls._temporary.cleanup()
        super().tearDownClass()

    def _train(self, folder: Path, on_step=None, validate=None) -> None:
        """Trains by the graphs that are there, from the start or from a folder's checkpoint."""
        folder.mkdir(exist_ok=True)
        restore_checkpoint(self.start, self.state)
        train(self.state, digits(), CONFIG, folder, on_step, validate)

    def test_every_graph_is_traced_once_for_all_archs(self):
        self.assertEqual(self.state.num_traces, 1)
        archs = {arch for _, arch in SamplerLog(self.folder / SAMPLED)}
        self.assertGreater(len(archs), 10)

    def test_logs_what_a_researcher_wants_to_see(self):
        records = _records(self.folder)
        self.assertEqual([r["step"] for r in records], [0, 4, 8, 12, 16, 20, 23])
        for name in (
            "loss", "labelled_loss", "pseudo_loss", "min_loss", "random_loss", "mask_rate",
            "pseudo_accuracy", "learning_rate", "gradient_norm", "images_per_second", "seconds",
        ):  # fmt: skip
            self.assertTrue(all(np.isfinite(r[name]) for r in records), name)
        self.assertNotEmpty(list((self.folder / "tensorboard").glob("events*")))
        # Distillation of 24 steps: the students have come nearer to their teacher.
        self.assertLess(records[-1]["labelled_loss"], records[0]["labelled_loss"])

    def test_averaged_weights_are_validated_at_every_checkpoint(self):
        folder, seen = Path(self.get_temp_dir()) / "validated", []

        def validate() -> float:
            averages = self.state.averages
            for average, variable in zip(averages.averages, averages.followed, strict=True):
                self.assertTrue(np.array_equal(average, variable), variable.path)
            seen.append(float(np.mean(np.abs(self.state.supernet.classifier.kernel))))
            return seen[-1]

        self._train(folder, validate=validate)
        validated = [r for r in _records(folder) if "validation_accuracy" in r]
        self.assertEqual([r["step"] for r in validated], [4, 9, 14, 19, 23])
        before, *later = seen
        self.assertEqual([r["validation_accuracy"] for r in validated], later)
        self.assertEqual([r.get("start_accuracy") for r in _records(folder)[:2]], [before, None])
        self.assertLen(set(seen), 6)
        # To look changes nothing, and is noted once.
        self.assertEqual(sha256(folder / WEIGHTS), self.weights)
        steps = [r["step"] for r in _records(folder)]
        self.assertEqual(steps, sorted({*steps}))

    def test_sampler_log_is_what_the_sampler_drew(self):
        sampler = SandwichSampler(TINY, CONFIG.seed)
        logged = list(SamplerLog(self.folder / SAMPLED))
        expected = [
            (step, arch)
            for step in reversed(range(CONFIG.steps))
            for _, arch in reversed(sampler.archs(step))
        ]
        self.assertEqual(logged, expected)

    def test_equal_seeds_give_equal_weights(self):
        folder = Path(self.get_temp_dir()) / "again"
        again = folder.with_suffix(".npz")
        save_checkpoint(again, build_training(TINY, 10, CONFIG))
        with np.load(again) as own, np.load(self.start) as first:
            self.assertEqual(set(own.files), set(first.files))
            for name in own.files:
                self.assertTrue(np.array_equal(own[name], first[name]), name)
        self._train(folder)
        self.assertEqual(sha256(folder / WEIGHTS), self.weights)
        self.assertEqual(_comparable(folder), _comparable(self.folder))

    def test_killed_and_resumed_equals_uninterrupted(self):
        folder = Path(self.get_temp_dir()) / "killed"
        kill_after = random.randint(6, CONFIG.steps - 4)
        killed = run_script("tests.tofa_tf.small_training", str(folder), str(kill_after))
        self.assertEqual(killed.returncode, -signal.SIGKILL, killed.stderr)
        self.assertFalse((folder / WEIGHTS).exists())
        steps = []
        self._train(folder, lambda step, metrics: steps.append(step))
        self.assertIn(steps[0], range(5, CONFIG.steps, CONFIG.checkpoint_every_steps))
        self.assertEqual(sha256(folder / WEIGHTS), self.weights, f"killed at {kill_after}")
        self.assertEqual(_comparable(folder), _comparable(self.folder))
        self.assertEqual((folder / SAMPLED).read_text(), (self.folder / SAMPLED).read_text())

    def test_interrupted_loses_no_step(self):
        folder = Path(self.get_temp_dir()) / "interrupted"

        def interrupt(step, metrics):
            if step == 6:
                os.kill(os.getpid(), signal.SIGINT)

        with self.assertRaises(KeyboardInterrupt):
            self._train(folder, interrupt)
        self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler)
        steps = []
        self._train(folder, lambda step, metrics: steps.append(step))
        self.assertLessEqual(steps[0], 8)
        self.assertEqual(sha256(folder / WEIGHTS), self.weights)

    def test_divergence_stops_with_the_step_and_keeps_the_checkpoint(self):
        folder = Path(self.get_temp_dir()) / "diverged"

        def poison(step, metrics):
            if step == 6:
                self.state.supernet.classifier.bias.assign(np.full(10, np.nan))

        with self.assertRaisesRegex(UserError, r"diverged at step 7: .* last good state is in"):
            self._train(folder, poison)
        with np.load(folder / CHECKPOINT) as saved:
            self.assertTrue(all(np.all(np.isfinite(saved[name])) for name in saved.files))
            iterations = next(name for name in saved.files if name.endswith("iteration"))
            self.assertEqual(saved[iterations], 5)

    def test_weights_that_are_not_finite_never_count_as_trained(self):
        folder = Path(self.get_temp_dir()) / "infinite"
        (variance, *_) = (v for v in self.state.supernet.weights if v.name == "moving_variance")

        def poison(step, metrics):
            # Training itself has no use for it: losses stay finite.
            if step == 6:
                variance.assign(np.full(variance.shape, np.inf))

        message = rf"diverged at step 9: 1 of \d+ arrays of weights .*, e.g. {variance.path}"
        with self.assertRaisesRegex(UserError, message):
            self._train(folder, poison)
        with np.load(folder / CHECKPOINT) as saved:
            self.assertTrue(all(np.all(np.isfinite(saved[name])) for name in saved.files))
        self.assertFalse((folder / WEIGHTS).exists())

    def test_a_learning_rate_beyond_all_measure_does_not_count_as_trained(self):
        folder = Path(self.get_temp_dir()) / "steep"
        folder.mkdir()
        config = dataclasses.replace(CONFIG, learning_rate=1e10)
        with self.assertRaisesRegex(UserError, "diverged at step .*lower learning_rate"):
            train(build_training(_ONE_NET, 10, config), digits(), config, folder)
        self.assertFalse((folder / WEIGHTS).exists())

    def test_a_damaged_checkpoint_costs_only_the_steps_since_the_one_before_it(self):
        folder = Path(self.get_temp_dir()) / "damaged"
        folder.mkdir()
        for name in (CHECKPOINT, "checkpoint_before.npz"):
            whole = (self.folder / name).read_bytes()
            (folder / name).write_bytes(whole)
        (folder / CHECKPOINT).write_bytes(whole[: len(whole) // 2])
        steps = []
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self._train(folder, lambda step, metrics: steps.append(step))
        self.assertRegex(said.getvalue(), "^warning: cannot read .*: training goes on from the ch")
        self.assertEqual(steps, list(range(steps[0], CONFIG.steps)))
        self.assertBetween(steps[0], 1, CONFIG.steps - 1)
        self.assertEqual(sha256(folder / WEIGHTS), self.weights)

    def test_every_loss_term_and_role_counts(self):
        archs, losses = SandwichSampler(TINY, CONFIG.seed).archs(0), {}
        largest, only_labels = CONFIG.loss.max_loss, LossWeights(labelled=1.0, pseudo=0.0)
        nothing = LossWeights(labelled=0.0, pseudo=0.0)
        for name, loss in {
            "max": UnifiedLoss(largest, nothing, nothing),
            "min": UnifiedLoss(largest, only_labels, nothing),
            "random": UnifiedLoss(largest, nothing, only_labels),
            "distill": UnifiedLoss(largest, LossWeights(0.0, 0.0, 1.0), nothing),
        }.items():
            restore_checkpoint(self.start, self.state)
            config = dataclasses.replace(self.state.config, loss=loss)
            with mock.patch.object(self.state, "config", config):
                losses[name] = self.state(_batch(), archs)
        base = losses["max"]
        self.assertGreater(base["pseudo_loss"], 0.0)
        self.assertAllClose(base["loss"], base["labelled_loss"] + base["pseudo_loss"])
        for name, count in (("min", 1), ("random", 2)):
            record = losses[name]
            self.assertGreater(record[f"{name}_loss"], 1.0)
            self.assertAllClose(
                record["loss"], base["loss"] + count * record[f"{name}_loss"], rtol=1e-5
            )
        self.assertGreater(losses["distill"]["min_loss"], 0.0)
        self.assertLess(losses["distill"]["min_loss"], losses["min"]["min_loss"])

    def test_pseudo_labels_without_weight_do_not_count(self):
        loss = UnifiedLoss(LossWeights(labelled=1.0, pseudo=0.0))
        state = build_training(_ONE_NET, 10, dataclasses.replace(CONFIG, loss=loss))
        _, _, metrics = state._largest(_batch())
        self.assertGreater(metrics["pseudo_loss"], 0.0)
        self.assertAllClose(metrics["loss"], metrics["labelled_loss"])


class PretrainedTest(tf.test.TestCase):
    def test_training_and_averages_start_from_the_pretrained_weights(self):
        pretrained = random_supernet(TINY, num_classes=4)
        state = build_training(TINY, 10, CONFIG, pretrained)
        for average, variable in zip(
            state.averages.averages, state.supernet.trainable_variables, strict=True
        ):
            self.assertAllEqual(average, variable)
        for weight, source in zip(state.supernet.weights, pretrained.weights, strict=True):
            if "classifier" in weight.path:
                self.assertEqual(weight.shape[-1], 10)
            else:
                self.assertAllEqual(weight, source)


class UpdateTest(tf.test.TestCase):
    def test_weight_decay_is_on_kernels_only_and_averages_warm_up(self):
        config = dataclasses.replace(CONFIG, weight_decay=0.1, learning_rate=0.5)
        state = build_training(TINY, 10, config)
        variables = state.supernet.trainable_variables
        kernel = next(i for i, v in enumerate(variables) if v.name == "kernel")
        before = state.averages.averages[kernel].numpy()
        for variable in variables:
            variable.assign(np.ones(variable.shape))
        state._update([tf.zeros(variable.shape) for variable in variables])
        # Nesterov's first step is lr * (1 + momentum) * gradient; the gradient is 0.1 * 1.
        moved = 1.0 - 0.5 * 1.9 * 0.1
        for variable in variables:
            expected = moved if variable.name == "kernel" else 1.0
            self.assertAllClose(variable, np.full(variable.shape, expected), msg=variable.path)
        # The decay of the first step is (1 + 0) / (10 + 0).
        expected = 0.1 * before + 0.9 * moved
        self.assertAllClose(state.averages.averages[kernel], expected, rtol=1e-5)


if __name__ == "__main__":
    tf.test.main()
