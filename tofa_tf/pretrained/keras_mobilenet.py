"""Makes a supernet of a Keras MobileNetV1, V2 or V3: its largest net is that model.

The search space is made around the model: everything the model has is the largest choice.
"""

import itertools
from collections.abc import Iterable

import keras
import numpy as np

from tofa_tf.blocks.depthwise_separable import DepthwiseSeparable
from tofa_tf.blocks.elastic_block import ElasticBlock
from tofa_tf.blocks.family import Block as Family
from tofa_tf.blocks.inverted_bottleneck import InvertedBottleneck
from tofa_tf.common.errors import UserError
from tofa_tf.layers.conv_norm import ElasticConvNorm, ElasticDepthwiseNorm
from tofa_tf.layers.elastic_layers import ACTIVATIONS
from tofa_tf.nets.channel_order import sort_channels
from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretrained.keras_layers import Block, ConvNorm, MobileNet, read_mobilenet
from tofa_tf.pretrained.transfer import with_classes
from tofa_tf.space.plan import encode
from tofa_tf.space.search_space import Head, SearchSpace, Stage, Stem

# Largest difference to the model, as a share of its largest output, that rounding can explain.
_TOLERANCE = 1e-3


def from_keras(model: keras.Model, num_classes: int | None = None) -> Supernet:
    """Makes a supernet whose largest net computes what the model computes.

    Channels are sorted by importance, so that narrower subnets have the best ones. Logits come out
    where the model ends with a softmax.

    Args:
        model: MobileNet (V1), V2 or V3 of `keras.applications`, of any width, with or without top,
            also inside another model (rescaling before it, pooling and one dense layer behind).
        num_classes: outputs of the classifier; by default the model's, or 1 where it has no top.
            With another number, or where the model has no top, the classifier is new.

    Raises:
        UserError: if the model is no such net, or computes something else than its layers suggest.
    """
    net = read_mobilenet(model)
    classes = num_classes or 1 if net.classifier is None else _filters(net.classifier)
    supernet = Supernet(make_space(model.name, net), classes)
    supernet.build()
    _copy(net, supernet)
    _check_equal(model, net, supernet)
    sort_channels(supernet)
    return with_classes(supernet, num_classes or classes)


def make_space(name: str, net: MobileNet) -> SearchSpace:
    """Makes the search space around a net.

    Raises:
        UserError: if the net has something that a search space cannot say.
    """
    epsilons = {part.bn.epsilon for part in _conv_norms(net)}
    activations = {part.activation for part in _conv_norms(net)}
    if len(epsilons) > 1 or not activations <= set(ACTIVATIONS):
        raise UserError(f"{name}: one batch norm epsilon is needed, and one of {set(ACTIVATIONS)}")
    stages, in_channels = [], net.stem.conv.filters
    for blocks in _group(net.blocks):
        stages.append(_stage(blocks, in_channels))
        in_channels = blocks[0].width
    head = Head(
        activation=net.head.activation if net.head else net.stem.activation,
        expand=net.head.conv.filters / in_channels if net.head else 0,
        feature_widths=_widths(_filters(net.feature)) if net.feature else (),
        feature_bias=bool(net.feature and net.feature.use_bias),
    )
    # Keras' own MobileNets are made for pixels between -1 and 1.
    scale = 1 / 127.5 if net.scale is None else net.scale
    offset = -1.0 if net.offset is None else net.offset
    return SearchSpace(
        name=name,
        resolutions=_resolutions(net.resolution),
        stem=Stem(_widths(net.stem.conv.filters), net.stem.activation),
        stages=tuple(stages),
        head=head,
        bn_epsilon=net.stem.bn.epsilon,
        bn_momentum=net.stem.bn.momentum,
        pixel_mean=_per_channel(-offset / scale),
        pixel_std=_per_channel(1 / scale),
    )


