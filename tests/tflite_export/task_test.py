import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tflite_export.common.errors import ExportError
from tflite_export.convert.convert import convert_int8
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.operators import OperatorGraph
from tflite_export.task import OutputRule, Task, output_rule, parse_task

layers = keras.layers
_CLASSES = OutputRule(Task.CLASSIFICATION)
_DECISIONS = OutputRule(Task.BINARY, 0.5)


def _converted(*ends, shape=(6,)) -> OperatorGraph:
    """Returns a small model whose last layers are `ends`, converted."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Input(shape), layers.Dense(5, activation="relu"), *ends])
    inputs = np.random.default_rng(0).normal(size=(20, *shape)).astype(np.float32)
    return read_tflite(convert_int8(model, inputs))


class OutputRuleTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.named_parameters(
        ("logits", [layers.Dense(3)], _CLASSES),
        ("softmax", [layers.Dense(2, activation="softmax")], _CLASSES),
        ("softmax_of_the_input_s_shape", [layers.Dense(6, activation="softmax")], _CLASSES),
        ("sigmoid", [layers.Dense(1, activation="sigmoid")], _DECISIONS),
        ("several_sigmoids", [layers.Dense(3, activation="sigmoid")], _DECISIONS),
        (
            "sigmoid_then_reshape",
            [layers.Dense(4, activation="sigmoid"), layers.Reshape((2, 2))],
            _DECISIONS,
        ),
        ("one_number", [layers.Dense(1)], OutputRule(Task.REGRESSION)),
        ("autoencoder", [layers.Dense(6)], OutputRule(Task.REGRESSION)),
    )
    def test_told_by_the_file(self, ends, expected):
        self.assertEqual(output_rule(Task.AUTO, _converted(*ends)), expected)

    def test_class_indices_for_several_sigmoids(self):
        file = _converted(layers.Dense(3, activation="sigmoid"))
        self.assertEqual(output_rule(Task.AUTO, file, np.zeros(20, int)), _CLASSES)
        self.assertEqual(output_rule(Task.AUTO, file, np.zeros((20, 3), int)), _DECISIONS)

    def test_what_is_said_counts(self):
        numbers = _converted(layers.Dense(3))
        self.assertEqual(output_rule(Task.REGRESSION, numbers).task, Task.REGRESSION)
        self.assertEqual(output_rule(Task.BINARY, numbers), OutputRule(Task.BINARY, 0.0))
        with self.assertRaisesRegex(ExportError, "the model has one column: task='binary' or"):
            output_rule(Task.CLASSIFICATION, _converted(layers.Dense(1)))

    def test_names(self):
        self.assertIs(parse_task("binary"), Task.BINARY)
        with self.assertRaisesRegex(ExportError, "no task 'x'; choose one of auto, class"):
            parse_task("x")


class AnswersTest(tf.test.TestCase):
    def test_classes(self):
        self.assertAllEqual(_CLASSES.answers(np.array([[1, 3, 2], [9, 0, 0]])), [1, 0])

    def test_classes_of_every_position(self):
        outputs = np.zeros((2, 4, 4, 3))
        outputs[0, 1, 2, 2] = 1.0
        answers = _CLASSES.answers(outputs)
        self.assertEqual(answers.shape, (2, 4, 4))
        self.assertEqual((answers[0, 1, 2], answers.sum()), (2, 2))

    def test_decisions(self):
        self.assertAllEqual(_DECISIONS.answers(np.array([[0.4], [0.5], [0.6]])), [0, 0, 1])
        self.assertAllEqual(_DECISIONS.answers(np.array([[0.4, 0.7]])), [[0, 1]])
        self.assertAllEqual(OutputRule(Task.BINARY, 0.0).answers(np.array([[-1.0], [2.0]])), [0, 1])

    def test_probabilities(self):
        given = np.array([[0.5, 0.3, 0.2]])
        self.assertAllClose(_CLASSES.probabilities(given), given)
        self.assertAllClose(_CLASSES.probabilities(np.log(given) + 3.0), given)
        self.assertAllClose(_DECISIONS.probabilities(np.array([[0.3]])), [[0.7, 0.3]])
        logit = np.log(0.3 / 0.7)
        by_logit = OutputRule(Task.BINARY, 0.0).probabilities(np.array([[logit], [-1e9]]))
        self.assertAllClose(by_logit, [[0.7, 0.3], [1.0, 0.0]])


class CheckLabelsTest(tf.test.TestCase, parameterized.TestCase):
    def test_suitable(self):
        _CLASSES.check_labels(np.array([0, 2]), np.zeros((2, 3)))
        _CLASSES.check_labels(np.zeros((2, 4, 4), np.uint8), np.zeros((2, 4, 4, 3)))
        _DECISIONS.check_labels(np.array([0, 1]), np.zeros((2, 1)))
        _DECISIONS.check_labels(np.zeros((2, 3), bool), np.zeros((2, 3)))

    @parameterized.parameters(
        (_CLASSES, np.array([0]), (2, 3), "1 labels for 2 inputs"),
        (_CLASSES, np.array([0, 3]), (2, 3), "from 0 to 3, but the model tells 3 classes, 0 to 2"),
        (_CLASSES, np.array([-1, 0]), (2, 3), "from -1 to 0"),
        (_CLASSES, np.array([0.0, 1.0]), (2, 3), "labels are float64"),
        (_CLASSES, np.array([0, 1]), (2, 4, 4, 3), r"integers \(2, 4, 4\) are needed"),
        (_DECISIONS, np.array([0, 2]), (2, 1), "tells 2 classes"),
        (OutputRule(Task.REGRESSION), np.array([0, 1]), (2, 1), "which have no labels: leave them"),
    )
    def test_unsuitable(self, rule, labels, shape, message):
        with self.assertRaisesRegex(ExportError, message):
            rule.check_labels(labels, np.zeros(shape))


if __name__ == "__main__":
    tf.test.main()
