"""Trains a supernet on labels alone, for others to start from; resumable like every training.

    tofa pretrain --data_dir=DIR --workdir=runs/pretrain \
        --output=tofa_tf/pretrained/mcu_tiny_imagenet

writes OUTPUT.weights.h5 and OUTPUT.md, its model card. Takes every setting of tofa train; the
defaults here are those the shipped weights were made with.
"""

import dataclasses
from pathlib import Path

from tflite_export.common.command import Command
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.app.main import run
from tofa_tf.common.errors import UserError
from tofa_tf.pretrained.names import NONE
from tofa_tf.training.settings import Settings, Workdir

RECIPE = {
    "dataset": "tiny_imagenet",
    "labels_per_class": 250,
    "validation": 0,
    "resolutions": (32,),
    "pretrained": NONE,
    "steps": 12000,
    "labelled_batch": 128,
    "unlabelled_ratio": 0,
    "learning_rate": 0.04,
    "warmup_steps": 400,
    "weight_decay": 3e-5,
}


@dataclasses.dataclass(frozen=True)
class Output(SettingsBase):
    """Where the weights go."""

    output: str = setting("Path of the files to write, without their endings.", heading="Run")


def main(settings: Settings, place: Workdir, files: Output) -> None:
    """Trains, measures five nets, and writes weights and model card."""
    weights, card = Path(f"{files.output}.weights.h5"), Path(f"{files.output}.md")
    for path in (weights, card):
        if path.exists() and not place.overwrite:
            raise UserError(f"{path} exists: choose another output, or allow to overwrite")
    import shutil

    from tofa_tf.app.console import assist_and_show
    from tofa_tf.common.files import replacing, write_text
    from tofa_tf.common.progress import FilesProgress, Progress
    from tofa_tf.common.workdir import reserved
    from tofa_tf.training.experiment import load_experiment, open_folder
    from tofa_tf.training.journal import WEIGHTS
    from tofa_tf.training.model_card import model_card
    from tofa_tf.training.together import together
    from tofa_tf.training.trained_run import train_or_load

    with (
        together(place, settings) as replicas,
        reserved(place.workdir if replicas.is_chief else None),
    ):
        with FilesProgress() as files_read:
            experiment = load_experiment(
                settings, image_memory_mib=place.image_memory_mib, show=files_read.show
            )
        if not replicas.is_chief:
            assist_and_show(experiment, replicas)
            return
        folder = open_folder(
            experiment, place.workdir, overwrite=place.overwrite, extend=place.extend
        )
        with Progress(experiment.config.steps) as progress:
            trained = train_or_load(experiment, folder, progress.step, replicas=replicas)
    supernet = trained.supernet
    text = model_card(supernet, experiment, folder)
    with replacing(weights) as temporary:
        shutil.copyfile(folder / WEIGHTS, temporary)
    write_text(card, text)
    print(text)


COMMAND = Command(main, (Settings, Workdir, Output), defaults=RECIPE, positional=("dataset",))

if __name__ == "__main__":
    run("pretrain")
