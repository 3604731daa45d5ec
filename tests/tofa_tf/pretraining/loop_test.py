import dataclasses
import json
import shutil
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
import tensorflow as tf

from tests.tofa_tf.data.images import blobs
from tests.tofa_tf.spaces_for_tests import TINY
from tofa_tf.common.checkpoint_file import before
from tofa_tf.common.errors import UserError
from tofa_tf.data.records import ImageSet
from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretraining import loop
from tofa_tf.pretraining.loop import CHECKPOINT, new_supernet, pretrain
from tofa_tf.pretraining.recipe import Phase, Recipe
from tofa_tf.training.metrics_log import METRICS

SPACE = dataclasses.replace(
    TINY,
    resolutions=(12, 16, 24),
    stem=dataclasses.replace(TINY.stem, stride_1_below=20),
    stages=TINY.stages[:1],
)
RECIPE = Recipe(
    phases=(
        Phase("small", 1, 0.1, 0.1, ((12, 1.0),), warmup_steps=2),
        Phase("all", 2, 0.1, 0.0, ((16, 0.5), (24, 0.5)), smallest=True, num_random=1,
              sort_channels=True),
    ),
    batch=8,
)  # fmt: skip
_STEPS = 15


def _images() -> ImageSet:
    return ImageSet(blobs(40, 24), (np.arange(40) % 4).astype(np.int32))


def _run(folder: Path, recipe: Recipe = RECIPE, supernet: Supernet | None = None, **options):
    supernet = supernet or new_supernet(SPACE, 4, recipe.seed)
    finished = pretrain(supernet, recipe, _images(), folder, log_seconds=0.0, **options)
    return supernet, finished


def _records(folder: Path) -> list[dict]:
    records = [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]
    return [{k: v for k, v in record.items() if k != "images_per_second"} for record in records]


class PretrainTest(tf.test.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.copy = cls.root / "copy"
        cls.supernet, _ = _run(cls.root / "begun", max_steps=2, copy_to=cls.copy)

    def _begun(self) -> Path:
        """A training of two steps."""
        folder = self.root / self.id()
        shutil.copytree(self.root / "begun", folder)
        return folder

    def test_resumed_at_any_step_it_is_the_same_training(self):
        folder = self.root / "whole"
        whole, finished = _run(folder)
        self.assertTrue(finished)
        records = _records(folder)
        self.assertEqual([record["step"] for record in records], list(range(_STEPS)))
        self.assertEqual([record["resolution"] for record in records[:5]], [12] * 5)
        self.assertEqual({record["resolution"] for record in records[5:]}, {16, 24})
        parts = self._begun()
        # Stops within a phase, and between phases, where channels are sorted.
        for steps, done in ((3, False), (None, True)):
            resumed, finished = _run(parts, max_steps=steps)
            self.assertEqual(finished, done)
        for one, other in zip(whole.weights, resumed.weights, strict=True):
            self.assertAllClose(one, other, rtol=1e-4, atol=1e-6)
        self.assertEqual([r["step"] for r in _records(parts)], list(range(_STEPS)))

        with self.subTest("a finished training stays as it is"):
            again, finished = _run(folder)
            self.assertTrue(finished)
            for one, other in zip(whole.weights, again.weights, strict=True):
                self.assertAllEqual(one, other)

    def test_every_checkpoint_is_copied(self):
        checkpoint = self.copy / CHECKPOINT
        self.assertEqual(checkpoint.read_bytes(), (self.root / "begun" / CHECKPOINT).read_bytes())
        with np.load(checkpoint) as saved:
            self.assertEqual(int(saved["steps_done"]), 2)
            self.assertAllEqual(
                saved["supernet|supernet|stem|conv|kernel"], self.supernet.stem.conv.kernel
            )

    def test_another_recipe_only_when_asked(self):
        folder, other = self._begun(), dataclasses.replace(RECIPE, weight_decay=0.0)
        with self.assertRaisesRegex(UserError, "training by another recipe: choose another"):
            _run(folder, other)
        _run(folder, other, change_recipe=True, max_steps=1)
        self.assertLen(_records(folder), 3)

    def test_divergence_keeps_the_last_good_state(self):
        folder = self._begun()
        wild = dataclasses.replace(
            RECIPE,
            clip_value=1e30,
            phases=(dataclasses.replace(RECIPE.phases[0], peak_rate=1e30, final_rate=1e30),),
        )
        saved = (folder / CHECKPOINT).read_bytes()
        with self.assertRaisesRegex(UserError, "diverged at step .*; the last good state is in"):
            _run(folder, wild, change_recipe=True)
        self.assertEqual((folder / CHECKPOINT).read_bytes(), saved)

    def test_interrupt_saves_the_step(self):
        folder = self.root / "interrupted"
        with mock.patch.object(loop, "deferred_interrupt") as interrupt:
            interrupt.return_value.__enter__.return_value = lambda: True
            interrupt.return_value.__exit__.return_value = False
            with self.assertRaises(KeyboardInterrupt):
                _run(folder)
        with np.load(folder / CHECKPOINT) as saved:
            self.assertEqual(int(saved["steps_done"]), 1)

    def test_damaged_or_foreign_checkpoint(self):
        checkpoint = self._begun() / CHECKPOINT
        whole = checkpoint.read_bytes()
        version = whole.index(b"PK\x01\x02") + 6
        flipped = whole[:version] + b"\xff" + whole[version + 1 :]
        for damaged in (b"PK\x03\x04 no more", flipped):
            checkpoint.write_bytes(damaged)
            with self.assertRaisesRegex(UserError, "cannot read the checkpoint .*: delete it"):
                _run(checkpoint.parent)
        np.savez(checkpoint, steps_done=3)
        with self.assertRaisesRegex(UserError, "holds the state of another supernet"):
            _run(checkpoint.parent)

    def test_what_no_training_saves_is_damage(self):
        checkpoint, supernet = self._begun() / CHECKPOINT, new_supernet(SPACE, 4, RECIPE.seed)
        # There is no state before this one to go on from.
        before(checkpoint).unlink(missing_ok=True)
        with np.load(checkpoint) as saved:
            arrays = dict(saved)
        kernel, momentum = (
            "supernet|supernet|stem|conv|kernel",
            "momentum|supernet|stem|conv|kernel",
        )
        for name, change, message in (
            (kernel, lambda array: array[:1], "is damaged, or holds the state of another supernet"),
            (kernel, lambda array: array.astype(np.float64), "is damaged, or holds the state of"),
            (kernel, lambda array: array.astype(str), "is damaged, or holds the state of another"),
            (kernel, lambda array: array * np.nan, "1 of its .* not finite, e.g. supernet/superne"),
            (
                momentum,
                lambda array: array + np.inf,
                "not finite, e.g. momentum/supernet/stem/conv",
            ),
            ("steps_done", lambda array: array - 9, "after which of 15 steps it is"),
            ("steps_done", lambda array: array + 99, "after which of 15 steps it is"),
            ("steps_done", lambda array: array * 1.0, "after which of 15 steps it is"),
            ("steps_done", lambda array: np.arange(3), "after which of 15 steps it is"),
            ("steps_done", lambda array: array.astype(str), "after which of 15 steps it is"),
        ):
            np.savez(checkpoint, **(arrays | {name: change(arrays[name])}))
            with self.assertRaisesRegex(UserError, f"{message}.*: delete it") as caught:
                _run(checkpoint.parent, supernet=supernet)
            self.assertNotIn("\n", str(caught.exception))


if __name__ == "__main__":
    tf.test.main()
