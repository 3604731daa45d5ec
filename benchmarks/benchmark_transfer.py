"""What pre-trained weights and unlabelled images bring: int8 accuracy at several MACs levels.

    python -m benchmarks.benchmark_transfer --dataset=cifar10 --labels=4,25,400 --steps=1000 \
        --resolutions=32 --workdir=runs/cifar10 --output=benchmarks/results/transfer_cifar10

Takes the flags of tofa_tf.train, with --labels instead of --labels_per_class. For each number of
labels three supernets are trained with equal steps, batches, loss and augmentation: TOFA as it is;
on the labelled images alone, which then are the unlabelled ones too; and TOFA from scratch. The
same command continues an interrupted benchmark; each supernet has its run folder in --workdir.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.json_data import JsonRecord
from tflite_export.common.settings import SettingsBase, setting
from tflite_export.exporting.export_folder import REPORT_FILE
from tflite_export.exporting.export_settings import CalibrationData, VerificationData
from tflite_export.exporting.exporter import export_model
from tflite_export.runtimes.tflm import TflmRuntime
from tofa_tf.common.errors import UserError
from tofa_tf.common.files import write_json
from tofa_tf.common.progress import Progress
from tofa_tf.data.labels import LabelsPerClass
from tofa_tf.deploy.scenario import REPRESENTATIVE_IMAGES
from tofa_tf.nets.deployable import deployable
from tofa_tf.pretrained.load import resolve_pretrained
from tofa_tf.pretrained.names import NONE
from tofa_tf.space.arch import Arch
from tofa_tf.space.cost import cost
from tofa_tf.space.presets import get_space
from tofa_tf.training.experiment import (
    load_experiment,
    open_folder,
)
from tofa_tf.training.sampling import spread_archs
from tofa_tf.training.settings import Settings
from tofa_tf.training.trained_run import TrainedRun, train_or_load


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """What this benchmark takes besides a training's settings."""

    workdir: str = setting("Folder for the runs that are compared.")
    labels: tuple[int, ...] = setting(
        "Labelled images of each class, one training of each method for each.",
        (4, 25, 400),
        least=1,
    )
    levels: int = setting("Subnets, at even ratios of MACs.", 5, least=2)


TOFA, LABELLED_ONLY, SCRATCH = "TOFA", "labelled-only", "TOFA from scratch"
_CHANGES = {TOFA: {}, LABELLED_ONLY: {"labelled_only": True}, SCRATCH: {"pretrained": NONE}}
_PLOT = "accuracy.png"


@dataclasses.dataclass(frozen=True)
class Row:
    """One subnet; accuracies are shares of 1 on the test images.

    Attributes:
        labels_per_class: of the training.
        method: of the training.
        macs: multiply-accumulates.
        float_accuracy: of the float model.
        int8_accuracy: of the int8 model.
        level: from 0, the smallest.
        training_seconds: of the supernet.
    """

    labels_per_class: LabelsPerClass
    method: str
    macs: int
    float_accuracy: float
    int8_accuracy: float
    level: int
    training_seconds: float


@dataclasses.dataclass(frozen=True)
class Measured(JsonRecord):
    """What was measured of one supernet."""

    rows: tuple[Row, ...]


def main(settings: Settings, output: Output, options: Options) -> None:
    """Trains what is not trained yet, exports, and compares."""
    if resolve_pretrained(settings.pretrained, get_space(settings.search_space).name) == NONE:
        raise UserError("pretrained is none: there is nothing to compare with from scratch")
    if not options.labels:
        raise UserError("labels is empty: name at least one number of labels")
    with new_results(output) as folder, TflmRuntime() as tflm:
        rows: list[Row] = []
        for labels in options.labels:
            for method, changes in _CHANGES.items():
                job = dataclasses.replace(settings, labels_per_class=labels, **changes)
                name = f"{method.lower().replace(' ', '_')}_{labels}"
                print(name, flush=True)
                rows += _measure(job, method, Path(options.workdir) / name, options.levels, tflm)
        write_csv(folder / CSV, rows)
        _plot(rows).savefig(folder / _PLOT, dpi=120)
        write_table(folder, _markdown(rows, settings))


