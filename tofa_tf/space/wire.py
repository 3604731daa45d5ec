"""The whole net in terms of operations, from the image to the logits."""

from tofa_tf.blocks.net_builder import Conv, NetBuilder, T
from tofa_tf.space.plan import Plan
from tofa_tf.space.search_space import SearchSpace


def wire(space: SearchSpace, plan: Plan, num_classes: int, net: NetBuilder[T], image: T) -> T:
    """Says of which operations a net consists: the only description there is.

    Args:
        plan: sizes of the net.
        num_classes: outputs of the classifier.
        net: interprets the operations.
        image: (batch, resolution, resolution, channels), normalised.

    Returns:
        Logits (batch, num_classes).
    """
    stem, head = space.stem, space.head
    x = net.conv(
        image,
        Conv(
            "stem",
            plan.stem_width,
            kernel=stem.kernel,
            stride=plan.stem_stride,
            strides=stem.strides(space.resolutions),
            activation=stem.activation,
        ),
    )
    for block in plan.blocks:
        x = net.block(x, block)
    if head.expand:
        x = net.conv(x, Conv("head_conv", plan.head_width, activation=head.activation))
    x = net.pool(x, "pool")
    if head.feature_widths:
        feature = Conv(
            "feature",
            plan.feature_width,
            activation=head.activation,
            norm=False,
            bias=head.feature_bias,
        )
        x = net.conv(x, feature)
    return net.dense(x, "classifier", num_classes)
