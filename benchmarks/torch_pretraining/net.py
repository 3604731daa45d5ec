"""Any subnet of a search space in PyTorch: one more interpreter of `tofa_tf.space.wire`.

Weights have the names and the order of axes that the supernet's weights file has, so a file of one
framework is a file of the other. Only spaces without kernel transforms are covered.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tofa_tf.blocks.net_builder import Conv, Depthwise, NetBuilder
from tofa_tf.common.files import replacing
from tofa_tf.space.arch import Arch
from tofa_tf.space.plan import Plan, make_plan
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.space.wire import wire

ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": functional.relu,
    "relu6": functional.relu6,
    "swish": functional.silu,
    "hard_swish": functional.hardswish,
    "hard_sigmoid": functional.hardsigmoid,
}
# Moving statistics, which no gradient reaches.
_STATISTICS = ("moving_mean", "moving_variance")
_POOLED = "pooled"
# The layers of a block lie one level deeper.
_BLOCK = re.compile(r"^(stage\d+_block\d+)_")


class TorchSupernet(nn.Module):
    """All subnets of a space; which one computes is an argument of the call.

    Args:
        space: what may vary.
        weights: arrays by their names in a weights file; convolutions as (rows, columns, in, out).
    """

    def __init__(self, space: SearchSpace, weights: Mapping[str, np.ndarray]):
        super().__init__()
        self.space = space
        self.num_classes = len(weights["classifier/bias"])
        self.values = nn.ParameterDict()
        for name, value in weights.items():
            tensor = torch.tensor(np.asarray(value, np.float32))
            self.values[_flat(name)] = nn.Parameter(
                _to_torch(name, tensor), requires_grad=not name.endswith(_STATISTICS)
            )

    def forward(
        self, images: torch.Tensor, plan: Plan, training: bool = True, keep: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Computes one subnet.

        Args:
            images: (batch, 3, resolution, resolution), normalised.
            plan: of the subnet.
            training: normalise with the batch's own statistics instead of the kept ones.
            keep: let the kept statistics be those of this batch; for the largest net.

        Returns:
            Logits (batch, classes) and the features before the classifier (batch, features).
        """
        net = _TorchNet(self.values, self.space, training, keep)
        logits = wire(self.space, plan, self.num_classes, net, images)
        return logits, net.kept[_POOLED]

    def plan(self, arch: Arch) -> Plan:
        """Works out the sizes of a subnet."""
        return make_plan(self.space, arch)

    def to_file(self, path: Path, dtype: type = np.float32) -> None:
        """Writes the weights file of a TensorFlow supernet."""
        with replacing(path) as temporary, h5py.File(temporary, "w") as file:
            file.attrs["space"] = self.space.name
            for key, value in self.values.items():
                name = key.replace("|", "/")
                file[name] = _from_torch(name, value.detach().float().cpu()).numpy().astype(dtype)


