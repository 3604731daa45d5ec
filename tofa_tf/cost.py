"""What a subnet costs, in closed form: MACs, parameters, int8 weight bytes, peak activation bytes.

The net is laid out as the operators that TensorFlow Lite runs (batch norm and activation folded
into the convolutions), one record each; every figure is a sum or a maximum over these records.
"""

import dataclasses

from tofa_tf.arch import Arch
from tofa_tf.plan import BlockPlan, Plan, make_plan
from tofa_tf.search_space import SearchSpace

# Tensors of the TFLite-Micro arena start at multiples of this many bytes.
_ARENA_ALIGNMENT = 16


@dataclasses.dataclass(frozen=True)
class Operator:
    """One operator of the deployed net.

    Attributes:
        kind: name of the TFLite operator.
        macs: multiply-accumulates.
        weights: entries of its kernel, int8 once quantised.
        biases: entries of its bias, int32 once quantised, after batch norm is folded in.
        params: trainable parameters before folding.
        output_bytes: int8 size of what it writes.
        held_bytes: int8 size of what else must stay alive while it runs (a shortcut's input).
        input_bytes: int8 size of what it reads.
    """

    kind: str
    macs: int
    weights: int
    biases: int
    params: int
    input_bytes: int
    output_bytes: int
    held_bytes: int = 0


@dataclasses.dataclass(frozen=True)
class Cost:
    """Closed-form figures of one subnet.

    Attributes:
        macs: multiply-accumulates of one image.
        params: trainable parameters (batch norm's scale and offset included).
        weight_bytes: int8 kernels plus int32 biases.
        peak_activation_bytes: largest sum of int8 tensors that are alive at the same time.
    """

    macs: int
    params: int
    weight_bytes: int
    peak_activation_bytes: int


def cost(space: SearchSpace, arch: Arch, num_classes: int) -> Cost:
    """Computes what a subnet costs.

    Args:
        num_classes: outputs of the classifier.

    Raises:
        UserError: if the Arch is not a point of the space.
    """
    operators = list_operators(space, make_plan(space, arch), num_classes)
    return Cost(
        macs=sum(op.macs for op in operators),
        params=sum(op.params for op in operators),
        weight_bytes=sum(op.weights + 4 * op.biases for op in operators),
        peak_activation_bytes=max(
            _aligned(op.input_bytes) + _aligned(op.output_bytes) + _aligned(op.held_bytes)
            for op in operators
        ),
    )


def list_operators(space: SearchSpace, plan: Plan, num_classes: int) -> list[Operator]:
    """Lists the operators of the deployed subnet in the order in which they run."""
    size = output_size(plan.resolution, space.stem.stride)
    operators = _padded(
        space, plan.resolution, 3, space.stem.kernel, space.stem.stride,
        _conv("CONV_2D", plan.resolution, 3, size, plan.stem_width, space.stem.kernel),
    )  # fmt: skip
    for block in plan.blocks:
        operators += _block_operators(space, block, size)
        size = output_size(size, block.stride)
    channels = plan.blocks[-1].width
    if plan.head_width:
        operators.append(_conv("CONV_2D", size, channels, size, plan.head_width, 1))
        channels = plan.head_width
    operators.append(
        Operator("AVERAGE_POOL_2D", 0, 0, 0, 0, input_bytes=size * size * channels,
                 output_bytes=channels)
    )  # fmt: skip
    if plan.feature_width:
        operators.append(_conv("CONV_2D", 1, channels, 1, plan.feature_width, 1, norm=False))
        channels = plan.feature_width
    operators.append(_dense(channels, num_classes))
    return operators


