"""What a subnet costs, in closed form: MACs, parameters, int8 weight bytes, flash and arena.

The net is laid out as the operators that TensorFlow Lite runs (batch norm and activation folded
into the convolutions), one record each; every figure is derived from these records.
"""

import dataclasses
import functools

from tofa_tf.space.arch import Arch
from tofa_tf.space.arena import Tensor, planned_bytes
from tofa_tf.space.plan import BlockPlan, Plan, make_plan
from tofa_tf.space.search_space import SearchSpace

# Beside the weights a file holds scales of each channel, zero points shared by all layers of equal
# width, and tables for each operator; TFLite Micro's persistent arena holds much the same. Least
# squares over 30 `mcu` subnets of 0.4 to 42 MMACs with the versions of requirements.txt; largest
# error 0.4 % of the file, 0.2 % of that arena part. `benchmarks/benchmark_deploy.py` checks it.
_FILE_BYTES_PER_CHANNEL, _FILE_BYTES_PER_WIDTH = 6.4, 11.75
_FILE_BYTES_PER_OPERATOR, _FILE_BYTES = 205, 1150
_ARENA_BYTES_PER_CHANNEL, _ARENA_BYTES_PER_OPERATOR, _ARENA_BYTES = 8, 222, 961


@dataclasses.dataclass(frozen=True)
class Operator:
    """One operator of the deployed net.

    Attributes:
        kind: name of the TFLite operator.
        inputs: what it reads: 0 is the image, i what the i-th operator (from 1) wrote.
        output_bytes: int8 size of what it writes.
        macs: multiply-accumulates.
        weights: entries of its kernel, int8 once quantised.
        biases: entries of its bias, int32 once quantised, after batch norm is folded in.
        params: trainable parameters before folding.
    """

    kind: str
    inputs: tuple[int, ...]
    output_bytes: int
    macs: int = 0
    weights: int = 0
    biases: int = 0
    params: int = 0


@dataclasses.dataclass(frozen=True)
class Cost:
    """Closed-form figures of one subnet.

    Attributes:
        macs: multiply-accumulates of one image.
        params: trainable parameters (batch norm's scale and offset included).
        weight_bytes: int8 kernels plus int32 biases.
        peak_activation_bytes: int8 tensors as TFLite Micro plans them, its non-persistent arena.
        flash_bytes: estimate of the .tflite file, losslessly repacked.
        arena_bytes: estimate of TFLite Micro's whole arena on a 64-bit machine.
    """

    macs: int
    params: int
    weight_bytes: int
    peak_activation_bytes: int
    flash_bytes: int
    arena_bytes: int


@functools.lru_cache(maxsize=4096)
def cost(space: SearchSpace, arch: Arch, num_classes: int) -> Cost:
    """Computes what a subnet costs.

    Args:
        num_classes: outputs of the classifier.

    Raises:
        UserError: if the Arch is not a point of the space.
    """
    plan = make_plan(space, arch)
    operators = list_operators(space, plan, num_classes)
    weight_bytes = sum(op.weights + 4 * op.biases for op in operators)
    widths = [op.biases for op in operators if op.biases]
    channels = sum(widths)
    peak = planned_bytes(_tensors(operators, image_bytes=3 * plan.resolution**2))
    return Cost(
        macs=sum(op.macs for op in operators),
        params=sum(op.params for op in operators),
        weight_bytes=weight_bytes,
        peak_activation_bytes=peak,
        flash_bytes=round(
            weight_bytes
            + _FILE_BYTES_PER_CHANNEL * channels
            + _FILE_BYTES_PER_WIDTH * sum(set(widths))
            + _FILE_BYTES_PER_OPERATOR * len(operators)
            + _FILE_BYTES
        ),
        arena_bytes=peak
        + _ARENA_BYTES_PER_CHANNEL * channels
        + _ARENA_BYTES_PER_OPERATOR * len(operators)
        + _ARENA_BYTES,
    )


def macs(space: SearchSpace, arch: Arch) -> int:
    """Multiply-accumulates of one image without the classifier: quick, for samplers."""
    return sum(op.macs for op in list_operators(space, make_plan(space, arch), num_classes=0))


def list_operators(space: SearchSpace, plan: Plan, num_classes: int) -> list[Operator]:
    """Lists the operators of the deployed subnet in the order in which they run."""
    layout = _Layout(space)
    size = output_size(plan.resolution, space.stem.stride)
    x = layout.padded(0, plan.resolution, 3, space.stem.kernel, space.stem.stride)
    x = layout.conv(x, 3, plan.stem_width, size, space.stem.kernel)
    for block in plan.blocks:
        x = layout.block(x, block, size)
        size = output_size(size, block.stride)
    channels = plan.blocks[-1].width
    if plan.head_width:
        x = layout.conv(x, channels, plan.head_width, size)
        channels = plan.head_width
    x = layout.add("AVERAGE_POOL_2D", (x,), channels)
    if plan.feature_width:
        bias = space.head.feature_bias
        x = layout.conv(x, channels, plan.feature_width, 1, norm=False, bias=bias)
        channels = plan.feature_width
    layout.dense(x, channels, num_classes)
    return layout.operators


