"""What is kept of a finished arm: one line of JSON, with all that decides what it says."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tflite_export.common.console import warn
from tflite_export.common.errors import TofaError
from tflite_export.common.json_data import JsonRecord
from tofa_tf.common.files import append_line
from tofa_tf.data.labels import LabelsPerClass
from tofa_tf.select.effort import Effort

RECORDS = "arms.jsonl"


@dataclasses.dataclass(frozen=True)
class Level:
    """One net; accuracies are shares of 1 on the test images.

    Attributes:
        macs: multiply-accumulates of an image.
        params: trainable parameters.
        float_accuracy: of the float model.
        int8_accuracy: of the int8 model; None where it was not converted.
        worst_class: accuracy of the int8 (else float) model on the class that it knows least.
        band: of MACs that the net was chosen for, from 0; its place in the list where all differ.
        seconds: that choosing this net took, where it was chosen.
        file: name of the .tflite file among the models; "" where it was not converted.
        corrupted: accuracy of the float model on corrupted test images, by corruption.
    """

    macs: int
    params: int
    float_accuracy: float
    int8_accuracy: float | None
    worst_class: float
    band: int = 0
    seconds: float = 0.0
    file: str = ""
    corrupted: Mapping[str, float] = dataclasses.field(default_factory=dict)

    @property
    def accuracy(self) -> float:
        """Of the int8 model where there is one, else of the float model."""
        return self.float_accuracy if self.int8_accuracy is None else self.int8_accuracy


@dataclasses.dataclass(frozen=True)
class Row(JsonRecord):
    """One finished arm on one set, number of labels and split.

    Attributes:
        image_set: name of the set.
        labels_per_class: as asked for.
        seed: of the split, and of everything drawn.
        arm: name of the arm.
        levels: its nets.
        effort: of all that the arm took, choices that were made on the way included.
        final_effort: the same without what was tried and not chosen.
        notes: what was chosen, and whatever else is worth knowing, by name.
        settings: of the training.
        fingerprint: of all that decides what was computed.
        weights: digest of the pre-trained weights, or "none".
        versions: of the packages.
        machine: processor and cores.
        date: of the end.
    """

    image_set: str
    labels_per_class: LabelsPerClass
    seed: int
    arm: str
    levels: tuple[Level, ...]
    effort: Effort
    final_effort: Effort
    notes: Mapping[str, Any]
    settings: Mapping[str, Any]
    fingerprint: str
    weights: str
    versions: Mapping[str, str]
    machine: str
    date: str

    @property
    def place(self) -> tuple[str, LabelsPerClass, int, str]:
        """What it is the result of: set, labels, seed, arm."""
        return self.image_set, self.labels_per_class, self.seed, self.arm


def fingerprint(*facts: Any) -> str:
    """Returns a short digest of plain JSON data."""
    text = json.dumps(facts, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


class Records:
    """The finished arms in a folder; several processes may add to them.

    Args:
        folder: of the results.
    """

    def __init__(self, folder: Path):
        self.path = folder / RECORDS

    def add(self, row: Row) -> None:
        """Appends an arm; what was there stays."""
        append_line(self.path, json.dumps(row.to_json()))

    def rows(self) -> list[Row]:
        """Returns all arms, of equal ones the last; warns of damaged lines it passes over."""
        return list({row.fingerprint: row for row in _read(self.path)}.values())

    def finished(self) -> set[str]:
        """Returns the fingerprints of all arms."""
        return {row.fingerprint for row in _read(self.path)}


def latest(rows: Iterable[Row]) -> list[Row]:
    """Returns for every set, number of labels, split and arm the row that was added last."""
    return list({row.place: row for row in rows}.values())


def read_all(folders: Sequence[Path]) -> list[Row]:
    """Returns the latest rows of several folders of results, later folders win."""
    return latest(row for folder in folders for row in Records(folder).rows())


def _read(path: Path) -> list[Row]:
    if not path.exists():
        return []
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            rows.append(Row.from_json(json.loads(line)))
        except (ValueError, TofaError) as error:
            warn(f"{path}, line {number} is damaged and passed over: {error}")
    return rows
