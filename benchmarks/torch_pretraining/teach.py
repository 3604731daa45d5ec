"""Asks EfficientNet-Lite0 about random crops of all training images, for `run` to teach by.

tofa convert efficientnet-lite0.pth --source=efficientnet_lite0 --output=lite0.weights.h5
python -m benchmarks.torch_pretraining.teach --cache=FOLDER --teacher=lite0.weights.h5 \
        --output=FOLDER
"""

import dataclasses
from pathlib import Path

import torch

from benchmarks.torch_pretraining.batches import read_images
from benchmarks.torch_pretraining.net import TorchSupernet, read_weights
from benchmarks.torch_pretraining.teacher import teach
from tflite_export.common.command import Command, run_command
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.pretraining.recipe import Recipe
from tofa_tf.space.presets import get_space


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """Who teaches, and what about."""

    cache: str = setting("Folder of decoded images, as tofa pretrain --cache fills it.")
    teacher: str = setting("The teacher's .weights.h5.")
    output: str = setting("Folder for the lessons.")
    space: str = setting(
        "Search space of the teacher, whose largest net it is.", "efficientnet_lite0"
    )
    resolution: int = setting("At which the teacher sees the crops, in pixels.", 160)
    views: int = setting("Crops of each image.", 4, least=1)
    seed: int = setting("Of the crops.", 0)


def main(options: Options) -> None:
    """Works out all lessons and writes them."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    images, _ = read_images(Path(options.cache), "train", device)
    teacher = TorchSupernet(get_space(options.space), read_weights(options.teacher)).to(device)
    recipe = Recipe(phases=(), seed=options.seed)
    lessons = teach(teacher, images, recipe, options.views, options.resolution)
    lessons.save(Path(options.output))
    print(f"{options.output}: {options.views} views of {len(images)} images")


COMMAND = Command(main, (Options,), tensorflow=False)

if __name__ == "__main__":
    run_command(COMMAND)
