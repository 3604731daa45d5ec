"""The rules against plain numpy, written from the formulas, over several batches."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.distribute.threads import in_threads
from tofa_tf.common.errors import UserError
from tofa_tf.distribute.replicas import ALONE, Replicas
from tofa_tf.training.pseudo_label import (
    RULES,
    AdaMatch,
    FixedThreshold,
    FreeMatch,
    SoftLabels,
    SoftMatch,
    make_rule,
)

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


_DECAY = 0.7


class _Mean:
    """An exponential mean over all values so far, weights written out."""

    def __init__(self):
        self.values = []

    def __call__(self, value):
        self.values.append(value)
        weights = _DECAY ** np.arange(len(self.values))[::-1]
        return np.average(self.values, axis=0, weights=weights)


class PseudoLabelTest(tf.test.TestCase, parameterized.TestCase):
    def test_fixed_threshold_by_hand(self):
        probabilities = np.array([[0.96, 0.04], [0.5, 0.5], [0.05, 0.95], [0.06, 0.94]])
        targets, weights = FixedThreshold(2, 0.949)(tf.constant(np.log(probabilities)), None)
        self.assertAllEqual(targets, np.eye(2)[[0, 0, 1, 1]])
        self.assertAllEqual(weights, [1.0, 0.0, 1.0, 0.0])

    def test_softmatch(self):
        rule = SoftMatch(_CLASSES, _DECAY)
        mean, variance, predicted = (_Mean() for _ in range(3))
        seen = []
        for weak, labelled in _batches():
            q = _softmax(weak)
            confidence = _normalized(q / _CLASSES / predicted(q.mean(axis=0))).max(axis=1)
            m, v = mean(confidence.mean()), variance(confidence.var(ddof=1))
            expected = [
                1.0 if c >= m else np.exp(-((c - m) ** 2) * 4 / (2 * v)) for c in confidence
            ]
            targets, weights = self._call(rule, weak, labelled)
            self.assertAllEqual(targets, np.eye(_CLASSES)[weak.argmax(axis=1)])
            self.assertAllClose(weights, expected, rtol=1e-4)
            seen += expected
        self.assertIn(1.0, seen)
        self.assertLess(min(seen), 0.8)

    def test_softmatch_filters_from_the_first_batches_on(self):
        # A mean that begins at 1 / classes and a variance of 1 trusted everything for hundreds of
        # steps.
        rule = SoftMatch(10, decay=0.999)
        generator = np.random.default_rng(0)
        for _ in range(3):
            logits = generator.normal(scale=2.0, size=(128, 10))
            _, weights = self._call(rule, logits, logits)
            self.assertBetween(weights.mean(), 0.3, 0.9)

    def test_freematch(self):
        rule = FreeMatch(_CLASSES, _DECAY)
        confidence, predicted = _Mean(), _Mean()
        kept, thresholds = 0, set()
        for weak, labelled in _batches():
            q = _softmax(weak)
            least, p = confidence(q.max(axis=1).mean()), predicted(q.mean(axis=0))
            of_class = least * p / p.max()
            targets, weights = self._call(rule, weak, labelled)
            self.assertAllEqual(targets, np.eye(_CLASSES)[q.argmax(axis=1)])
            self.assertAllEqual(weights, q.max(axis=1) >= of_class[q.argmax(axis=1)])
            kept += weights.sum()
            thresholds |= set(of_class.round(3))
        self.assertBetween(kept, 5, 6 * 14 - 5)
        self.assertGreater(max(thresholds) / min(thresholds), 2.0)

    def test_adamatch(self):
        threshold = 0.9
        rule = AdaMatch(_CLASSES, threshold, _DECAY)
        predicted, wanted = _Mean(), _Mean()
        kept, changed = 0, 0
        for weak, labelled in _batches():
            q, labelled_q = _softmax(weak), _softmax(labelled)
            aligned = _normalized(q * wanted(labelled_q.mean(axis=0)) / predicted(q.mean(axis=0)))
            least = threshold * labelled_q.max(axis=1).mean()
            targets, weights = self._call(rule, weak, labelled)
            self.assertAllEqual(targets, np.eye(_CLASSES)[aligned.argmax(axis=1)])
            self.assertAllEqual(weights, aligned.max(axis=1) >= least)
            kept += weights.sum()
            changed += np.count_nonzero(aligned.argmax(axis=1) != q.argmax(axis=1))
        # The batches are such that some images are kept, some not, and alignment matters.
        self.assertBetween(kept, 5, 6 * 14 - 5)
        self.assertGreater(changed, 0)

    def test_alignment_starts_from_the_first_batch(self):
        # A net that takes nearly all for one class, and labels of which both are as frequent.
        weak = np.log(np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3]]))
        labelled = np.log(np.array([[0.999, 0.001], [0.001, 0.999]]))
        aligned, _ = self._call(SoftLabels(2, temperature=1.0), weak, labelled)
        # 2.2 : 0.8 becomes 1 : 1.
        expected = _normalized(np.exp(weak) * [0.5 / 2.2, 0.5 / 0.8])
        self.assertAllClose(aligned, expected, rtol=1e-4)
        self.assertEqual(list(aligned.argmax(axis=1)), [0, 1, 1])

    def test_soft_labels(self):
        rule = SoftLabels(_CLASSES, temperature=0.5, decay=_DECAY)
        predicted, wanted = _Mean(), _Mean()
        for weak, labelled in _batches():
            q, labelled_q = _softmax(weak), _softmax(labelled)
            aligned = _normalized(q * wanted(labelled_q.mean(axis=0)) / predicted(q.mean(axis=0)))
            targets, weights = self._call(rule, weak, labelled)
            self.assertAllClose(targets, _normalized(aligned**2), rtol=1e-4)
            self.assertAllClose(weights, aligned.max(axis=1), rtol=1e-4)

    @parameterized.parameters(*RULES)
    def test_no_unlabelled_images_leave_everything_finite(self, name):
        rule = make_rule(name, _CLASSES, 0.9)
        targets, weights = self._call(rule, np.zeros((0, _CLASSES)), np.ones((3, _CLASSES)))
        self.assertEqual((targets.shape, weights.shape), ((0, _CLASSES), (0,)))
        for variable in rule.variables:
            self.assertTrue(np.isfinite(variable.numpy()).all())

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

    @parameterized.parameters(*RULES)
    def test_shares_of_a_batch_are_labelled_as_all_of_it(self, name):
        def labels(replicas: Replicas) -> list[np.ndarray]:
            rule, made = make_rule(name, _CLASSES, 0.9), []
            for weak, labelled in _batches(3):
                both = (
                    replicas.share.cut(tf.constant(each, tf.float32))
                    for each in (weak, labelled[:4])
                )
                made += [value.numpy() for value in rule(*both, replicas)]
            return made

        for whole, *shares in zip(labels(ALONE), *in_threads(2, labels), strict=True):
            self.assertAllClose(np.concatenate(shares), whole, rtol=1e-5)

    def test_single_image_leaves_the_state_finite(self):
        for name in RULES:
            rule = make_rule(name, _CLASSES, 0.9)
            _, weights = rule(tf.constant([[9.0, 0, 0, 0]]), tf.constant([[0.0, 1, 0, 0]]))
            self.assertAllInRange(weights, 0.0, 1.0)
            for variable in rule.variables:
                self.assertTrue(np.isfinite(variable.numpy()).all())

    def test_unknown_rule_lists_those_there_are(self):
        with self.assertRaisesRegex(
            UserError, "'flex'; available: adamatch, fixed, freematch, soft, softmatch"
        ):
            make_rule("flex", _CLASSES, 0.9)

    def _call(self, rule, weak, labelled) -> list[np.ndarray]:
        values = rule(tf.constant(weak, tf.float32), tf.constant(labelled, tf.float32))
        return [value.numpy() for value in values]


if __name__ == "__main__":
    tf.test.main()
