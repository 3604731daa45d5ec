"""The rules against plain numpy, written from the formulas, over several batches."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.common.errors import UserError
from tofa_tf.training.pseudo_label import RULES, AdaMatch, FixedThreshold, SoftMatch, make_rule

_CLASSES = 4


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _normalized(rows: np.ndarray) -> np.ndarray:
    return rows / rows.sum(axis=1, keepdims=True)


def _batches(count: int = 6):
    """Logits with a preference for the first classes, of other sizes for weak and labelled."""
    generator = np.random.default_rng(0)
    prior = np.array([2.0, 1.0, 0.0, -1.0])
    for _ in range(count):
        weak = generator.normal(scale=2.0, size=(14, _CLASSES)) + prior
        yield weak, generator.normal(scale=3.0, size=(5, _CLASSES))


class PseudoLabelTest(tf.test.TestCase, parameterized.TestCase):
    def test_fixed_threshold_by_hand(self):
        probabilities = np.array([[0.96, 0.04], [0.5, 0.5], [0.05, 0.95], [0.06, 0.94]])
        labels, weights = FixedThreshold(2, 0.949)(tf.constant(np.log(probabilities)), None)
        self.assertAllEqual(labels, [0, 0, 1, 1])
        self.assertAllEqual(weights, [1.0, 0.0, 1.0, 0.0])

    def test_softmatch(self):
        decay = 0.7
        rule = SoftMatch(_CLASSES, decay)
        mean, variance, predicted = 1 / _CLASSES, 1.0, np.full(_CLASSES, 1 / _CLASSES)
        seen = []
        for weak, labelled in _batches():
            q = _softmax(weak)
            predicted = decay * predicted + (1 - decay) * q.mean(axis=0)
            confidence = _normalized(q / _CLASSES / predicted).max(axis=1)
            mean = decay * mean + (1 - decay) * confidence.mean()
            variance = decay * variance + (1 - decay) * confidence.var(ddof=1)
            expected = [
                1.0 if m >= mean else np.exp(-((m - mean) ** 2) * 4 / (2 * variance))
                for m in confidence
            ]
            labels, weights = self._call(rule, weak, labelled)
            self.assertAllEqual(labels, weak.argmax(axis=1))
            self.assertAllClose(weights, expected, rtol=1e-4)
            seen += expected
        self.assertAllClose(rule.mean, mean, rtol=1e-5)
        self.assertAllClose(rule.variance, variance, rtol=1e-5)
        self.assertAllClose(rule.predicted, predicted, rtol=1e-5)
        self.assertIn(1.0, seen)
        self.assertLess(min(seen), 0.8)

    def test_adamatch(self):
        decay, threshold = 0.7, 0.9
        rule = AdaMatch(_CLASSES, threshold, decay)
        predicted = wanted = np.full(_CLASSES, 1 / _CLASSES)
        kept, changed = 0, 0
        for weak, labelled in _batches():
            q, labelled_q = _softmax(weak), _softmax(labelled)
            predicted = decay * predicted + (1 - decay) * q.mean(axis=0)
            wanted = decay * wanted + (1 - decay) * labelled_q.mean(axis=0)
            aligned = _normalized(q * wanted / predicted)
            least = threshold * labelled_q.max(axis=1).mean()
            labels, weights = self._call(rule, weak, labelled)
            self.assertAllEqual(labels, aligned.argmax(axis=1))
            self.assertAllEqual(weights, aligned.max(axis=1) >= least)
            kept += weights.sum()
            changed += np.count_nonzero(aligned.argmax(axis=1) != q.argmax(axis=1))
        self.assertAllClose(rule.predicted, predicted, rtol=1e-5)
        self.assertAllClose(rule.wanted, wanted, rtol=1e-5)
        # The batches are such that some images are kept, some not, and alignment matters.
        self.assertBetween(kept, 5, 6 * 14 - 5)
        self.assertGreater(changed, 0)

    @parameterized.parameters(*RULES)
    def test_state_has_unique_names_and_moves_within_a_graph(self, name):
        rule = make_rule(name, _CLASSES, 0.9)
        names = [variable.name for variable in rule.variables]
        self.assertLen(set(names), len(names))
        again = make_rule(name, _CLASSES, 0.9)
        self.assertEqual(names, [variable.name for variable in again.variables])
        before = [variable.numpy() for variable in rule.variables]
        graph = tf.function(rule.__call__)
        for weak, labelled in _batches(3):
            arguments = tf.constant(weak, tf.float32), tf.constant(labelled, tf.float32)
            for computed, expected in zip(graph(*arguments), again(*arguments), strict=True):
                self.assertAllClose(computed, expected)
        for old, variable, other in zip(before, rule.variables, again.variables, strict=True):
            self.assertNotAllClose(old, variable)
            self.assertAllClose(variable, other)
            self.assertFalse(variable.trainable)

    def test_single_image_leaves_the_state_finite(self):
        for name in RULES:
            rule = make_rule(name, _CLASSES, 0.9)
            _, weights = rule(tf.constant([[9.0, 0, 0, 0]]), tf.constant([[0.0, 1, 0, 0]]))
            self.assertAllInRange(weights, 0.0, 1.0)
            for variable in rule.variables:
                self.assertTrue(np.isfinite(variable.numpy()).all())

    def test_unknown_rule_lists_those_there_are(self):
        with self.assertRaisesRegex(UserError, "'flex'; available: adamatch, fixed, softmatch"):
            make_rule("flex", _CLASSES, 0.9)

    def _call(self, rule, weak, labelled) -> list[np.ndarray]:
        values = rule(tf.constant(weak, tf.float32), tf.constant(labelled, tf.float32))
        return [value.numpy() for value in values]


if __name__ == "__main__":
    tf.test.main()