def output_size(size: int, stride: int) -> int:
    """Height and width behind a convolution with odd kernel and either of the two paddings."""
    return -(-size // stride)


def _block_operators(space: SearchSpace, block: BlockPlan, size: int) -> list[Operator]:
    out_size = output_size(size, block.stride)
    operators = []
    if block.has_expand:
        operators.append(_conv("CONV_2D", size, block.in_channels, size, block.mid, 1))
    operators += _padded(
        space, size, block.mid, block.kernel, block.stride,
        _depthwise(size, out_size, block.mid, block.kernel),
    )  # fmt: skip
    if block.se:
        operators += _squeeze_excite(out_size, block.mid, block.se)
    operators.append(_conv("CONV_2D", out_size, block.mid, out_size, block.width, 1))
    if block.shortcut == "none":
        return operators
    held = size * size * block.in_channels
    # The first operator reads the block's input itself; from then on it is held for the shortcut.
    operators[1:] = [_holding(op, held) for op in operators[1:]]
    if block.shortcut == "projected":
        operators += _projection(block, size, out_size)
    out_bytes = out_size * out_size * block.width
    operators.append(Operator("ADD", 0, 0, 0, 0, input_bytes=2 * out_bytes, output_bytes=out_bytes))
    return operators


def _conv(
    kind: str, size: int, in_channels: int, out_size: int, out_channels: int, kernel: int,
    norm: bool = True,
) -> Operator:  # fmt: skip
    weights = kernel * kernel * in_channels * out_channels
    return Operator(
        kind,
        macs=out_size * out_size * weights,
        weights=weights,
        biases=out_channels,
        params=weights + (2 * out_channels if norm else 0),
        input_bytes=size * size * in_channels,
        output_bytes=out_size * out_size * out_channels,
    )


def _depthwise(size: int, out_size: int, channels: int, kernel: int) -> Operator:
    weights = kernel * kernel * channels
    return Operator(
        "DEPTHWISE_CONV_2D",
        macs=out_size * out_size * weights,
        weights=weights,
        biases=channels,
        params=weights + 2 * channels,
        input_bytes=size * size * channels,
        output_bytes=out_size * out_size * channels,
    )


def _dense(channels: int, num_classes: int) -> Operator:
    return Operator(
        "FULLY_CONNECTED",
        macs=channels * num_classes,
        weights=channels * num_classes,
        biases=num_classes,
        params=(channels + 1) * num_classes,
        input_bytes=channels,
        output_bytes=num_classes,
    )


def _squeeze_excite(size: int, mid: int, se: int) -> list[Operator]:
    """Pool, two 1x1 convolutions with bias, the hard sigmoid's MUL by 1/6, the gating MUL."""
    whole = size * size * mid

    def conv(in_channels: int, out_channels: int) -> Operator:
        op = _conv("CONV_2D", 1, in_channels, 1, out_channels, 1, norm=False)
        return _holding(dataclasses.replace(op, params=op.weights + op.biases), whole)

    return [
        Operator("AVERAGE_POOL_2D", 0, 0, 0, 0, input_bytes=whole, output_bytes=mid),
        conv(mid, se),
        conv(se, mid),
        Operator("MUL", 0, 0, 0, 0, input_bytes=mid, output_bytes=mid, held_bytes=whole),
        Operator("MUL", 0, 0, 0, 0, input_bytes=whole + mid, output_bytes=whole),
    ]


def _projection(block: BlockPlan, size: int, out_size: int) -> list[Operator]:
    """The pooled and projected shortcut of AttentiveNAS; the block's own output waits meanwhile."""
    waiting = out_size * out_size * block.width
    operators = []
    if block.stride > 1:
        operators.append(
            Operator(
                "AVERAGE_POOL_2D", 0, 0, 0, 0,
                input_bytes=size * size * block.in_channels,
                output_bytes=out_size * out_size * block.in_channels,
            )
        )  # fmt: skip
    if block.in_channels != block.width:
        operators.append(
            _conv("CONV_2D", out_size, block.in_channels, out_size, block.width, 1, norm=False)
        )
    return [_holding(op, waiting) for op in operators]


def _padded(
    space: SearchSpace, size: int, channels: int, kernel: int, stride: int, conv: Operator
) -> list[Operator]:
    """Puts the explicit PAD in front that symmetric padding needs where SAME would differ."""
    if space.padding == "same" or stride == 1 or kernel == 1:
        return [conv]
    padded = (size + 2 * (kernel // 2)) ** 2 * channels
    pad = Operator("PAD", 0, 0, 0, 0, input_bytes=size * size * channels, output_bytes=padded)
    return [pad, dataclasses.replace(conv, input_bytes=padded)]


def _holding(op: Operator, held_bytes: int) -> Operator:
    return dataclasses.replace(op, held_bytes=op.held_bytes + held_bytes)


def _aligned(size_bytes: int) -> int:
    return -(-size_bytes // _ARENA_ALIGNMENT) * _ARENA_ALIGNMENT
