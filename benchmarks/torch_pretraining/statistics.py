"""Batch norm's statistics: those that a file keeps, and those that a test needs."""

import torch

from benchmarks.torch_pretraining.net import TorchSupernet
from benchmarks.torch_pretraining.views import normalised, whole
from tofa_tf.space.arch import Arch


@torch.no_grad()
def keep_statistics(
    supernet: TorchSupernet, images: torch.Tensor, size: int, count: int = 8192
) -> None:
    """Sets the kept statistics to those of the largest net on some whole images, as one batch.

    Args:
        supernet: on the device of the images.
        images: uint8 (images, side, side, 3); every n-th is taken.
        size: at which they are seen, in pixels.
        count: of the images.
    """
    chosen = images[:: max(1, len(images) // count)][:count]
    plan = supernet.plan(supernet.space.at_resolutions((size,)).max_arch)
    supernet(normalised(whole(chosen, size), supernet.space), plan, keep=True)


@torch.no_grad()
def top_1(
    supernet: TorchSupernet,
    arch: Arch,
    images: torch.Tensor,
    labels: torch.Tensor,
    batch: int = 512,
) -> float:
    """Returns a subnet's share of right answers, its statistics being those of each batch.

    Args:
        supernet: on the device of the images.
        arch: of the subnet.
        images: uint8 (images, side, side, 3), seen at the arch's resolution.
        labels: (images,).
        batch: images, shuffled, that share statistics.
    """
    plan, right = supernet.plan(arch), 0
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    for part in order.to(images.device).split(batch):
        seen = normalised(whole(images[part], arch.resolution), supernet.space)
        logits, _ = supernet(seen, plan)
        right += int((logits.argmax(-1) == labels[part]).sum())
    return right / len(images)
