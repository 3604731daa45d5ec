"""How raw data becomes the tensor that a model sees: one record for training, export and firmware.

`preprocess.py` has the rule itself.
"""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from tflite_export.common.errors import ExportError
from tflite_export.common.json_data import JsonRecord

Colour = Literal["rgb", "bgr", "grey"]
Crop = Literal["centre", "stretch"]

# Channels of an image in each order of colours.
CHANNELS: dict[str, int] = {"rgb": 3, "bgr": 3, "grey": 1}
CROPS: tuple[str, ...] = get_args(Crop)
# The only rule there is; named so that a file says it, and firmware can refuse what it lacks.
RESIZE = "bilinear_antialiased"


@dataclass(frozen=True)
class InputSpec(JsonRecord):
    """The input of a model, and how raw data is prepared for it.

    Attributes:
        shape: (height, width, channels) of images, (steps, sensors) of windows of sensor data, or
            (samples,); without the batch.
        colour: order of an image's channels: "rgb", "bgr" or "grey"; "" where it is no image, or
            one of another number of channels, which no image file has.
        mean: what is subtracted from raw values, in their unit (pixels: 0 to 255): one value, or
            one for each position along the last axis, in the order of `colour`.
        std: what they are divided by then, likewise.
        crop: "centre" keeps proportions and cuts off what lies outside the target's, "stretch"
            keeps all and distorts; "" where it is no image.
        resize: name of the rule, `RESIZE`; "" where it is no image.
        augmentations: names of changes that keep the meaning, such as "flip" and "shift"; training
            may apply these.

    Raises:
        ExportError: if a field does not suit the others.
    """

    shape: tuple[int, ...]
    colour: str = ""
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    crop: str = ""
    resize: str = ""
    augmentations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.shape) <= 3 or not all(size > 0 for size in self.shape):
            raise ExportError(
                f"shape={self.shape}: (height, width, channels), (steps, sensors) or (samples,) is "
                "needed, without the batch"
            )
        self._check_image()
        self._check_values()
        if not all(name.isidentifier() for name in self.augmentations):
            raise ExportError(f"augmentations={self.augmentations}: names are needed")

    @property
    def is_image(self) -> bool:
        """Whether the input is an image."""
        return len(self.shape) == 3

    @property
    def channels(self) -> int:
        """Length of the last axis: channels, sensors or samples."""
        return self.shape[-1]

    def __str__(self) -> str:
        """What is done to raw values, for people."""
        mean, std = (
            ", ".join(f"{value:g}" for value in values) for values in (self.mean, self.std)
        )
        values = "pixel" if self.is_image else "value"
        how = f", {self.colour}, {self.crop}" if self.colour else ""
        return f"({values} - [{mean}]) / [{std}]{how}"

    def _check_image(self) -> None:
        if not self.is_image:
            if self.colour or self.crop or self.resize:
                raise ExportError(
                    f"colour={self.colour!r}, crop={self.crop!r}, resize={self.resize!r} are of "
                    f"images, and {self.shape} is none: leave them empty"
                )
            return
        if self.colour and CHANNELS.get(self.colour) != self.channels:
            suited = [name for name, count in CHANNELS.items() if count == self.channels]
            raise ExportError(
                f"colour={self.colour!r} does not suit {self.channels} channels; "
                f"{' or '.join(map(repr, suited)) or 'an empty text'} does"
            )
        if self.crop not in CROPS:
            raise ExportError(f"crop={self.crop!r}: choose one of {', '.join(CROPS)}")
        if self.resize != RESIZE:
            raise ExportError(f"resize={self.resize!r}: the only rule is {RESIZE!r}")

    def _check_values(self) -> None:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, self.channels):
                raise ExportError(
                    f"{name} has {len(values)} values; give one, or one for each of the "
                    f"{self.channels} along the last axis of {self.shape}"
                )
            if not all(math.isfinite(value) for value in values):
                raise ExportError(f"{name}={values}: finite numbers are needed")
        if not all(value > 0 for value in self.std):
            raise ExportError(f"std={self.std}: every value must be above 0")


def default_spec(shape: tuple[int, ...]) -> InputSpec:
    """Returns the spec of a model's input of which only the shape is known.

    Images are "rgb" or "grey" and become (p - 128) / 128, other values stay as they are.
    """
    colour = {3: "rgb", 1: "grey"}.get(shape[-1] if shape else 0, "")
    if len(shape) != 3:
        return InputSpec(shape)
    return InputSpec(shape, colour, (128.0,), (128.0,), "centre", RESIZE)


def image_spec(
    height: int,
    width: int,
    colour: Colour = "rgb",
    *,
    mean: tuple[float, ...] = (128.0,),
    std: tuple[float, ...] = (128.0,),
    crop: Crop = "centre",
    augmentations: tuple[str, ...] = (),
) -> InputSpec:
    """Returns the spec of images; see `InputSpec`.

    With the defaults the int8 input on a board simply is pixel - 128.
    """
    if colour not in CHANNELS:
        raise ExportError(f"colour={colour!r}: choose one of {', '.join(CHANNELS)}")
    shape = (height, width, CHANNELS[colour])
    return InputSpec(shape, colour, mean, std, crop, RESIZE, augmentations)
