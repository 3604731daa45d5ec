"""Estimate of a model's latency on a board: instructions of every op, times CPI, over the clock.

MACs alone rank models wrongly: a depthwise MAC costs three times a pointwise one, and ops without
a fast kernel (hard-swish, broadcast MUL, MEAN) cost as much as dozens of MACs an element.
"""

import math
from dataclasses import dataclass

from tflite_export.common.figures import digits
from tflite_export.common.markdown import escaped
from tflite_export.devices.boards import Board
from tflite_export.devices.calibration import correction
from tflite_export.devices.energy import POWER
from tflite_export.devices.kernels import REFERENCE, SPEEDS, Speed
from tflite_export.graph.operators import Op, OperatorGraph

# A convolution of fewer input channels does not fill the kernels' inner loops.
_FEW_CHANNELS = 8
# CMSIS-NN unfolds the input once for all output channels; the cost counted is that of so many.
_FEW_OUTPUTS = 8
# Only dimensions change; the runtime copies bytes.
_COPYING = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
_COPY_INSTRUCTIONS = 2.0
# Ops whose work grows with what they read, not with what they write.
_REDUCING = ("MEAN", "SUM", "REDUCE_MAX", "AVERAGE_POOL_2D", "MAX_POOL_2D")
# Ops that no table has: like hard-swish, a typical kernel of plain C.
_OTHER_LIKE = "HARD_SWISH"
# What the interpreter and a kernel's preparation cost an op.
_INSTRUCTIONS_PER_OP = 3000


@dataclass(frozen=True)
class OpLatency:
    """One op's part of an estimate.

    Attributes:
        macs: multiply-accumulates.
        latency_ms: estimated milliseconds.
        fast: whether the kernel library has a kernel for it.
    """

    name: str
    output_shape: tuple[int, ...]
    macs: int
    latency_ms: float
    fast: bool


@dataclass(frozen=True)
class LatencyEstimate:
    """Estimated latency of one inference on a board; never a measurement.

    Attributes:
        board: its name.
        latency_ms: milliseconds.
        relative_error: how far off an estimate for that core and library may well be.
        ops: in the order of the file.
        basis: what the estimate rests on, for people.
        energy_mj: estimated millijoules of one inference; None where no energy is published.
        energy_error: relative error of these, that of the latency included.
    """

    board: str
    latency_ms: float
    relative_error: float
    ops: tuple[OpLatency, ...]
    basis: str = ""
    energy_mj: float | None = None
    energy_error: float | None = None

    def __str__(self) -> str:
        spread = self.latency_ms * self.relative_error
        text = f"estimate {digits(self.latency_ms)} ms +- {digits(spread, 2)} ms on {self.board}"
        if self.energy_mj is not None and self.energy_error is not None:
            energy_spread = digits(self.energy_mj * self.energy_error, 2)
            text += f", {digits(self.energy_mj)} mJ +- {energy_spread} mJ"
        return f"{text} ({self.basis})" if self.basis else text

    def table(self) -> str:
        """Returns the estimate op by op, as Markdown."""
        lines = [escaped(self), "", "| op | output | MACs | estimate ms | share | kernel |"]
        lines += ["|---|---|---|---|---|---|"]
        lines += [
            f"| {escaped(op.name)} | {'x'.join(map(str, op.output_shape))} | {op.macs} "
            f"| {op.latency_ms:.3f} | {op.latency_ms / self.latency_ms:.1%} "
            f"| {'fast' if op.fast else 'plain C'} |"
            for op in self.ops
        ]
        return "\n".join([*lines, ""])


def estimate_latency(file: OperatorGraph, board: Board) -> LatencyEstimate:
    """Estimates the latency of a file on a board.

    Args:
        file: the parsed .tflite, as it will be flashed.
        board: of a calibrated one the measurements correct the estimate.
    """
    speed = SPEEDS[board.core, board.kernels]
    factor, error = correction(board.measurements, speed.error)
    ops = tuple(_estimate_op(op, speed, board, factor) for op in file.ops)
    milliseconds = sum(op.latency_ms for op in ops)
    power = POWER.get(board.profile or board.name)
    return LatencyEstimate(
        board.name,
        milliseconds,
        error,
        ops,
        _basis(board, speed),
        power.milliwatts * milliseconds / 1e3 if power else None,
        math.hypot(error, power.error) if power else None,
    )


def _basis(board: Board, speed: Speed) -> str:
    if board.measurements:
        models = len(board.measurements)
        return f"calibrated on {models} model{'s' if models > 1 else ''}"
    if not speed.measured:
        return f"no measurement is published for {board.core} with {board.kernels}"
    return ""


def _estimate_op(op: Op, speed: Speed, board: Board, factor: float) -> OpLatency:
    of_library = _kernel_instructions(op, speed, board.kernels)
    if of_library is None:
        cycles = _plain_instructions(op, speed) * speed.plain_cpi
    else:
        cycles = of_library * speed.cpi
    cycles += _INSTRUCTIONS_PER_OP * speed.plain_cpi
    cycles += sum(tensor.data_bytes for tensor in op.inputs) * speed.stream
    milliseconds = factor * cycles / (board.clock_mhz * 1e3)
    fast = of_library is not None and board.kernels != "reference"
    return OpLatency(op.name, op.outputs[0].shape, op.macs, milliseconds, fast)


def _kernel_instructions(op: Op, speed: Speed, library: str) -> float | None:
    """Instructions of the library's kernel, None if it has none for this op."""
    kernels = speed.kernels
    source, target = op.inputs[0], op.outputs[0]
    match op.name:
        case "CONV_2D":
            return op.macs * _conv_cost(op, speed, library)
        case "DEPTHWISE_CONV_2D":
            return op.macs * _depthwise_cost(op, speed)
        case "FULLY_CONNECTED":
            return op.macs * kernels.dense
        case "ADD" | "MUL":
            same = all(tensor.shape == target.shape for tensor in op.inputs)
            return target.size * kernels.add if same and len(op.inputs) == 2 else None
        case "AVERAGE_POOL_2D" | "MAX_POOL_2D":
            return source.size * kernels.pool
        case "SOFTMAX":
            return target.size * kernels.softmax
    return None


def _conv_cost(op: Op, speed: Speed, library: str) -> float:
    out_channels, height, width, in_channels = op.inputs[1].shape
    if in_channels < _FEW_CHANNELS:
        few, many = speed.kernels.conv_few_channels, speed.kernels.conv
        if library != "cmsis_nn":
            return few
        return many + (few - many) * min(1.0, _FEW_OUTPUTS / out_channels)
    return speed.kernels.pointwise if height == width == 1 else speed.kernels.conv


def _depthwise_cost(op: Op, speed: Speed) -> float:
    if op.inputs[0].shape[-1] != op.outputs[0].shape[-1]:
        return speed.kernels.depthwise_multiplier
    _, height, width, _ = op.inputs[1].shape
    return speed.kernels.depthwise if height * width <= 9 else speed.kernels.depthwise_large


def _plain_instructions(op: Op, speed: Speed) -> float:
    if op.macs:
        # A sum of products that the library has no kernel for, such as TRANSPOSE_CONV.
        return op.macs * REFERENCE.conv
    elements = op.inputs[0].size if op.name in _REDUCING else op.outputs[0].size
    if op.name in _COPYING:
        return elements * _COPY_INSTRUCTIONS
    if op.name == "ADD":
        return elements * speed.plain["MUL"]
    return elements * speed.plain.get(op.name, speed.plain[_OTHER_LIKE])
