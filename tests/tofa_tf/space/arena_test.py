import tensorflow as tf

from tofa_tf.space.arena import Tensor, planned_bytes


class ArenaTest(tf.test.TestCase):
    def test_a_chain_needs_its_largest_neighbours(self):
        chain = [Tensor(64, 0, 1), Tensor(160, 1, 2), Tensor(32, 2, 3)]
        self.assertEqual(planned_bytes(chain), 160 + 64)

    def test_sizes_are_rounded_up_to_sixteen(self):
        self.assertEqual(planned_bytes([Tensor(17, 0, 1), Tensor(1, 1, 1)]), 32 + 16)

    def test_what_lives_on_is_kept_apart(self):
        shortcut = [Tensor(64, 0, 3), Tensor(64, 1, 2), Tensor(64, 2, 3), Tensor(64, 3, 3)]
        self.assertEqual(planned_bytes(shortcut), 3 * 64)

    def test_plan_of_tflite_micro_is_larger_than_what_lives_at_one_time(self):
        # First six tensors of the smallest `mcu` net at 32 px, for which the runtime plans 8,192 B.
        tensors = [
            Tensor(3072, 0, 1),  # image
            Tensor(2048, 1, 4),  # stem, also the first block's shortcut
            Tensor(2048, 2, 3),  # depthwise
            Tensor(2048, 3, 4),  # projection
            Tensor(2048, 4, 5),  # sum
            Tensor(4096, 5, 6),  # next expansion
        ]
        alive = [sum(t.size_bytes for t in tensors if t.first <= s <= t.last) for s in range(7)]
        self.assertEqual(max(alive), 6144)
        self.assertEqual(planned_bytes(tensors), 8192)


if __name__ == "__main__":
    tf.test.main()
