"""What int8 costs in accuracy: post-training quantisation and quantisation-aware training.

    python -m benchmarks.benchmark_qat --workdir=runs/cifar10/tofa_400 --subnets=10 \
        --output=benchmarks/results/qat_cifar10

The run must be trained. The subnets are those of the sampler's log nearest to MACs spread evenly
(on a log scale) over the log's range.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.markdown import escaped
from tflite_export.common.settings import SettingsBase, setting
from tflite_export.convert.outputs import outputs_of
from tflite_export.convert.quantization_report import answers
from tflite_export.convert.quantization_settings import Method, QatSettings, Quantization
from tflite_export.convert.quantize_model import estimated_loss, quantize_model
from tflite_export.runtimes.litert import LitertModel
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.runtimes.verify import verify
from tofa_tf.common.errors import UserError
from tofa_tf.deploy.scenario import REPRESENTATIVE_IMAGES, TRAINING_IMAGES
from tofa_tf.nets.deployable import deployable
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.arch import Arch
from tofa_tf.space.cost import trunk_macs
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.training.experiment import Experiment
from tofa_tf.training.settings import RunFolder
from tofa_tf.training.trained_run import load_run


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """What is measured."""

    subnets: int = setting("How many subnets.", 10, least=1)


@dataclasses.dataclass(frozen=True)
class Way:
    """One subnet made int8 in one way; accuracy and agreement are shares of 1.

    Attributes:
        accuracy: of the int8 model on the test images.
        loss_points: of the float model's accuracy, in percentage points.
        agreement: share of images with the float model's class.
        arena_bytes: of TFLite Micro.
    """

    accuracy: float
    loss_points: float
    agreement: float
    arena_bytes: int


@dataclasses.dataclass(frozen=True)
class Row:
    """One subnet.

    Attributes:
        macs: multiply-accumulates.
        float_accuracy: on the test images, a share of 1.
        ways: of quantisation, by name.
        ptq_estimated_loss_points: by `estimated_loss`, without labels.
        qat_seconds: of the training.
    """

    macs: int
    float_accuracy: float
    ways: Mapping[str, Way]
    ptq_estimated_loss_points: float
    qat_seconds: float

    def columns(self) -> dict[str, float]:
        """Returns all figures by their names in the CSV."""
        figures = {
            f"{name}_{figure}": value
            for name, way in self.ways.items()
            for figure, value in dataclasses.asdict(way).items()
        }
        return {
            "macs": self.macs,
            "float_accuracy": self.float_accuracy,
            **figures,
            "ptq_estimated_loss_points": self.ptq_estimated_loss_points,
            "qat_seconds": self.qat_seconds,
        }


# TFLite Micro takes about 1 ms per MMAC and image: it confirms LiteRT on some of the images.
_TFLM_IMAGES = 100
_PLOT = "loss.png"
_GOALS = {"ptq": 0.5, "qat": 0.2}


def main(place: RunFolder, output: Output, options: Options) -> None:
    """Quantises subnets in both ways and compares their accuracies."""
    run = load_run(place.workdir)
    sampled = (arch for _, arch in run.sampled)
    rows = []
    with new_results(output) as results, TflmRuntime() as tflm:
        for arch in spread(run.experiment.space, sampled, options.subnets):
            rows.append(_compare(run.supernet, arch, run.experiment, tflm))
            print(rows[-1], flush=True)
        write_csv(results / CSV, [row.columns() for row in rows])
        _plot(results / _PLOT, rows)
        write_table(results, _markdown(rows, run.experiment))


def spread(space: SearchSpace, archs: Iterable[Arch], count: int) -> list[Arch]:
    """Returns `count` different subnets of evenly spread log MACs, the smallest first.

    Raises:
        UserError: if there are not so many.
    """
    left = {arch: np.log(trunk_macs(space, arch)) for arch in archs}
    if len(left) < count:
        raise UserError(f"the sampler's log has {len(left)} subnets: {count} are too many")
    chosen = []
    for target in np.linspace(min(left.values()), max(left.values()), count):
        chosen.append(min(left, key=lambda arch: abs(left[arch] - target)))
        del left[chosen[-1]]
    return chosen


def _compare(supernet: Supernet, arch: Arch, experiment: Experiment, tflm: TflmRuntime) -> Row:
    training = experiment.training_images(arch.resolution, TRAINING_IMAGES)
    images, labels = experiment.test_images(arch.resolution), experiment.dataset.test.labels
    model, calibration = deployable(supernet, arch, experiment)
    made = quantize_model(
        model,
        calibration[:REPRESENTATIVE_IMAGES],
        training,
        Quantization(Method.QAT, qat=QatSettings(seed=experiment.config.seed)),
    )
    logits = outputs_of(model, images)
    float_accuracy = float(np.mean(logits.argmax(axis=1) == labels))
    ways = {}
    for name, tflite in (("ptq", made.ptq), ("qat", made.qat)):
        some = slice(0, _TFLM_IMAGES)
        checked = verify(tflite, images[some], labels[some], logits[some], tflm)
        answer = answers(tflite, images, labels, logits)
        lost = 100 * (float_accuracy - answer.accuracy)
        ways[name] = Way(answer.accuracy, lost, answer.agreement, checked.arena_bytes)
    litert = LitertModel(made.ptq)
    estimate = estimated_loss(
        outputs_of(model, training), litert.run(litert.quantize(training)).values
    )
    return Row(trunk_macs(experiment.space, arch), float_accuracy, ways, estimate, made.qat_seconds)


def _plot(path: Path, rows: Sequence[Row]) -> None:
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axis = figure.subplots()
    x = [row.macs / 1e6 for row in rows]
    for way, marker in (("ptq", "o"), ("qat", "s")):
        axis.plot(x, [row.ways[way].loss_points for row in rows], marker, label=way.upper())
    axis.axhline(0.0, color="gray", linewidth=0.8)
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter("{x:g}")
    axis.set_xlabel("MACs (millions)")
    axis.set_ylabel("float minus int8 test accuracy (points)")
    axis.grid(alpha=0.3)
    axis.legend()
    figure.savefig(path, dpi=110)


def _markdown(rows: Sequence[Row], experiment: Experiment) -> list[str]:
    lines = [
        f"# What int8 costs: {len(rows)} subnets of {escaped(experiment.dataset.name)}",
        "",
        "| MMACs | float | PTQ | QAT | PTQ loses | QAT loses | seconds of QAT |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        accuracies = " | ".join(f"{row.ways[way].accuracy:.2%}" for way in _GOALS)
        losses = " | ".join(f"{row.ways[way].loss_points:+.2f}" for way in _GOALS)
        lines.append(
            f"| {row.macs / 1e6:.2f} | {row.float_accuracy:.2%} | {accuracies} | {losses} "
            f"| {row.qat_seconds:.0f} |"
        )
    lines += [
        "",
        "| | median loss, points | largest | wanted at most (median) | same class as float |",
        "|---|---|---|---|---|",
    ]
    for way, goal in _GOALS.items():
        losses = [row.ways[way].loss_points for row in rows]
        agreement = np.median([row.ways[way].agreement for row in rows])
        lines.append(
            f"| {way.upper()} | {np.median(losses):.2f} | {max(losses):.2f} | {goal} "
            f"| {agreement:.2%} |"
        )
    return [*lines, "", f"![loss against MACs]({_PLOT})", "", _reading(rows, experiment)]


def _reading(rows: Sequence[Row], experiment: Experiment) -> str:
    count = len(experiment.dataset.test)
    differing = 1.0 - np.median([row.ways["qat"].agreement for row in rows])
    error = 100 * np.sqrt(differing / count)
    same = all(len({way.arena_bytes for way in row.ways.values()}) == 1 for row in rows)
    return (
        f"{count} test images in LiteRT, {_TFLM_IMAGES} of them in TFLite Micro too. With "
        f"{differing:.1%} of answers other than the float net's, the loss of one subnet is "
        f"uncertain by {error:.2f} points. PTQ and QAT take "
        f"{'equal arenas' if same else 'different arenas'}. `--quantization=auto` "
        "estimates without labels, on training images, that PTQ loses "
        f"{np.median([row.ptq_estimated_loss_points for row in rows]):.2f} points (median)."
    )


COMMAND = Command(main, (RunFolder, Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
