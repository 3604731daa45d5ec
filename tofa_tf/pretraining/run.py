"""Pre-trains a supernet on Tiny-ImageNet; the same command continues an interrupted training.

    python -m tofa_tf.pretraining.run --data=tiny-imagenet-200 --recipe=full --workdir=runs/pretrain

writes `supernet.weights.h5` into the work directory at the end: the weights in half precision.
"""

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tflite_export.common.command import Command, run_command
from tflite_export.common.settings import SettingsBase, setting

if TYPE_CHECKING:
    from tofa_tf.data.records import ImageSet
    from tofa_tf.pretraining.recipe import Recipe

WEIGHTS = "supernet.weights.h5"


@dataclasses.dataclass(frozen=True)
class Pretraining(SettingsBase):
    """What is pre-trained, on what, and where it is kept."""

    data: str = setting("The folder tiny-imagenet-200 as it is unpacked.", heading="Run")
    workdir: str = setting("Folder of the training; an interrupted one continues.", heading="Run")
    cache: str | None = setting("Folder to keep the decoded images in.", None, heading="Run")
    copy_to: str | None = setting(
        "A second folder for checkpoints and weights.", None, heading="Run"
    )
    recipe: str = setting(
        "full, medium, more, longer, short, or a JSON file with a recipe as a training writes it.",
        "full",
        heading="Run",
    )
    change_recipe: bool = setting(
        "Go on by this recipe with a training that another one started.", False, heading="Run"
    )
    search_space: str = setting("Search space of the supernet.", "mcu_wide", heading="Run")
    start: str | None = setting(
        "A supernet's .weights.h5 to start from instead of random weights.", None, heading="Run"
    )
    checkpoint_seconds: float = setting("Between two checkpoints.", 180.0, least=0)
    max_steps: int | None = setting("Stop after so many steps, to go on later.", None, least=1)
    max_images: int | None = setting("Train on so many images only: a trial.", None, least=1)


def main(settings: Pretraining) -> None:
    """Trains to the end of the recipe and writes the weights."""
    from absl import logging

    from tofa_tf.data import tiny_imagenet
    from tofa_tf.nets.weights_file import load_weights, save_weights
    from tofa_tf.pretraining.loop import new_supernet, pretrain
    from tofa_tf.space.presets import get_space

    logging.set_verbosity(logging.INFO)
    recipe, space = _recipe(settings.recipe), get_space(settings.search_space)
    source = tiny_imagenet.load(settings.data, settings.cache)
    folder = Path(settings.workdir)
    copy_to = Path(settings.copy_to) if settings.copy_to else None
    supernet = new_supernet(space, len(source.class_names), recipe.seed)
    if settings.start:
        load_weights(supernet, settings.start)
    finished = pretrain(
        supernet,
        recipe,
        _spread(source.train, settings.max_images),
        folder,
        copy_to=copy_to,
        checkpoint_seconds=settings.checkpoint_seconds,
        change_recipe=settings.change_recipe,
        max_steps=settings.max_steps,
    )
    if finished:
        for place in filter(None, (folder, copy_to)):
            save_weights(supernet, place / WEIGHTS, "float16")


def _recipe(name: str) -> "Recipe":
    from tflite_export.common.text_files import MOST_WRITTEN_BYTES
    from tofa_tf.common.files import read_json
    from tofa_tf.pretraining.recipe import Recipe, get_recipe

    if not name.endswith(".json"):
        return get_recipe(name)
    return Recipe.from_json(read_json(name, MOST_WRITTEN_BYTES))


def _spread(images: "ImageSet", count: int | None) -> "ImageSet":
    """Every n-th image, so that all classes stay."""
    import numpy as np

    if count is None or count >= len(images):
        return images
    return images.take(np.arange(count) * (len(images) // count))


COMMAND = Command(main, (Pretraining,))

if __name__ == "__main__":
    try:
        run_command(COMMAND)
    except KeyboardInterrupt:
        sys.exit("interrupted: what was finished is kept; the same command continues")
