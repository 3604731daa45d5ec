"""Depthwise convolutions on maps whose channels lie side by side, as three small Triton kernels.

With those of cuDNN the first steps took seconds each, as if every shape that a subnet brings had to
be planned anew.
"""

import torch
import triton
import triton.language as tl

_PIXELS = 64
_CHANNELS = 32
# Programs that share the pixels of a kernel's gradient.
_SHARES = 256


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, kernel, stride, before):
        # x: (batch, height, width, channels), contiguous; kernel: (size, size, channels).
        size = kernel.shape[0]
        out_size = -(-x.shape[1] // stride)
        out = x.new_empty((x.shape[0], out_size, out_size, x.shape[3]))
        _forward[_grid(out)](
            x, kernel, out, out.numel() // out.shape[3], x.shape[1], out_size, x.shape[3],
            SIZE=size, STRIDE=stride, BEFORE=before, PIXELS=_PIXELS, CHANNELS=_CHANNELS,
        )  # fmt: skip
        ctx.save_for_backward(x, kernel)
        ctx.stride, ctx.before = stride, before
        return out

    @staticmethod
    def backward(ctx, upstream):
        x, kernel = ctx.saved_tensors
        upstream = upstream.contiguous()
        size, out_size, channels = kernel.shape[0], upstream.shape[1], x.shape[3]
        meta = {"SIZE": size, "STRIDE": ctx.stride, "BEFORE": ctx.before}
        meta |= {"PIXELS": _PIXELS, "CHANNELS": _CHANNELS}
        to_x = torch.empty_like(x)
        _to_input[_grid(x)](
            upstream, kernel, to_x, x.numel() // channels, x.shape[1], out_size, channels, **meta
        )
        to_kernel = torch.zeros(kernel.shape, device=x.device, dtype=torch.float32)
        pixels = upstream.numel() // channels
        rounds = triton.cdiv(triton.cdiv(pixels, _PIXELS), _SHARES)
        _to_kernel[(_SHARES, triton.cdiv(channels, _CHANNELS))](
            x, upstream, to_kernel, pixels, x.shape[1], out_size, channels, rounds,
            TAPS=triton.next_power_of_2(size * size), **meta,
        )  # fmt: skip
        return to_x, to_kernel.to(kernel.dtype), None, None


def depthwise_conv2d(
    x: torch.Tensor, kernel: torch.Tensor, stride: int, before: int
) -> torch.Tensor:
    """Convolves every channel with its own kernel; what lies outside of a map is 0.

    Args:
        x: (batch, channels, side, side), channels last in memory.
        kernel: (channels, 1, size, size).
        stride: in both directions.
        before: zeros before the first row and column.

    Returns:
        (batch, channels, ceil(side / stride), ceil(side / stride)), channels last in memory.
    """
    taps = kernel[:, 0].permute(1, 2, 0).to(x.dtype).contiguous()
    out = _Depthwise.apply(x.permute(0, 2, 3, 1).contiguous(), taps, stride, before)
    return out.permute(0, 3, 1, 2)


def _grid(maps: torch.Tensor) -> tuple[int, int]:
    channels = maps.shape[3]
    return triton.cdiv(maps.numel() // channels, _PIXELS), triton.cdiv(channels, _CHANNELS)


@triton.jit
def _place(first, pixels, side, channels, PIXELS: tl.constexpr, CHANNELS: tl.constexpr):
    """Numbers of a block of pixels and channels: pixel, image, row, column, channel."""
    pixel = first + tl.arange(0, PIXELS)
    row = (pixel // side) % side
    image = pixel // (side * side)
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    return pixel, image, row, pixel % side, channel


@triton.jit(do_not_specialize=["pixels", "side", "out_side"])
def _forward(
    x, kernel, out, pixels, side, out_side, channels,
    SIZE: tl.constexpr, STRIDE: tl.constexpr, BEFORE: tl.constexpr,
    PIXELS: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    pixel, image, row, column, channel = _place(
        tl.program_id(0) * PIXELS, pixels, out_side, channels, PIXELS, CHANNELS
    )
    there = (pixel < pixels)[:, None] & (channel < channels)[None, :]
    total = tl.zeros((PIXELS, CHANNELS), tl.float32)
    for i in tl.static_range(SIZE):
        for j in tl.static_range(SIZE):
            y, z = row * STRIDE + i - BEFORE, column * STRIDE + j - BEFORE
            inside = there & ((y >= 0) & (y < side) & (z >= 0) & (z < side))[:, None]
            place = ((image * side + y) * side + z) * channels
            value = tl.load(x + place[:, None] + channel[None, :], mask=inside, other=0.0)
            weight = tl.load(
                kernel + (i * SIZE + j) * channels + channel, mask=channel < channels, other=0.0
            )
            total += value.to(tl.float32) * weight.to(tl.float32)[None, :]
    tl.store(
        out + pixel[:, None] * channels + channel[None, :],
        total.to(out.dtype.element_ty),
        mask=there,
    )


@triton.jit(do_not_specialize=["pixels", "side", "out_side"])
def _to_input(
    upstream, kernel, out, pixels, side, out_side, channels,
    SIZE: tl.constexpr, STRIDE: tl.constexpr, BEFORE: tl.constexpr,
    PIXELS: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    pixel, image, row, column, channel = _place(
        tl.program_id(0) * PIXELS, pixels, side, channels, PIXELS, CHANNELS
    )
    there = (pixel < pixels)[:, None] & (channel < channels)[None, :]
    total = tl.zeros((PIXELS, CHANNELS), tl.float32)
    for i in tl.static_range(SIZE):
        for j in tl.static_range(SIZE):
            # Only where it is a multiple of the stride has an output read this pixel by this tap.
            y, z = row + BEFORE - i, column + BEFORE - j
            read = (y >= 0) & (z >= 0) & (y % STRIDE == 0) & (z % STRIDE == 0)
            y, z = y // STRIDE, z // STRIDE
            inside = there & (read & (y < out_side) & (z < out_side))[:, None]
            place = ((image * out_side + y) * out_side + z) * channels
            value = tl.load(upstream + place[:, None] + channel[None, :], mask=inside, other=0.0)
            weight = tl.load(
                kernel + (i * SIZE + j) * channels + channel, mask=channel < channels, other=0.0
            )
            total += value.to(tl.float32) * weight.to(tl.float32)[None, :]
    tl.store(
        out + pixel[:, None] * channels + channel[None, :],
        total.to(out.dtype.element_ty),
        mask=there,
    )


@triton.jit(do_not_specialize=["pixels", "side", "out_side", "rounds"])
def _to_kernel(
    x, upstream, out, pixels, side, out_side, channels, rounds,
    TAPS: tl.constexpr, SIZE: tl.constexpr, STRIDE: tl.constexpr, BEFORE: tl.constexpr,
    PIXELS: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    tap = tl.arange(0, TAPS)
    total = tl.zeros((TAPS, CHANNELS), tl.float32)
    for number in range(rounds):
        pixel, image, row, column, channel = _place(
            (tl.program_id(0) * rounds + number) * PIXELS,
            pixels, out_side, channels, PIXELS, CHANNELS,
        )  # fmt: skip
        there = (pixel < pixels)[:, None] & (channel < channels)[None, :]
        gradient = tl.load(
            upstream + pixel[:, None] * channels + channel[None, :], mask=there, other=0.0
        ).to(tl.float32)
        for i in tl.static_range(SIZE):
            for j in tl.static_range(SIZE):
                y, z = row * STRIDE + i - BEFORE, column * STRIDE + j - BEFORE
                inside = there & ((y >= 0) & (y < side) & (z >= 0) & (z < side))[:, None]
                place = ((image * side + y) * side + z) * channels
                value = tl.load(x + place[:, None] + channel[None, :], mask=inside, other=0.0)
                summed = tl.sum(gradient * value.to(tl.float32), axis=0)
                total += tl.where((tap == i * SIZE + j)[:, None], summed[None, :], 0.0)
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    tl.atomic_add(
        out + tap[:, None] * channels + channel[None, :],
        total,
        mask=(tap < SIZE * SIZE)[:, None] & (channel < channels)[None, :],
    )
