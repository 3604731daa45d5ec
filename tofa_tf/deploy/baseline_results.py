"""What `tofa baseline` measured of a run, for its report."""

import dataclasses
from pathlib import Path

from tflite_export.common.console import warn
from tflite_export.common.errors import TofaError
from tflite_export.common.json_data import JsonRecord
from tofa_tf.common.files import write_json

BASELINES = "baselines.json"


@dataclasses.dataclass(frozen=True)
class BaselineResult(JsonRecord):
    """A net that was made without the supernet.

    Attributes:
        name: of the way it was made.
        macs: multiply-accumulates of one image.
        weight_bytes: int8 kernels and int32 biases.
        float_accuracy: share of the test images it gets right, as float.
        seconds: that making it took, trials included.
    """

    name: str
    macs: int
    weight_bytes: int
    float_accuracy: float
    seconds: float


@dataclasses.dataclass(frozen=True)
class BaselineResults(JsonRecord):
    """All baselines of a run; one that is measured again takes the place of its earlier figures."""

    baselines: tuple[BaselineResult, ...] = ()

    def with_one(self, one: BaselineResult) -> "BaselineResults":
        """Returns the results with one more."""
        others = [
            other for other in self.baselines if (other.name, other.macs) != (one.name, one.macs)
        ]
        return BaselineResults((*others, one))


def read_baselines(folder: Path) -> BaselineResults:
    """Returns the baselines of a run; none where none were made, or their file is damaged."""
    if not (folder / BASELINES).exists():
        return BaselineResults()
    try:
        return BaselineResults.read(folder / BASELINES)
    except TofaError as error:
        warn(f"{error}; the report leaves the baselines out")
        return BaselineResults()


def write_baselines(results: BaselineResults, folder: Path) -> None:
    """Writes `baselines.json` into the folder of a run."""
    write_json(folder / BASELINES, results.to_json())
