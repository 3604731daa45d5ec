"""What the setting `pretrained` may be besides the name of some weights."""

DEFAULT = "default"
NONE = "none"
