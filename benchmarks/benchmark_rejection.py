"""How many images of foreign classes a deployed model rejects while it keeps 95 % of known ones.

    python -m benchmarks.benchmark_rejection --model=runs/photos/scenarios/rp2040 \
        --foreign=other_photos/,more_photos/ --output=benchmarks/results/rejection

The limits are those of the model's report, fitted on validation images; how many test images
they keep is in the run's scenario.json.
"""

import dataclasses
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.errors import ExportError
from tflite_export.common.markdown import escaped
from tflite_export.common.raw_inputs import named_inputs
from tflite_export.common.settings import SettingsBase, setting
from tflite_export.predictor import Predictor
from tofa_tf.deploy.results import ScenarioResult


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """What is measured."""

    model: str = setting("Folder of a deployed model that can say unknown.")
    foreign: tuple[str, ...] = setting("Folders of images, none of a class the model knows.")
    images: int = setting("At most so many images of each folder.", 500, least=1)


@dataclasses.dataclass(frozen=True)
class Row:
    """One set of foreign images; shares of 1."""

    known: str
    foreign: str
    images: int
    known_kept: float
    foreign_rejected: float


def measure(options: Options) -> list[Row]:
    """Returns a row for each set of foreign images.

    Raises:
        ExportError: if the model has no limits.
    """
    folder = Path(options.model)
    predictor = Predictor.of(folder)
    if predictor.rejection is None:
        raise ExportError(
            f"{folder} has no limits to what it knows: train with validation images, deploy again"
        )
    evaluation = ScenarioResult.read(folder / "scenario.json").evaluation
    kept = evaluation.kept if evaluation and evaluation.kept is not None else float("nan")
    rows = []
    for name in options.foreign:
        raw = [image for _, image in islice(named_inputs(Path(name)), options.images)]
        outputs = predictor.outputs(raw)
        share = float(np.mean(predictor.rejection.rejected(outputs, predictor.rule)))
        rows.append(Row(str(folder), name, len(raw), kept, share))
    return rows


def _markdown(rows: Sequence[Row]) -> list[str]:
    return [
        "# Foreign images that are rejected",
        "",
        "| foreign images | number | known test images kept | foreign rejected |",
        "|---|---|---|---|",
        *(
            f"| {escaped(Path(row.foreign).name)} | {row.images} | {row.known_kept:.1%} "
            f"| {row.foreign_rejected:.1%} |"
            for row in rows
        ),
    ]


def main(output: Output, options: Options) -> None:
    """Measures and writes the table."""
    rows = measure(options)
    with new_results(output) as folder:
        write_csv(folder / CSV, rows)
        write_table(folder, _markdown(rows))


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
