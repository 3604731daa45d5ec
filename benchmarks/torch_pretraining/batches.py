"""The batches of a training: cropped, recoloured and normalised on the accelerator."""

from pathlib import Path

import numpy as np
import torch

from benchmarks.torch_pretraining.step import Batch
from benchmarks.torch_pretraining.teacher import Lessons
from benchmarks.torch_pretraining.views import DRAWS, crops, normalised
from tofa_tf.pretraining.recipe import Recipe
from tofa_tf.space.search_space import SearchSpace


def read_images(cache: Path, part: str, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Reads decoded images uint8 (images, side, side, 3) and their classes.

    Args:
        cache: folder that `tofa pretrain --cache` has filled.
        part: "train" or "validation".
        device: to hold them.
    """
    images, labels = (np.load(cache / f"{part}_{what}.npy") for what in ("images", "labels"))
    return torch.tensor(images).to(device), torch.tensor(labels.astype(np.int64)).to(device)


class TorchBatches:
    """Which images a step sees, and how.

    Args:
        images, labels: as `read_images` has them.
        lessons: whose crops and opinions are used, one view an epoch; None for fresh crops.
        recipe: crops, batch and seed.
        space: how pixels are normalised.
    """

    def __init__(
        self,
        images: torch.Tensor,
        labels: torch.Tensor,
        lessons: Lessons | None,
        recipe: Recipe,
        space: SearchSpace,
    ):
        self._images = images
        self._labels = labels
        self._lessons = lessons
        self._recipe = recipe
        self._space = space
        self._generator = torch.Generator(images.device).manual_seed(recipe.seed)
        self._epoch = -1
        self._order = labels

    def at(self, step: int, size: int) -> Batch:
        """Returns the batch of a step, from 0, with images of a size in pixels."""
        recipe, device = self._recipe, self._images.device
        epoch, place = divmod(step, len(self._images) // recipe.batch)
        if epoch != self._epoch:
            drawn = np.random.default_rng([recipe.seed, epoch]).permutation(len(self._images))
            self._epoch, self._order = epoch, torch.tensor(drawn, device=device)
        chosen = self._order[place * recipe.batch : (place + 1) * recipe.batch]
        opinions = None
        if self._lessons is None:
            draws = torch.rand(DRAWS, recipe.batch, generator=self._generator, device=device)
        else:
            view = epoch % len(self._lessons.draws)
            draws = self._lessons.draws[view][:, chosen]
            opinions = self._lessons.opinions[view][chosen]
        seen = crops(self._images[chosen], draws, size, recipe.crop_area, recipe.crop_ratio)
        seen = normalised(_recoloured(seen, self._generator), self._space)
        return Batch(seen, self._labels[chosen], opinions)


def _recoloured(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Changes brightness, contrast and saturation of every image by up to a fifth."""
    brightness, contrast, saturation = 0.8 + 0.4 * torch.rand(
        3, len(images), 1, 1, 1, generator=generator, device=images.device
    )
    grey = images.mean(1, keepdim=True)
    images = grey + saturation * (images - grey)
    middle = images.mean((1, 2, 3), keepdim=True)
    return (brightness * middle + contrast * (images - middle)).clamp(0.0, 255.0)
