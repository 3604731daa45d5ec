"""Scratch buffers that ESP-NN's int8 kernels want, which esp-tflite-micro takes from the arena.

The plain C kernels (ESP32, C3) need none but for a softmax. Those with vectors copy weights and
padded inputs to aligned addresses: the buffer of a 1x1 convolution is as large as its weights.

Source: `esp_nn_get_*_scratch_size*` of ESP-NN 1.2.3, whose figures these are, byte by byte.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tflite_export.graph.operators import Op

# Cores of the chips that have vector kernels.
S3, P4 = "xtensa-lx7", "rv32-pie"

# Above these, depthwise convolutions of the S3 work strip by strip, and convolutions of the P4.
_S3_WHOLE_3X3, _S3_WHOLE_OTHER = 40 * 1024, 48 * 1024
_P4_CACHE = 32 * 1024


@dataclass(frozen=True)
class _Conv:
    """Sizes of a convolution, each a pair of height and width, and channels."""

    image: tuple[int, int]
    kernel: tuple[int, int]
    output: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    in_channels: int
    out_channels: int

    @property
    def padded(self) -> bool:
        return self.padding != (0, 0)

    @property
    def beyond(self) -> tuple[int, int]:
        """Rows and columns that a valid convolution of this output would need in addition."""
        height, width = (
            size * step + kernel - 1 - image
            for size, step, kernel, image in zip(
                self.output, self.stride, self.kernel, self.image, strict=True
            )
        )
        return height, width

    def enlarged(self, rows: int, columns: int) -> int:
        """Bytes of an int8 image with so many more rows and columns."""
        return (self.image[0] + rows) * (self.image[1] + columns) * self.in_channels


def esp_nn_scratch_bytes(op: Op, core: str) -> int:
    """Returns the scratch buffer that ESP-NN's kernel wants for an op; the most it may be.

    Args:
        core: of the chip: `S3`, `P4` or one without vector kernels.
    """
    if op.name == "SOFTMAX":
        return 4 * op.inputs[0].shape[-1]
    functions = {
        ("CONV_2D", S3): _conv_s3,
        ("CONV_2D", P4): _conv_p4,
        ("DEPTHWISE_CONV_2D", S3): _depthwise_s3,
    }
    function = functions.get((op.name, core))
    return max(map(function, _geometries(op))) if function else 0


def _geometries(op: Op) -> Iterator[_Conv]:
    """What the op's shapes allow: padded so that nothing is lost, or not padded at all."""
    _, *image, in_channels = op.inputs[0].shape
    _, *kernel, _ = op.inputs[1].shape
    _, *output, out_channels = op.outputs[0].shape
    sizes = list(zip(image, kernel, output, strict=True))
    same = [-(-i // o) for i, _, o in sizes]
    valid = [max(1, (i - k) // (o - 1)) if o > 1 else 1 for i, k, o in sizes]
    is_valid = all((i - k) // s + 1 == o for (i, k, o), s in zip(sizes, valid, strict=True))
    is_same = all(-(-i // s) == o for (i, _, o), s in zip(sizes, same, strict=True))
    for strides, possible in ((valid, is_valid), (same, is_same or not is_valid)):
        if not possible:
            continue
        lost = [max(0, (o - 1) * s + k - i) for (i, k, o), s in zip(sizes, strides, strict=True)]
        yield _Conv(
            image=(image[0], image[1]),
            kernel=(kernel[0], kernel[1]),
            output=(output[0], output[1]),
            stride=(strides[0], strides[1]),
            padding=(lost[0] // 2, lost[1] // 2),
            in_channels=in_channels,
            out_channels=out_channels,
        )


def _conv_s3(conv: _Conv) -> int:
    (height, width), channels, outputs = conv.kernel, conv.in_channels, conv.out_channels
    alignment = 64
    if conv.kernel == conv.stride == (1, 1) and not conv.padded:
        return _pointwise(conv) + alignment
    row, window = width * channels, height * width * channels
    if row < 16 <= window:
        return 4 * outputs + 32 + (outputs + 1) * _up(window, 16) + alignment
    copied_input = conv.enlarged(2 * conv.padding[0], 2 * conv.padding[1]) if conv.padded else 0
    weights = height * width * _up(channels, 16) * outputs + _up(row, 16) * height * outputs
    rows, columns = (max(0, more) for more in conv.beyond)
    border = conv.enlarged(rows, columns) if rows or columns else 0
    return copied_input + weights + border + alignment + 4 * outputs


def _conv_p4(conv: _Conv) -> int:
    (height, width), channels, outputs = conv.kernel, conv.in_channels, conv.out_channels
    alignment = 32
    if conv.kernel == conv.stride == (1, 1) and not conv.padded:
        if channels < 16:
            return 20 * outputs + 32 + alignment
        return _pointwise(conv) + alignment
    sums = 4 * outputs
    if not conv.padded and width * channels >= 16:
        return height * width * _up(channels, 16) * outputs + alignment + sums
    if height * width * channels >= 16:
        return sums + height * width * channels + alignment
    widened = _up(-(-16 // width), 16)
    aligned_weights = height * width * widened * outputs
    if not conv.padded:
        pixels = conv.image[0] * conv.image[1]
        return sums + aligned_weights + pixels * widened + alignment
    whole = conv.enlarged(2 * conv.padding[0], 2 * conv.padding[1])
    if whole + sums <= _P4_CACHE:
        weights = height * width * _up(channels, 16) * outputs
        return whole + weights + alignment + sums
    return _strips_p4(conv, widened, aligned_weights) + aligned_weights + alignment + sums


def _strips_p4(conv: _Conv, channels: int, weights: int) -> int:
    """Bytes of as many rows of the widened input as the cache has room for."""
    row = (conv.image[1] + 2 * conv.padding[1]) * channels
    room = _P4_CACHE - 4 * conv.out_channels - weights - conv.kernel[0] * row
    results = min(conv.output[0], room // (conv.stride[0] * row) + 1) if room >= 0 else 1
    return ((results - 1) * conv.stride[0] + conv.kernel[0] + 2 * conv.padding[0]) * row


def _pointwise(conv: _Conv) -> int:
    pixels, widened = conv.image[0] * conv.image[1], _up(conv.in_channels, 8)
    copied_input = pixels * widened if conv.in_channels % 8 else 0
    transposed = 16 * widened if pixels >= 8 else 0
    return copied_input + widened * conv.out_channels + transposed


def _depthwise_s3(conv: _Conv) -> int:
    channels, multiplier = conv.in_channels, conv.out_channels // conv.in_channels
    pixels, taps = conv.image[0] * conv.image[1], conv.kernel[0] * conv.kernel[1]
    weights = taps * conv.out_channels
    if multiplier > 1:
        return 2 * (weights + pixels * channels) + 32 if multiplier % 4 == 0 else 32
    if channels % 8:
        return _widened_depthwise_s3(conv) if channels > 3 else 32
    if conv.kernel != (3, 3):
        whole = 2 * (weights + pixels * channels)
        strip = 2 * conv.image[1] * conv.kernel[0] * channels
        return (whole if whole <= _S3_WHOLE_OTHER else 2 * weights + strip) + 32
    if channels % 16 == 0:
        rows, columns = (2 * pad for pad in conv.padding) if conv.padded else conv.beyond
        if not (rows or columns):
            return weights + 16
        whole = conv.enlarged(rows, columns)
        strip = (conv.image[1] + columns) * 3 * channels
        return weights + (whole if whole <= _S3_WHOLE_3X3 else strip) + 16
    if channels < 12:
        return 2 * (weights + pixels * channels) + 32
    widened = _up(channels, 16)
    rows, columns = (
        2 * pad + max(0, more) for pad, more in zip(conv.padding, conv.beyond, strict=True)
    )
    copied_input = (conv.image[0] + rows) * (conv.image[1] + columns) * widened
    return 9 * widened + copied_input + conv.output[0] * conv.output[1] * widened + 64


def _widened_depthwise_s3(conv: _Conv) -> int:
    """For channels that are no multiple of 8: everything once more, with channels added."""
    channels, taps = _up(conv.in_channels, 8), conv.kernel[0] * conv.kernel[1]
    end = 0
    for size in (
        2 * taps * channels,
        2 * conv.image[0] * conv.image[1] * channels,
        conv.output[0] * conv.output[1] * channels,
    ):
        end = _up(end + size, 16)
    return end + 12 * channels + 16


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
