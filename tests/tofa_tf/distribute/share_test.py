import numpy as np
import tensorflow as tf

from tests.tofa_tf.data.images import noise
from tofa_tf.data import augment
from tofa_tf.data.pipeline import Batch, train_batches
from tofa_tf.data.records import ImageSet, TrainingImages
from tofa_tf.distribute.share import WHOLE, Share


class ShareTest(tf.test.TestCase):
    def test_shares_make_up_the_batch(self):
        batch = tf.range(12)
        parts = [Share(index, 3).cut(batch) for index in range(3)]
        self.assertAllEqual(tf.concat(parts, axis=0), batch)
        self.assertIs(WHOLE.cut(batch), batch)

    def test_random_numbers_are_those_of_the_whole_batch(self):
        whole = WHOLE.uniform([12, 2], [1, 2], 0, 1000, tf.int32)
        parts = [Share(index, 3).uniform([4, 2], [1, 2], 0, 1000, tf.int32) for index in range(3)]
        self.assertAllEqual(tf.concat(parts, axis=0), whole)

    def test_rows_before_a_position(self):
        for position in range(13):
            counts = [int(Share(index, 3).before(position, 4)) for index in range(3)]
            expected = [sum(4 * index + row < position for row in range(4)) for index in range(3)]
            self.assertEqual(counts, expected)

    def test_images_are_augmented_as_in_the_whole_batch(self):
        images = noise(12, 16)
        for view in (augment.weak, augment.strong):
            whole = view(tf.constant(images), [3, 4])
            for index in range(3):
                share = Share(index, 3)
                part = view(tf.constant(images[4 * index : 4 * index + 4]), [3, 4], share=share)
                self.assertAllEqual(part, whole[4 * index : 4 * index + 4])

    def test_training_batches_are_cut_equally(self):
        data = TrainingImages(
            ImageSet(noise(20, 8), np.arange(20, dtype=np.int32)), np.arange(5), np.arange(20)
        )

        def batches(share: Share) -> list[Batch]:
            steps = train_batches(
                data, labelled_batch=4, unlabelled_ratio=3, seed=1, total_steps=3, share=share
            )
            return list(steps)

        whole, parts = batches(WHOLE), [batches(Share(index, 2)) for index in range(2)]
        for one, *both in zip(whole, *parts, strict=True):
            for name in ("images", "labels", "weak", "strong", "true_labels"):
                joined = tf.concat([getattr(part, name) for part in both], axis=0)
                self.assertAllEqual(joined, getattr(one, name), name)


if __name__ == "__main__":
    tf.test.main()