def _measure(
    settings: Settings, method: str, workdir: Path, levels: int, tflm: TflmRuntime
) -> tuple[Row, ...]:
    """Returns one row a level; what an earlier call has measured is read."""
    experiment = load_experiment(settings)
    folder = open_folder(experiment, workdir, overwrite=False)
    record = folder / f"levels_{levels}.json"
    if record.exists():
        return Measured.read(record).rows
    with Progress(settings.train.steps) as progress:
        run = train_or_load(experiment, folder, progress.step)
    archs = spread_archs(experiment.space, levels)
    rows = tuple(_export(run, arch, method, level, tflm) for level, arch in enumerate(archs))
    write_json(record, Measured(rows).to_json())
    return rows


def _export(run: TrainedRun, arch: Arch, method: str, level: int, tflm: TflmRuntime) -> Row:
    experiment, folder = run.experiment, run.folder / f"level{level}"
    model, calibration = deployable(run.supernet, arch, experiment)
    report = export_model(
        model,
        CalibrationData(calibration[:REPRESENTATIVE_IMAGES]),
        folder,
        verification=VerificationData(
            experiment.test_images(arch.resolution), experiment.dataset.test.labels
        ),
        tflm=tflm,
        overwrite=(folder / REPORT_FILE).exists(),
    )
    checked = report.verification
    print(f"  {report.macs / 1e6:.2f} MMACs: int8 {checked.int8_accuracy:.2%}", flush=True)
    return Row(
        labels_per_class=experiment.settings.labels_per_class,
        method=method,
        macs=cost(experiment.space, arch, experiment.num_classes, experiment.channels).macs,
        float_accuracy=checked.float_accuracy,
        int8_accuracy=checked.int8_accuracy,
        level=level,
        training_seconds=run.training_seconds,
    )


def _markdown(rows: Sequence[Row], settings: Settings) -> list[str]:
    lines = [
        f"# Pre-trained weights and unlabelled images: {settings.dataset}",
        "",
        f"| labels a class | MACs | {' | '.join(_CHANGES)} | gain by unlabelled images | "
        "gain by pre-training |",
        "|---|---|---|---|---|---|---|",
    ]
    for labels, level in dict.fromkeys((row.labels_per_class, row.level) for row in rows):
        here = {
            row.method: row for row in rows if (row.labels_per_class, row.level) == (labels, level)
        }
        top_1 = {method: 100 * row.int8_accuracy for method, row in here.items()}
        lines.append(
            f"| {labels} | {here[TOFA].macs / 1e6:.2f} M | "
            + " | ".join(f"{top_1[method]:.1f} %" for method in _CHANGES)
            + f" | {top_1[TOFA] - top_1[LABELLED_ONLY]:+.1f}"
            + f" | {top_1[TOFA] - top_1[SCRATCH]:+.1f} |"
        )
    minutes = sum(row.training_seconds for row in rows if row.level == 0) / 60
    return [
        *lines,
        "",
        f"Top-1 of the int8 models on all test images, one seed ({settings.train.seed}), "
        f"{settings.train.steps:,} steps; {minutes:.0f} minutes of training in all.",
        "",
        f"![int8 accuracy against MACs]({_PLOT})",
    ]


def _plot(rows: Sequence[Row]) -> Figure:
    labels = list(dict.fromkeys(row.labels_per_class for row in rows))
    figure = Figure(figsize=(3.6 * len(labels), 3.6), layout="constrained")
    axes = figure.subplots(1, len(labels), sharey=True, squeeze=False)[0]
    for axis, count in zip(axes, labels, strict=True):
        for method in _CHANGES:
            curve = [row for row in rows if (row.labels_per_class, row.method) == (count, method)]
            axis.plot(
                [row.macs / 1e6 for row in curve],
                [100 * row.int8_accuracy for row in curve],
                marker="o",
                label=method,
            )
        axis.set(title=f"{count} labels a class", xlabel="MMACs", xscale="log")
        levels = [row.macs / 1e6 for row in curve]
        axis.set_xticks(levels, [f"{level:.1f}" for level in levels])
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("int8 top-1, %")
    axes[0].legend()
    return figure


COMMAND = Command(main, (Settings, Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
