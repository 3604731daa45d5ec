"""Random resized crops by the rule of `tofa_tf.data.views`, on an accelerator and by given draws.

A crop is five numbers in [0, 1) for each image: the same ones give the same part of the image at
any size, so a teacher sees at its own resolution what the nets see at theirs.
"""

import math

import torch

from tofa_tf.space.search_space import SearchSpace

DRAWS = 5


def crops(
    images: torch.Tensor,
    draws: torch.Tensor,
    size: int,
    area: tuple[float, float],
    ratio: tuple[float, float],
) -> torch.Tensor:
    """Cuts a rectangle out of each image, resizes it, and mirrors half of them.

    Args:
        images: uint8 (batch, side, side, 3).
        draws: (DRAWS, batch) in [0, 1): area, ratio, column, row, mirror.
        size: side of the result in pixels.
        area, ratio: as in `tofa_tf.data.views.random_resized_crops`.

    Returns:
        float32 (batch, 3, size, size), pixels of 0..255.
    """
    side = images.shape[1]
    kept = area[0] + (area[1] - area[0]) * draws[0]
    low, high = math.log(ratio[0]), math.log(ratio[1])
    root_ratio = torch.exp(0.5 * (low + (high - low) * draws[1]))
    widths = side * torch.clamp(kept.sqrt() * root_ratio, max=1.0)
    heights = side * torch.clamp(kept.sqrt() / root_ratio, max=1.0)
    columns = _resampling((side - widths) * draws[2], widths, side, size)
    rows = _resampling((side - heights) * draws[3], heights, side, size)
    columns = torch.where((draws[4] < 0.5)[:, None, None], columns.flip(1), columns)
    return _resample(images, rows, columns)


def whole(images: torch.Tensor, size: int) -> torch.Tensor:
    """Resizes whole images: uint8 (batch, side, side, 3) to float32 (batch, 3, size, size)."""
    start = torch.zeros(len(images), device=images.device)
    weights = _resampling(start, start + images.shape[1], images.shape[1], size)
    return _resample(images, weights, weights)


def normalised(images: torch.Tensor, space: SearchSpace) -> torch.Tensor:
    """Shifts and scales pixels of 0..255, (batch, 3, height, width), as a space wants them."""
    mean, std = (
        torch.tensor(value, device=images.device) for value in (space.pixel_mean, space.pixel_std)
    )
    return (images - mean[:, None, None]) / std[:, None, None]


def _resampling(
    start: torch.Tensor, length: torch.Tensor, in_size: int, out_size: int
) -> torch.Tensor:
    """Weights (batch, out_size, in_size) of input pixels: `resampling` of `tofa_tf.data.views`."""
    scale = (length / out_size)[:, None]
    centres = start[:, None] + (torch.arange(out_size, device=start.device) + 0.5) * scale
    places = torch.arange(in_size, device=start.device) + 0.5
    distance = (places - centres[..., None]).abs() / scale.clamp(min=1.0)[..., None]
    weights = torch.relu(1.0 - distance)
    return weights / weights.sum(-1, keepdim=True)


def _resample(images: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    pixels = images.permute(0, 3, 1, 2).float()
    return rows[:, None] @ pixels @ columns.transpose(1, 2)[:, None]
