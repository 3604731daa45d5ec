"""What a teacher says of some random crops of every image, worked out once and kept."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from benchmarks.torch_pretraining.net import TorchSupernet
from benchmarks.torch_pretraining.views import DRAWS, crops, normalised
from tofa_tf.pretraining.recipe import Recipe


class Lessons(NamedTuple):
    """Crops that every image is seen in, and the teacher's opinion of each.

    Attributes:
        draws: (views, DRAWS, images), for `crops`.
        opinions: float16 (views, images, classes of the teacher), probabilities.
    """

    draws: torch.Tensor
    opinions: torch.Tensor

    def save(self, folder: Path) -> None:
        """Writes both arrays."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "draws.npy", self.draws.cpu().numpy())
        np.save(folder / "opinions.npy", self.opinions.cpu().numpy())

    @staticmethod
    def load(folder: Path, device: str) -> "Lessons":
        """Reads what `save` wrote."""
        return Lessons(
            *(torch.tensor(np.load(folder / f"{name}.npy")).to(device) for name in Lessons._fields)
        )


@torch.no_grad()
def teach(
    teacher: TorchSupernet,
    images: torch.Tensor,
    recipe: Recipe,
    views: int,
    resolution: int,
    batch: int = 1000,
) -> Lessons:
    """Asks the largest net of a supernet about random crops of all images.

    Args:
        teacher: on the device of the images.
        images: uint8 (images, side, side, 3).
        recipe: whose crops these are.
        views: crops of each image.
        resolution: of the teacher.
        batch: images it sees at a time.
    """
    device, space = images.device, teacher.space.at_resolutions((resolution,))
    generator = torch.Generator(device).manual_seed(recipe.seed)
    draws = torch.rand((views, DRAWS, len(images)), generator=generator, device=device)
    plan = teacher.plan(space.max_arch)
    opinions = torch.empty(
        (views, len(images), teacher.num_classes), dtype=torch.float16, device=device
    )
    for view in range(views):
        for first in range(0, len(images), batch):
            part = slice(first, first + batch)
            seen = crops(
                images[part], draws[view, :, part], resolution, recipe.crop_area, recipe.crop_ratio
            )
            with torch.autocast(device.type, torch.bfloat16):
                logits, _ = teacher(normalised(seen, space), plan, training=False)
            opinions[view, part] = logits.float().softmax(-1).half()
    return Lessons(draws, opinions)
