"""What several replicas agree on, and that one alone changes nothing; see `together_test` too."""

import numpy as np
import tensorflow as tf

from tests.tofa_tf.distribute.threads import in_threads
from tofa_tf.distribute.replicas import ALONE, Workers


def _exchanged(replicas: Workers) -> dict:
    own = float(replicas.share.index + 1)
    small, large = tf.fill([2], own), tf.fill([3, 2], 10.0 * own)
    return {
        "gathered": replicas.gather(small),
        "mean": replicas.mean(small),
        "means": replicas.means([small, large]),
        "chief": replicas.from_chief(small),
        "is_chief": replicas.is_chief,
    }


class ReplicasTest(tf.test.TestCase):
    def test_all_get_the_same(self):
        all_of_them = in_threads(3, _exchanged)
        self.assertEqual([each["is_chief"] for each in all_of_them], [True, False, False])
        for each in all_of_them:
            self.assertAllEqual(each["gathered"], [[1, 1], [2, 2], [3, 3]])
            self.assertAllClose(each["mean"], [2, 2])
            self.assertAllClose(each["means"][0], [2, 2])
            self.assertAllClose(each["means"][1], np.full((3, 2), 20))
            self.assertAllEqual(each["chief"], [1, 1])

    def test_one_alone_keeps_what_it_has(self):
        value = tf.constant([1.0, 2.0])
        self.assertEqual((ALONE.count, ALONE.is_chief), (1, True))
        self.assertAllEqual(ALONE.gather(value), [[1, 2]])
        for same in (ALONE.sum(value), ALONE.mean(value), ALONE.from_chief(value)):
            self.assertIs(same, value)
        self.assertIs(ALONE.means([value])[0], value)
        self.assertEqual([ALONE.any(flag) for flag in (True, False)], [True, False])


if __name__ == "__main__":
    tf.test.main()
