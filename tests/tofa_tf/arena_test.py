import tensorflow as tf

from tofa_tf.arena import Tensor, planned_bytes


class ArenaTest(tf.test.TestCase):
    def test_a_chain_needs_its_largest_neighbours(self):
        chain = [Tensor(64, 0, 1), Tensor(160, 1, 2), Tensor(32, 2, 3)]
        self.assertEqual(planned_bytes(chain), 160 + 64)

    def test_sizes_are_rounded_up_to_sixteen(self):
        self.assertEqual(planned_bytes([Tensor(17, 0, 1), Tensor(1, 1, 1)]), 32 + 16)

    def test_what_lives_on_is_kept_apart(self):
        shortcut = [Tensor(64, 0, 3), Tensor(64, 1, 2), Tensor(64, 2, 3), Tensor(64, 3, 3)]
        self.assertEqual(planned_bytes(shortcut), 3 * 64)

    def test_a_gap_too_small_stays_unused(self):
        # Placed by size: 100 at 0; 48 from 112 (both live at step 1); 32 must avoid both at step 1
        # and goes behind, although at step 2 everything below would be free.
        tensors = [Tensor(96, 0, 1), Tensor(48, 1, 2), Tensor(32, 1, 3), Tensor(96, 3, 3)]
        self.assertEqual(planned_bytes(tensors), 96 + 48 + 32)


if __name__ == "__main__":
    tf.test.main()
