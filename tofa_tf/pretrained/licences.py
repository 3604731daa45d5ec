"""What the authors of public weights allow; loads nothing, so that reports can say it."""

EFFICIENTNET_LITE0 = (
    "The weights of EfficientNet-Lite0 are licensed Apache-2.0. They were trained on ImageNet, "
    "1.28 million labelled images, which whatever learns from them has seen too."
)
