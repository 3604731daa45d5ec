"""One step: the largest net learns labels and teacher, the others from it and from the teacher."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from benchmarks.torch_pretraining.net import TorchSupernet
from tofa_tf.pretraining.recipe import Recipe
from tofa_tf.space.plan import Plan


class Batch(NamedTuple):
    """What all nets of a step see.

    Attributes:
        images: (batch, 3, resolution, resolution), normalised.
        labels: (batch,) integers.
        opinions: (batch, classes of the teacher), probabilities; None without a teacher.
    """

    images: torch.Tensor
    labels: torch.Tensor
    opinions: torch.Tensor | None


class TorchStep:
    """Adds up the gradients of some nets and takes one step.

    Args:
        supernet: on its device.
        recipe: of the training; its rates and phases are the caller's business, its decay AdamW's.
        teacher_classes: 0 without a teacher.
        teacher_weight: of the divergence from the teacher, in every net's loss.
    """

    def __init__(
        self,
        supernet: TorchSupernet,
        recipe: Recipe,
        teacher_classes: int,
        teacher_weight: float,
    ):
        self.supernet = supernet
        self.recipe = recipe
        self.teacher_weight = teacher_weight
        device = next(supernet.parameters()).device
        self.teacher_head: nn.Linear | None = None
        if teacher_classes:
            features = supernet.values["classifier|kernel"].shape[1]
            self.teacher_head = nn.Linear(features, teacher_classes).to(device)
        on_gpu = device.type == "cuda"
        # A tensor: it changes under a recorded step.
        self.rate = torch.zeros((), device=device)
        self.optimizer = torch.optim.AdamW(
            self._groups(), self.rate, betas=(0.9, 0.99), fused=on_gpu, capturable=on_gpu
        )
        for parameter in self.parameters():
            parameter.grad = torch.zeros_like(parameter)

    def parameters(self) -> list[nn.Parameter]:
        """All that is trained."""
        return [value for group in self.optimizer.param_groups for value in group["params"]]

    def __call__(self, batch: Batch, plans: Sequence[Plan]) -> dict[str, torch.Tensor]:
        """Takes one step at the rate of `self.rate`.

        Args:
            batch: of the step.
            plans: of the largest net, then of any others.

        Returns:
            The losses of the largest net and, where there are any, of the others; accuracy of the
            largest.
        """
        recipe = self.recipe
        torch._foreach_zero_([parameter.grad for parameter in self.parameters()])
        logits, features = self._forward(batch.images, plans[0])
        loss = functional.cross_entropy(
            logits, batch.labels, label_smoothing=recipe.label_smoothing
        )
        (loss + self._from_teacher(features, batch)).backward()
        metrics = {
            "largest_loss": loss.detach(),
            "accuracy": (logits.argmax(-1) == batch.labels).float().mean(),
        }
        target = logits.detach().softmax(-1)
        for plan in plans[1:]:
            logits, features = self._forward(batch.images, plan)
            other = recipe.label_weight * functional.cross_entropy(logits, batch.labels)
            other = other + recipe.distill_weight * functional.cross_entropy(logits, target)
            (other + self._from_teacher(features, batch)).backward()
            metrics["others_loss"] = other.detach()
        self.optimizer.step()
        return metrics

    def _forward(self, images: torch.Tensor, plan: Plan) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.autocast(images.device.type, torch.bfloat16, cache_enabled=False):
            logits, features = self.supernet(images, plan)
        return logits.float(), features.float()

    def _from_teacher(self, features: torch.Tensor, batch: Batch) -> torch.Tensor | float:
        if self.teacher_head is None or batch.opinions is None:
            return 0.0
        # A narrow net has the first of the features.
        weight = self.teacher_head.weight[:, : features.shape[1]]
        logits = functional.linear(features, weight, self.teacher_head.bias)
        return self.teacher_weight * functional.cross_entropy(logits, batch.opinions.float())

    def _groups(self) -> list[dict[str, object]]:
        kernels, others = [], []
        for name, value in self.supernet.values.items():
            if value.requires_grad:
                (kernels if name.endswith("kernel") else others).append(value)
        if self.teacher_head is not None:
            kernels.append(self.teacher_head.weight)
            others.append(self.teacher_head.bias)
        return [
            {"params": kernels, "weight_decay": self.recipe.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
