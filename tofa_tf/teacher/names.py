"""What the setting `teacher` may be besides "none" and a Keras file."""

EFFICIENTNET_LITE0 = "efficientnet_lite0"