def output_size(size: int, stride: int) -> int:
    """Height and width behind a convolution with odd kernel and either of the two paddings."""
    return -(-size // stride)


class _Layout:
    """Grows the list of operators; every method returns the number of the tensor it made."""

    def __init__(self, space: SearchSpace):
        self.space = space
        self.operators: list[Operator] = []

    def add(self, kind: str, inputs: tuple[int, ...], output_bytes: int, **figures: int) -> int:
        self.operators.append(Operator(kind, inputs, output_bytes, **figures))
        return len(self.operators)

    def conv(
        self, x: int, in_channels: int, filters: int, size: int, kernel: int = 1,
        norm: bool = True, bias: bool = False,
    ) -> int:  # fmt: skip
        """A convolution to (size, size, filters); the converter gives it a bias in any case."""
        weights = kernel * kernel * in_channels * filters
        params = weights + (2 * filters if norm else 0) + (filters if bias else 0)
        return self.add(
            "CONV_2D", (x,), size * size * filters,
            macs=size * size * weights, weights=weights, biases=filters, params=params,
        )  # fmt: skip

    def depthwise(self, x: int, channels: int, size: int, kernel: int) -> int:
        weights = kernel * kernel * channels
        return self.add(
            "DEPTHWISE_CONV_2D", (x,), size * size * channels,
            macs=size * size * weights, weights=weights, biases=channels,
            params=weights + 2 * channels,
        )  # fmt: skip

    def dense(self, x: int, channels: int, units: int) -> int:
        return self.add(
            "FULLY_CONNECTED", (x,), units,
            macs=channels * units, weights=channels * units, biases=units,
            params=(channels + 1) * units,
        )  # fmt: skip

    def padded(self, x: int, size: int, channels: int, kernel: int, stride: int) -> int:
        """The explicit PAD that symmetric padding needs where SAME would differ."""
        if self.space.padding == "same" or stride == 1 or kernel == 1:
            return x
        return self.add("PAD", (x,), (size + 2 * (kernel // 2)) ** 2 * channels)

    def block(self, x: int, block: BlockPlan, size: int) -> int:
        block_input, out_size = x, output_size(size, block.stride)
        if block.has_expand:
            x = self.conv(x, block.in_channels, block.mid, size)
        x = self.padded(x, size, block.mid, block.kernel, block.stride)
        x = self.depthwise(x, block.mid, out_size, block.kernel)
        if block.se:
            x = self.squeeze_excite(x, block.mid, block.se, out_size)
        x = self.conv(x, block.mid, block.width, out_size)
        if block.shortcut == "none":
            return x
        shortcut = block_input
        if block.shortcut == "projected":
            shortcut = self.projected(shortcut, block, out_size)
        return self.add("ADD", (shortcut, x), out_size * out_size * block.width)

    def squeeze_excite(self, x: int, mid: int, se: int, size: int) -> int:
        """Pool, two 1x1 convolutions with bias, the hard sigmoid's MUL by 1/6, the gating MUL."""
        gate = self.add("AVERAGE_POOL_2D", (x,), mid)
        gate = self.conv(gate, mid, se, 1, norm=False, bias=True)
        gate = self.conv(gate, se, mid, 1, norm=False, bias=True)
        gate = self.add("MUL", (gate,), mid)
        return self.add("MUL", (x, gate), size * size * mid)

    def projected(self, x: int, block: BlockPlan, out_size: int) -> int:
        """The pooled and projected shortcut of AttentiveNAS."""
        if block.stride > 1:
            x = self.add("AVERAGE_POOL_2D", (x,), out_size * out_size * block.in_channels)
        if block.in_channels != block.width:
            x = self.conv(x, block.in_channels, block.width, out_size, norm=False)
        return x


def _tensors(operators: list[Operator], image_bytes: int) -> list[Tensor]:
    """The image and what every operator writes, each with the operators between which it lives."""
    last = {0: 1}
    for number, op in enumerate(operators, 1):
        last[number] = number
        for tensor in op.inputs:
            last[tensor] = number
    sizes = [image_bytes, *(op.output_bytes for op in operators)]
    return [Tensor(size, number, last[number]) for number, size in enumerate(sizes)]
