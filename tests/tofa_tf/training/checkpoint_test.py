import dataclasses
from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.tofa_tf.trained import experiment, trained_copy
from tofa_tf.common.errors import UserError
from tofa_tf.training.checkpoint import restore_checkpoint, save_checkpoint
from tofa_tf.training.trainer import CHECKPOINT, build_training


def _state(**changes):
    config = dataclasses.replace(experiment().config, **changes)
    return build_training(experiment().space, 10, config)


class CheckpointTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.path = trained_copy(Path(self.get_temp_dir()) / "run").folder / CHECKPOINT

    def test_what_was_saved_comes_back(self):
        state, again = _state(), _state(seed=1)
        restore_checkpoint(self.path, state)
        self.assertEqual(int(state.optimizer.iterations), experiment().config.steps)
        copy = self.path.with_name("copy.npz")
        save_checkpoint(copy, state)
        restore_checkpoint(copy, again)
        for name in ("weights", "trainable_variables"):
            ours, theirs = (getattr(s.supernet, name) for s in (again, state))
            for a, b in zip(ours, theirs, strict=True):
                self.assertAllEqual(a, b)

    def test_damage_is_one_line_that_says_what_to_do(self):
        whole, state = self.path.read_bytes(), _state()
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
                restore_checkpoint(self.path, state)
            self.assertNotIn("\n", str(caught.exception))

    def test_the_state_of_another_supernet_is_refused(self):
        np.savez(self.path, other=np.zeros(3))
        with self.assertRaisesRegex(UserError, "holds the state of another supernet .*: delete it"):
            restore_checkpoint(self.path, _state())


if __name__ == "__main__":
    tf.test.main()
