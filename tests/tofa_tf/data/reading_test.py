import numpy as np
from absl.testing import absltest

from tofa_tf.data.reading import Reading, silent
from tofa_tf.data.stored_images import ImageMemory


class ReadingTest(absltest.TestCase):
    def test_every_loading_has_a_memory_of_its_own(self):
        self.assertIsNot(Reading().memory, Reading().memory)
        memory = ImageMemory()
        self.assertIs(Reading(memory).memory, memory)

    def test_nobody_is_told_unless_asked_for(self):
        self.assertIs(Reading().show, silent)
        self.assertIsNone(silent("photos: images decoded", 1, np.iinfo(np.int64).max))


if __name__ == "__main__":
    absltest.main()
