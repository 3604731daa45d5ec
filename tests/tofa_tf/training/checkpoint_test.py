import contextlib
import io
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.spaces_for_tests import TINY
from tofa_tf.common.errors import UserError
from tofa_tf.training.checkpoint import restore_checkpoint, save_checkpoint
from tofa_tf.training.trainer import TrainConfig, build_training


def _state(seed: int = 0):
    return build_training(TINY, 10, TrainConfig(seed=seed))


class CheckpointTest(tf.test.TestCase, parameterized.TestCase):
    def setUp(self):
        super().setUp()
        self.path = Path(self.get_temp_dir()) / "checkpoint.npz"
        self.saved = _state()
        self.saved.optimizer.iterations.assign(7)
        save_checkpoint(self.path, self.saved)

    def test_what_was_saved_comes_back(self):
        other = _state(seed=1)
        kernels = [state.supernet.weights[0].numpy() for state in (self.saved, other)]
        self.assertNotAllEqual(*kernels)
        restore_checkpoint(self.path, other)
        self.assertEqual(int(other.optimizer.iterations), 7)
        for ours, theirs in (
            (other.supernet.weights, self.saved.supernet.weights),
            (other.averages.averages, self.saved.averages.averages),
            (other.optimizer.variables, self.saved.optimizer.variables),
        ):
            for a, b in zip(ours, theirs, strict=True):
                self.assertAllEqual(a, b)

    def test_damage_is_one_line_that_says_what_to_do(self):
        whole = self.path.read_bytes()
        # The version of the zip format that a reader needs, in the first entry of the directory.
        version = whole.index(b"PK\x01\x02") + 6
        # What the first array begins with: its type and shape, as text.
        header = whole.index(b"descr")
        for damaged in (
            b"", whole[:1000], whole[:-30], b"PK" + bytes(5000), b"<html>404</html>",
            whole[:version] + b"\xff" + whole[version + 1 :],
            whole[:header] + b"(((((" + whole[header + 5 :],
        ):  # fmt: skip
            self.path.write_bytes(damaged)
            with self.assertRaisesRegex(
                UserError, "^cannot read the checkpoint .*: delete it, and the same command trains"
            ) as caught:
                restore_checkpoint(self.path, self.saved)
            self.assertNotIn("\n", str(caught.exception))

    def test_the_state_of_another_supernet_is_refused(self):
        np.savez(self.path, other=np.zeros(3))
        with self.assertRaisesRegex(UserError, "holds the state of another supernet .*: delete it"):
            restore_checkpoint(self.path, self.saved)

    def _change(self, part: str, change):
        """Rewrites the first array whose name has this part in it."""
        with np.load(self.path) as saved:
            arrays = dict(saved)
        name = next(name for name in arrays if part in name)
        arrays[name] = change(arrays[name])
        np.savez(self.path, **arrays)

    @parameterized.parameters(
        ("supernet|", lambda array: array.astype(str), "is damaged, or holds the state of another"),
        ("supernet|", lambda array: array.astype(np.float64), "is damaged, or holds the state"),
        ("supernet|", lambda array: np.full_like(array, np.nan), "1 of its .* are not finite, e.g"),
        ("ema|", lambda array: np.full_like(array, np.inf), "are not finite, e.g. ema/"),
        ("iteration", lambda array: array * 0 - 5, "it is of step -5, and the training has"),
        ("iteration", lambda array: array * 0 + 10**9, "it is of step 1000000000, and"),
    )
    def test_what_no_training_saves_is_damage(self, part, change, message):
        self._change(part, change)
        with self.assertRaisesRegex(UserError, f"{message}.*: delete it"):
            restore_checkpoint(self.path, _state(seed=1))

    def test_the_checkpoint_before_a_damaged_one_is_used(self):
        self.saved.optimizer.iterations.assign(8)
        save_checkpoint(self.path, self.saved)
        self._change("supernet|", lambda array: np.full_like(array, np.nan))
        other = _state(seed=1)
        with contextlib.redirect_stderr(io.StringIO()) as errors:
            restore_checkpoint(self.path, other)
        self.assertIn("training goes on from the checkpoint before it", errors.getvalue())
        self.assertEqual(int(other.optimizer.iterations), 7)
        self.assertAllEqual(other.supernet.weights[0], self.saved.supernet.weights[0])

    def test_a_training_at_its_end_is_no_damage(self):
        self.saved.optimizer.iterations.assign(self.saved.config.steps)
        save_checkpoint(self.path, self.saved)
        restore_checkpoint(self.path, self.saved)


if __name__ == "__main__":
    tf.test.main()
