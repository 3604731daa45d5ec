"""What the outputs of a model mean, and so what "equal answers" and "accuracy" are.

| task | output | an answer is | labels |
|---|---|---|---|
| classification | one value a class, logits or softmax | the largest | class index |
| binary | decisions: sigmoid, or a logit | above 0.5, or above 0 | 0 or 1 |
| regression | numbers | - | none; the error is told in the output's unit |

Where nothing is said, the converted file decides: an output that ends in a sigmoid is binary, one
column otherwise is a regression, as is an output of the shape of the input (an autoencoder), unless
it ends in a softmax; all else is a classification. So is a sigmoid of several columns where labels
are class indices. Outputs of more than one position (a label for each pixel or time step) have an
answer at each.
"""

import enum
from dataclasses import dataclass

import numpy as np

from tflite_export.common.errors import ExportError
from tflite_export.graph.operators import OperatorGraph

# Ops at the end of a file that change no value.
_PASSING = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "QUANTIZE")


class Task(enum.StrEnum):
    """What a model is for."""

    AUTO = "auto"
    CLASSIFICATION = "classification"
    BINARY = "binary"
    REGRESSION = "regression"


@dataclass(frozen=True)
class OutputRule:
    """How the outputs of a model are read.

    Attributes:
        task: never AUTO.
        threshold: above which a decision is yes; None unless binary.
    """

    task: Task
    threshold: float | None = None

    @property
    def has_answers(self) -> bool:
        """Whether outputs stand for answers that are right or wrong."""
        return self.task is not Task.REGRESSION

    def answers(self, outputs: np.ndarray) -> np.ndarray:
        """Returns the answers, integers (batch, ...), to outputs (batch, ..., columns).

        Decisions of several columns keep their axis.
        """
        if self.task is Task.CLASSIFICATION:
            return outputs.argmax(axis=-1)
        assert self.threshold is not None
        decisions = (outputs > self.threshold).astype(int)
        return decisions[..., 0] if outputs.shape[-1] == 1 else decisions

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Returns the probability of each possible answer, (..., answers), by the model itself."""
        if self.task is Task.BINARY:
            yes = outputs if self.threshold else 1.0 / (1.0 + np.exp(-outputs.clip(-60.0, 60.0)))
            yes = yes[..., 0] if outputs.shape[-1] == 1 else yes
            return np.stack([1.0 - yes, yes], axis=-1)
        if self.are_probabilities(outputs):
            return outputs
        powers = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)

    def are_probabilities(self, outputs: np.ndarray) -> bool:
        """Tells whether the outputs of a classification are probabilities already."""
        return bool(outputs.min() >= 0.0 and np.allclose(outputs.sum(axis=-1), 1.0, atol=1e-3))

    def check_labels(self, labels: np.ndarray, outputs: np.ndarray) -> None:
        """Makes sure that labels are answers to outputs.

        Raises:
            ExportError: if the task has none, or shape or values do not fit.
        """
        if not self.has_answers:
            raise ExportError(
                "the model computes numbers (a regression), which have no labels: leave them out, "
                "or say what it is with task='classification' or task='binary'"
            )
        wanted = self.answers(outputs).shape
        if len(labels) != len(outputs):
            raise ExportError(f"there are {len(labels)} labels for {len(outputs)} inputs")
        if labels.shape != wanted or labels.dtype.kind not in "iub":
            raise ExportError(
                f"labels are {labels.dtype} {labels.shape}; for {self.task} with outputs "
                f"{outputs.shape} integers {wanted} are needed"
            )
        classes = 2 if self.task is Task.BINARY else outputs.shape[-1]
        if labels.size and not 0 <= labels.min() <= labels.max() < classes:
            raise ExportError(
                f"labels range from {labels.min()} to {labels.max()}, but the model tells "
                f"{classes} classes, 0 to {classes - 1}"
            )


CLASSIFICATION = OutputRule(Task.CLASSIFICATION)


def parse_task(task: Task | str) -> Task:
    """Returns the task of that name.

    Raises:
        ExportError: if there is none.
    """
    try:
        return Task(task)
    except ValueError:
        raise ExportError(f"there is no task {task!r}; choose one of {', '.join(Task)}") from None


def output_rule(task: Task, file: OperatorGraph, labels: np.ndarray | None = None) -> OutputRule:
    """Returns how the outputs of a converted model are read.

    Args:
        task: what was said; AUTO: what the file suggests, see above.
        file: the parsed .tflite.
        labels: of the inputs that it is tested with, if any.

    Raises:
        ExportError: if classes are asked of a single column.
    """
    shape, last = file.outputs[0].shape, _last_op(file)
    columns = shape[-1] if shape else 1
    if task is Task.AUTO:
        task = _guess(file, columns, last, labels)
    if task is Task.CLASSIFICATION and columns < 2:
        raise ExportError(
            "a classification needs one output column a class; the model has one column: "
            "task='binary' or task='regression' suits it"
        )
    threshold = 0.5 if last == "LOGISTIC" else 0.0
    return OutputRule(task, threshold if task is Task.BINARY else None)


def ends_in_softmax(file: OperatorGraph) -> bool:
    """Whether the outputs of a converted model are probabilities that add up to 1."""
    return _last_op(file) == "SOFTMAX"


def _guess(file: OperatorGraph, columns: int, last: str, labels: np.ndarray | None) -> Task:
    if last == "LOGISTIC":
        by_class = labels is not None and labels.ndim < len(file.outputs[0].shape)
        return Task.CLASSIFICATION if columns > 1 and by_class else Task.BINARY
    same = file.outputs[0].shape == file.inputs[0].shape and last != "SOFTMAX"
    return Task.REGRESSION if columns == 1 or same else Task.CLASSIFICATION


def _last_op(file: OperatorGraph) -> str:
    """Returns the op that computes the output, "" if there is none."""
    tensor = file.outputs[0].index
    for op in reversed(file.ops):
        if any(output.index == tensor for output in op.outputs):
            if op.name not in _PASSING:
                return op.name
            tensor = op.inputs[0].index
    return ""
