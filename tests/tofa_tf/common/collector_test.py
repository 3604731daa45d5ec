import gc

import tensorflow as tf

from tofa_tf.common.collector import collector_paused


class CollectorTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(gc.enable)

    def test_pauses_within_the_block_alone(self):
        with self.assertRaises(ValueError), collector_paused():
            self.assertFalse(gc.isenabled())
            raise ValueError
        self.assertTrue(gc.isenabled())

    def test_only_when_asked_to(self):
        with collector_paused(when=False):
            self.assertTrue(gc.isenabled())

    def test_stays_off_for_whoever_has_switched_it_off(self):
        gc.disable()
        with collector_paused():
            self.assertFalse(gc.isenabled())
        self.assertFalse(gc.isenabled())


if __name__ == "__main__":
    tf.test.main()
