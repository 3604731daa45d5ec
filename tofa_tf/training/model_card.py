"""What a user of trained weights should know, on one page."""

import datetime
import importlib.metadata
import platform
import shlex
from pathlib import Path

from tflite_export.common.markdown import escaped
from tofa_tf.common.errors import printable
from tofa_tf.common.machine import describe_machine
from tofa_tf.common.workdir import sha256
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.cost import cost
from tofa_tf.training.evaluate import accuracy
from tofa_tf.training.experiment import Experiment
from tofa_tf.training.journal import WEIGHTS
from tofa_tf.training.metrics_log import training_seconds
from tofa_tf.training.sampling import spread_archs

_NETS = ("min", "lower", "middle", "upper", "max")


def model_card(supernet: Supernet, experiment: Experiment, folder: Path) -> str:
    """Returns the page as Markdown: what the weights are of, and how good five nets are.

    Of a space of one subnet that one is all.

    Args:
        supernet: with the trained weights.
        experiment: it was trained in.
        folder: of the run.
    """
    dataset, config, space = experiment.dataset, experiment.config, experiment.space
    pixels = ", ".join(map(str, space.resolutions))
    lines = [
        f"# Supernet weights: {escaped(space.name)} on {escaped(dataset.name)}",
        "",
        f"Search space {escaped(space.name)}, trained at {pixels} pixels on the "
        f"{len(experiment.training.labelled):,} labelled images of {escaped(dataset.name)}, "
        f"{experiment.num_classes} classes: "
        f"{config.steps:,} steps of {config.labelled_batch} images, seed {config.seed}, "
        f"{training_seconds(folder) / 60:.0f} minutes.",
        "",
        "| net | MACs | parameters | accuracy |",
        "|---|---|---|---|",
    ]
    archs = spread_archs(space, len(_NETS))
    for name, arch in zip(_NETS if len(archs) > 1 else ("only",), archs, strict=True):
        size = cost(space, arch, experiment.num_classes, experiment.channels)
        top_1 = accuracy(supernet, arch, experiment)
        lines.append(f"| {name} | {size.macs / 1e6:.2f} M | {size.params:,} | {top_1:.1%} |")
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("tensorflow", "keras")
    )
    lines += [
        "",
        f"Top-1 of the float nets on the {len(dataset.test):,} images held out, with batch norm "
        "recalibrated.",
        "",
        f"    {printable(shlex.join(['tofa', 'pretrain', *experiment.settings.flags()]))}",
        "",
        *_teacher(experiment),
        f"{datetime.date.today()}, {describe_machine()}, Python {platform.python_version()}, "
        f"{versions}. SHA-256 of the weights: `{sha256(folder / WEIGHTS)}`.",
        "",
    ]
    return "\n".join(lines)


def _teacher(experiment: Experiment) -> list[str]:
    """By whom the weights were taught, and what that means for them."""
    if experiment.teacher is None:
        return []
    return [
        f"Taught by {escaped(experiment.teacher.name)}. {experiment.teacher.notice}".rstrip(),
        "",
    ]
