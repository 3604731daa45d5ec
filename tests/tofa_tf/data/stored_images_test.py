import resource
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from absl.testing import absltest

from tests.tofa_tf.data.images import noise
from tofa_tf.common.errors import UserError
from tofa_tf.data.stored_images import (
    FileWriter,
    ImageMemory,
    Pixels,
    StoredImages,
    chosen,
    joined_images,
)


def _written(images: np.ndarray, memory: ImageMemory | None = None) -> Pixels:
    (writer,) = (memory or ImageMemory(0)).writers(len(images), (8,), 3)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(writer.put, reversed(range(len(images))), images[::-1]))
    return writer.images(np.arange(len(images)))


class StoredImagesTest(absltest.TestCase):
    def setUp(self):
        super().setUp()
        self.images = noise(20, 8)
        self.stored = _written(self.images)

    def assert_equal(self, stored: StoredImages, expected: np.ndarray) -> None:
        self.assertIsInstance(stored, StoredImages)
        self.assertEqual((stored.shape, stored.dtype), (expected.shape, expected.dtype))
        self.assertLen(stored, len(expected))
        np.testing.assert_array_equal(np.asarray(stored), expected)

    def test_what_fits_stays_in_memory(self):
        for most_bytes in (self.images.nbytes, None):
            kept = _written(self.images, ImageMemory(most_bytes))
            self.assertIsInstance(kept, np.ndarray)
            np.testing.assert_array_equal(kept, self.images)
        self.assert_equal(_written(self.images, ImageMemory(self.images.nbytes - 1)), self.images)

    def test_one_bound_for_all_sizes_and_all_that_is_decoded(self):
        memory = ImageMemory(10 * (8 * 8 + 4 * 4) * 3)

        def kept(count: int, *sizes: int) -> list[bool]:
            nothing = np.arange(0)
            writers = memory.writers(count, sizes, 3)
            return [isinstance(writer.images(nothing), np.ndarray) for writer in writers]

        self.assertEqual(kept(6, 8, 4), [True, True])
        self.assertEqual(kept(5, 8, 4), [False, False])
        self.assertEqual(kept(4, 8, 4), [True, True])
        self.assertEqual(kept(1, 4), [False])

    def test_is_indexed_like_an_array(self):
        mask = np.arange(20) % 3 == 0
        for key in (3, -1, slice(2, 9), slice(None), np.array([5, 0, 5]), mask, np.array([], int)):
            np.testing.assert_array_equal(self.stored[key], self.images[key])
        self.stored.drop_cache()
        np.testing.assert_array_equal(list(self.stored), self.images)
        with self.assertRaises(IndexError):
            self.stored[20]

    def test_parts_are_taken_and_joined_unread(self):
        some, mask = np.array([7, 2, 11]), np.arange(20) % 3 == 0
        self.assert_equal(self.stored.take(some), self.images[some])
        self.assert_equal(self.stored.take(some).take(np.array([2, 0])), self.images[[11, 7]])
        self.assert_equal(chosen(self.stored, mask), self.images[mask])
        np.testing.assert_array_equal(chosen(self.images, mask), self.images[mask])
        self.assert_equal(self.stored.first_channel(), self.images[..., :1])
        others = noise(5, 8, 1)
        for more in (others, _written(others)):
            both = joined_images([self.stored.take(some), more, self.images])
            expected = np.concatenate([self.images[some], others, self.images])
            self.assert_equal(both, expected)
        self.assertIsInstance(joined_images([others, others]), np.ndarray)
        with self.assertRaises(ValueError):
            self.stored.joined(self.stored.first_channel())

    def test_only_some_positions_were_written(self):
        writer = FileWriter(4, (8, 8, 3))
        for position in (3, 1):
            writer.put(position, self.images[position])
        self.assert_equal(writer.images(np.array([1, 3])), self.images[[1, 3]])

    def test_threads_read_at_once(self):
        barrier = threading.Barrier(4)

        def read(start: int) -> np.ndarray:
            barrier.wait()
            return self.stored[start::4]

        with ThreadPoolExecutor(4) as pool:
            for start, rows in enumerate(pool.map(read, range(4))):
                np.testing.assert_array_equal(rows, self.images[start::4])

    def test_a_full_disk_is_told_before_any_work(self):
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        # Python ignores the signal that comes with it: writing fails as on a full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))
        try:
            with self.assertRaisesRegex(UserError, "GiB of decoded images are more .* image_mem"):
                FileWriter(20, (8, 8, 3))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)


if __name__ == "__main__":
    absltest.main()
