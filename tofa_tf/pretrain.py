"""Trains a supernet on labels alone, for others to start from; resumable like every training.

    python -m tofa_tf.pretrain --data_dir=DIR --workdir=runs/pretrain \
        --output=tofa_tf/pretrained/mcu_tiny_imagenet

writes OUTPUT.weights.h5 and OUTPUT.md, its model card. Takes every flag of tofa_tf.train; the
defaults here are those the shipped weights were made with.
"""

import datetime
import importlib.metadata
import platform
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from tofa_tf import train
from tofa_tf.app import cli
from tofa_tf.common.errors import UserError
from tofa_tf.common.files import replacing, write_text
from tofa_tf.common.machine import describe_machine
from tofa_tf.common.progress import Progress
from tofa_tf.common.workdir import sha256
from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretrained.load import NONE
from tofa_tf.space.cost import cost
from tofa_tf.training.evaluate import accuracy
from tofa_tf.training.experiment import Experiment, load_experiment, open_folder
from tofa_tf.training.metrics_log import training_seconds
from tofa_tf.training.sampling import spread_archs
from tofa_tf.training.trained_run import train_or_load
from tofa_tf.training.trainer import WEIGHTS

RECIPE = {
    "dataset": "tiny_imagenet",
    "labels_per_class": "250",
    "resolutions": ["32"],
    "pretrained": NONE,
    "steps": 12000,
    "labelled_batch": 128,
    "unlabelled_ratio": 0,
    "learning_rate": 0.04,
    "warmup_steps": 400,
    "weight_decay": 3e-5,
}
_NETS = ("min", "lower", "middle", "upper", "max")

_OUTPUT = flags.DEFINE_string("output", None, "Path of the files to write, without their endings.")


def main(argv: Sequence[str]) -> None:
    """Trains, measures five nets, and writes weights and model card."""
    del argv
    if not _OUTPUT.value:
        raise UserError("--output is missing: name the files to write, without their endings")
    weights, card = Path(f"{_OUTPUT.value}.weights.h5"), Path(f"{_OUTPUT.value}.md")
    for path in (weights, card):
        if path.exists() and not train.OVERWRITE.value:
            raise UserError(f"{path} exists: choose another --output, or pass --overwrite")
    experiment = load_experiment(train.settings_from_flags())
    folder = open_folder(experiment, train.WORKDIR.value, overwrite=train.OVERWRITE.value)
    with Progress(experiment.config.steps) as progress:
        supernet = train_or_load(experiment, folder, progress.step).supernet
    text = model_card(supernet, experiment, folder)
    with replacing(weights) as temporary:
        shutil.copyfile(folder / WEIGHTS, temporary)
    write_text(card, text)
    print(text)


def model_card(supernet: Supernet, experiment: Experiment, folder: Path) -> str:
    """Returns what a user of the weights should know, as Markdown.

    Args:
        supernet: with the trained weights.
        experiment: it was trained in.
        folder: of the run.
    """
    dataset, config, space = experiment.dataset, experiment.config, experiment.space
    pixels = ", ".join(map(str, space.resolutions))
    lines = [
        f"# Supernet weights: {space.name} on {dataset.name}",
        "",
        f"Search space `{space.name}`, trained at {pixels} pixels on the "
        f"{len(experiment.training.labelled):,} labelled images of {dataset.name}, "
        f"{experiment.num_classes} classes: "
        f"{config.steps:,} steps of {config.labelled_batch} images, seed {config.seed}, "
        f"{training_seconds(folder) / 60:.0f} minutes.",
        "",
        "| net | MACs | parameters | accuracy |",
        "|---|---|---|---|",
    ]
    for name, arch in zip(_NETS, spread_archs(space, len(_NETS)), strict=True):
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
        f"    {shlex.join(['python', '-m', 'tofa_tf.pretrain', *sys.argv[1:]])}",
        "",
        f"{datetime.date.today()}, {describe_machine()}, Python {platform.python_version()}, "
        f"{versions}. SHA-256 of the weights: `{sha256(folder / WEIGHTS)}`.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    for _name, _value in RECIPE.items():
        flags.FLAGS.set_default(_name, _value)
    cli.run_script(main)