def read_weights(path: str | Path) -> dict[str, np.ndarray]:
    """Reads all arrays of a weights file, by their names."""
    weights: dict[str, np.ndarray] = {}

    def keep(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            weights[name] = np.asarray(item, np.float32)

    with h5py.File(path) as file:
        file.visititems(keep)
    return weights


class _TorchNet(NetBuilder[torch.Tensor]):
    """Computes with the first channels and the centres of kernels of the supernet's weights."""

    def __init__(self, values: nn.ParameterDict, space: SearchSpace, training: bool, keep: bool):
        self.values = values
        self.space = space
        self.training = training
        self.keep = keep
        self.kept: dict[str, torch.Tensor] = {}

    def conv(self, x: torch.Tensor, op: Conv) -> torch.Tensor:
        kernel = self._value(op.name, "conv/kernel")[: op.filters, : x.shape[1]]
        bias = self._value(op.name, "conv/bias")[: op.filters] if op.bias else None
        x = self._convolve(x, kernel, op.stride, bias)
        return ACTIVATIONS[op.activation](self._norm(x, op.name) if op.norm else x)

    def depthwise(self, x: torch.Tensor, op: Depthwise) -> torch.Tensor:
        channels, start = x.shape[1], (max(op.kernels) - op.kernel) // 2
        centre = slice(start, start + op.kernel)
        kernel = self._value(op.name, "conv/kernel")[:channels, :, centre, centre]
        x = self._convolve_depthwise(x, kernel, op.stride)
        return ACTIVATIONS[op.activation](self._norm(x, op.name))

    def pool(self, x: torch.Tensor, name: str) -> torch.Tensor:
        x = x.mean((2, 3), keepdim=True)
        if not self.prefix:
            self.kept[_POOLED] = x[:, :, 0, 0]
        return x

    def shrink(self, x: torch.Tensor, name: str, stride: int) -> torch.Tensor:
        return functional.avg_pool2d(x, stride, ceil_mode=True)

    def add(
        self, x: torch.Tensor, y: torch.Tensor, name: str, activation: str = "linear"
    ) -> torch.Tensor:
        return ACTIVATIONS[activation](x + y)

    def multiply(self, x: torch.Tensor, gate: torch.Tensor, name: str) -> torch.Tensor:
        return x * gate

    def dense(self, x: torch.Tensor, name: str, units: int) -> torch.Tensor:
        x = x[:, :, 0, 0]
        return functional.linear(
            x, self._value(name, "kernel")[:, : x.shape[1]], self._value(name, "bias")
        )

    def channels(self, x: torch.Tensor) -> int:
        return x.shape[1]

    def _value(self, name: str, what: str) -> torch.Tensor:
        path = _BLOCK.sub(r"\1/", f"{self.prefix}{name}")
        return self.values[_flat(f"{path}/{what}")]

    def _convolve(
        self, x: torch.Tensor, kernel: torch.Tensor, stride: int, bias: torch.Tensor | None
    ) -> torch.Tensor:
        if kernel.shape[2] == 1 and stride == 1 and _has_channels_last(x):
            y = functional.linear(x.permute(0, 2, 3, 1), kernel[:, :, 0, 0], bias)
            return y.permute(0, 3, 1, 2)
        return functional.conv2d(self._padded(x, kernel, stride), kernel, bias, stride)

    def _convolve_depthwise(
        self, x: torch.Tensor, kernel: torch.Tensor, stride: int
    ) -> torch.Tensor:
        if x.is_cuda and self.space.padding == "same":
            # Triton, which it is written in, comes with PyTorch for accelerators alone.
            from benchmarks.torch_pretraining.depthwise import depthwise_conv2d

            before, _ = self._padding(x, kernel, stride)
            x = x.contiguous(memory_format=torch.channels_last)
            return depthwise_conv2d(x, kernel, stride, before)
        return functional.conv2d(
            self._padded(x, kernel, stride), kernel, stride=stride, groups=x.shape[1]
        )

    def _padded(self, x: torch.Tensor, kernel: torch.Tensor, stride: int) -> torch.Tensor:
        return functional.pad(x, self._padding(x, kernel, stride) * 2)

    def _padding(self, x: torch.Tensor, kernel: torch.Tensor, stride: int) -> tuple[int, int]:
        """Pixels before and behind a map's rows and columns, as TensorFlow lays them."""
        size, side = kernel.shape[2], x.shape[2]
        if self.space.padding == "symmetric":
            return size // 2, size // 2
        total = max((-(-side // stride) - 1) * stride + size - side, 0)
        return total // 2, total - total // 2

    def _norm(self, x: torch.Tensor, name: str) -> torch.Tensor:
        channels = x.shape[1]
        gamma, beta, mean, variance = (
            self._value(name, f"bn/{what}")[:channels] for what in ("gamma", "beta", *_STATISTICS)
        )
        if self.keep:
            mean.copy_(x.float().mean((0, 2, 3)))
            variance.copy_(x.float().var((0, 2, 3), unbiased=False))
        if self.training:
            return functional.batch_norm(
                x, None, None, gamma, beta, training=True, eps=self.space.bn_epsilon
            )
        return functional.batch_norm(x, mean, variance, gamma, beta, eps=self.space.bn_epsilon)


def _has_channels_last(x: torch.Tensor) -> bool:
    return x.is_cuda and x.is_contiguous(memory_format=torch.channels_last)


def _flat(name: str) -> str:
    """A parameter's name may have no dot, and PyTorch's dictionaries take no slash well."""
    return name.replace("/", "|")


def _axes(name: str, dimensions: int) -> tuple[int, ...]:
    if dimensions < 2:
        return (0,)
    if dimensions == 2:
        return (1, 0)
    # (rows, columns, channels, 1) and (rows, columns, in, out): the first has its channels first.
    return (2, 3, 0, 1) if "depthwise" in name else (3, 2, 0, 1)


def _to_torch(name: str, value: torch.Tensor) -> torch.Tensor:
    return value.permute(_axes(name, value.dim())).contiguous()


def _from_torch(name: str, value: torch.Tensor) -> torch.Tensor:
    axes = _axes(name, value.dim())
    return value.permute([axes.index(axis) for axis in range(len(axes))]).contiguous()