def _stage(blocks: list[Block], in_channels: int) -> Stage:
    first = blocks[0]
    depths = tuple(range((len(blocks) + 1) // 2, len(blocks) + 1))
    return Stage(_widths(first.width), depths, first.stride, _family(blocks, in_channels))


def _family(blocks: list[Block], in_channels: int) -> Family:
    first = blocks[0]
    kernels = tuple(range(3, first.kernel + 1, 2))
    if first.separable:
        return DepthwiseSeparable(kernels, first.depthwise.activation)
    channels = [in_channels] + [block.width for block in blocks[:-1]]
    ratios = [block.mid / width for block, width in zip(blocks, channels, strict=True)]
    largest = max(ratios) if first.expand else 1
    return InvertedBottleneck(
        kernels=kernels,
        expands=_expands(largest),
        activation=first.depthwise.activation,
        squeeze_excite=bool(first.squeeze_excite),
        expand_scales=tuple(r / largest for r in ratios) if len(set(ratios)) > 1 else (),
    )


def _group(blocks: Iterable[Block]) -> list[list[Block]]:
    """Splits the blocks into stages: rows of equal blocks."""
    stages: list[list[Block]] = []
    for block in blocks:
        if stages and block.stride == 1 and _form(block) == _form(stages[-1][-1]):
            stages[-1].append(block)
        else:
            stages.append([block])
    return stages


def _form(block: Block) -> tuple:
    """What is equal for all blocks of a stage."""
    has = bool(block.expand), bool(block.squeeze_excite)
    activations = block.depthwise.activation, block.project.activation
    return (block.width, block.kernel, *activations, *has)


def _widths(width: int) -> tuple[int, ...]:
    """The width and the largest multiple of 8 that is at most three quarters of it."""
    return tuple(sorted({max(width * 3 // 4 // 8 * 8, min(width, 8)), width}))


def _expands(largest: float) -> tuple[float, ...]:
    """One half, two thirds and all of the ratio, as 3, 4 and 6 are of 6."""
    if largest == 1:
        return (1,)
    smaller = (ratio for ratio in (largest / 2, largest * 2 / 3) if ratio > 1)
    return (*smaller, largest)


def _resolutions(largest: int) -> tuple[int, ...]:
    """Multiples of 32 from three sevenths of the size, as 96 is of 224, up to the size."""
    smaller = (size for size in range(32, largest, 32) if size >= largest * 3 / 7)
    return (*smaller, largest)


def _per_channel(value: float | np.ndarray) -> tuple[float, float, float]:
    red, green, blue = (float(v) for v in np.broadcast_to(value, 3))
    return red, green, blue


def _filters(layer: keras.layers.Layer) -> int:
    return layer.kernel.shape[-1]


def _conv_norms(net: MobileNet) -> Iterable[ConvNorm]:
    yield from (part for part in (net.stem, net.head) if part)
    for block in net.blocks:
        yield from (part for part in (block.expand, block.depthwise, block.project) if part)


def _copy(net: MobileNet, supernet: Supernet) -> None:
    """Copies every weight of the net into the largest net of the supernet.

    Raises:
        UserError: if a layer has another shape than the rules of the search space give it.
    """
    _assign_conv_norm(supernet.stem, net.stem)
    for target, block in zip(supernet.blocks, net.blocks, strict=True):
        _copy_block(target, block)
    if net.head is not None:
        _assign_conv_norm(supernet.head_conv, net.head)
    if net.feature is not None:
        _assign(supernet.feature.conv.weights, net.feature)
    if net.classifier is not None:
        _assign(supernet.classifier.weights, net.classifier)


def _copy_block(target: ElasticBlock, block: Block) -> None:
    last = "pointwise" if block.separable else "project"
    convolutions = {"expand": block.expand, "depthwise": block.depthwise, last: block.project}
    for name, part in convolutions.items():
        if part is not None:
            _assign_conv_norm(target.parts[name], part)
    for name, layer in zip(("se_reduce", "se_expand"), block.squeeze_excite, strict=False):
        _assign(target.parts[name].conv.weights, layer)


def _assign_conv_norm(target: ElasticConvNorm | ElasticDepthwiseNorm, part: ConvNorm) -> None:
    _assign(target.conv.weights, part.conv)
    if target.bn is not None:
        _assign(target.bn.weights, part.bn)


def _assign(targets: list[keras.Variable], layer: keras.layers.Layer) -> None:
    values = layer.get_weights()
    for target, value in itertools.zip_longest(targets, values):
        # A classifier may be a 1x1 convolution in Keras, here it is a dense layer.
        if target is None or value is None or np.squeeze(value).shape != np.squeeze(target).shape:
            shapes = [np.shape(value) for value in values]
            raise UserError(f"layer {layer.name} {shapes} does not fit into a search space")
        target.assign(value.reshape(target.shape))


def _check_equal(model: keras.Model, net: MobileNet, supernet: Supernet) -> None:
    """Compares the model with the largest net on random images.

    Raises:
        UserError: if they differ.
    """
    generator = np.random.default_rng(0)
    space = supernet.space
    pixels = generator.integers(0, 256, (2, net.resolution, net.resolution, 3)).astype(np.float32)
    normalized = ((pixels - space.pixel_mean) / space.pixel_std).astype(np.float32)
    logits = np.asarray(supernet(normalized, encode(space, space.max_arch)))
    differences: list[float] = []
    # Without a rescaling layer the model may still rescale with plain arithmetic.
    for images in (pixels, normalized):
        output = np.asarray(model(images, training=False))
        if net.classifier is None:
            if output.ndim == 4:
                output = output.mean(axis=(1, 2))
            output = output @ supernet.classifier.kernel.numpy()
        differences += [_difference(output, logits), _difference(output, _softmax(logits))]
        if min(differences) <= _TOLERANCE:
            return
    raise UserError(
        f"{model.name} has the layers of a MobileNet but computes something else (difference "
        f"{min(differences):.2g}); other wiring, and other pooling than the average, are not "
        "understood"
    )


def _difference(output: np.ndarray, computed: np.ndarray) -> float:
    return np.abs(output - computed).max() / np.abs(output).max()


def _softmax(logits: np.ndarray) -> np.ndarray:
    return np.asarray(keras.ops.softmax(logits))
