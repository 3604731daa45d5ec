"""Batch norm of a batch in several shares against the same layer on all of it."""

import functools

import numpy as np
import tensorflow as tf

from tests.tofa_tf.distribute.threads import in_threads
from tofa_tf.distribute.replicas import ALONE, Replicas
from tofa_tf.layers.elastic_layers import ElasticBatchNormalization


def _normalised(replicas: Replicas, dtype: str = "float32") -> dict[str, np.ndarray]:
    """A batch norm of fewer channels than it has weights for, and its gradients.

    Means far from zero: sums of squares would lose their digits.
    """
    generator = np.random.default_rng(0)
    offsets = 30.0 * np.arange(8).reshape(8, 1, 1, 1)
    x, seen = (generator.normal(size=(8, 3, 3, 5)) for _ in range(2))
    x, seen = (replicas.share.cut(tf.constant(each, tf.float32)) for each in (x + offsets, seen))
    layer = ElasticBatchNormalization(7, momentum=0.5, dtype=dtype)
    layer.build()
    layer.gamma.assign(np.arange(1.0, 8.0))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True, update_statistics=True, replicas=replicas)
        loss = tf.reduce_sum(seen * tf.cast(y, tf.float32))
    dx, dgamma, dbeta = tape.gradient(loss, [x, layer.gamma, layer.beta])
    return {
        "y": np.asarray(tf.cast(y, tf.float32)),
        "dx": np.asarray(dx),
        "dgamma": np.asarray(replicas.sum(tf.convert_to_tensor(dgamma))),
        "dbeta": np.asarray(replicas.sum(tf.convert_to_tensor(dbeta))),
        "mean": np.asarray(layer.moving_mean),
        "variance": np.asarray(layer.moving_variance),
    }


class SyncNormTest(tf.test.TestCase):
    def test_shares_make_up_the_whole_batch(self):
        expected = _normalised(ALONE)
        for count in (2, 4):
            shares = in_threads(count, _normalised)
            for name in ("y", "dx"):
                got = np.concatenate([share[name] for share in shares])
                self.assertAllClose(got, expected[name], rtol=1e-4, atol=1e-5, msg=name)
            for share in shares:
                for name in ("dgamma", "dbeta", "mean", "variance"):
                    self.assertAllClose(share[name], expected[name], rtol=1e-4, msg=name)

    def test_values_in_half_precision_have_the_same_statistics(self):
        half = functools.partial(_normalised, dtype="mixed_bfloat16")
        expected, shares = half(ALONE), in_threads(2, half)
        for name in ("y", "dx"):
            got = np.concatenate([share[name] for share in shares])
            # bfloat16 keeps 8 bits.
            self.assertAllClose(got, expected[name], rtol=2e-2, atol=2e-2, msg=name)
        for share in shares:
            for name in ("mean", "variance"):
                self.assertAllClose(share[name], expected[name], rtol=1e-4, msg=name)
            for name in ("dgamma", "dbeta"):
                self.assertAllClose(share[name], expected[name], rtol=2e-2, atol=0.1, msg=name)


if __name__ == "__main__":
    tf.test.main()
