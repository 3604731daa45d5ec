"""Finds the pretrained supernet that a user names: what `pretrained` may be."""

from pathlib import Path
from typing import Any

import keras

from tflite_export.common.errors import TofaError
from tflite_export.convert.check_model import check_finite
from tflite_export.convert.keras_file import load_model
from tofa_tf.common.errors import UserError, first_line
from tofa_tf.nets.supernet import Supernet
from tofa_tf.nets.weights_file import load_supernet
from tofa_tf.pretrained.keras_mobilenet import from_keras
from tofa_tf.pretrained.names import DEFAULT, NONE
from tofa_tf.pretrained.transfer import with_classes
from tofa_tf.space.search_space import SearchSpace

# What comes with the package: the search spaces, by the data their weights were trained on.
_SHIPPED = {"tiny_imagenet": ("mcu", "mcu_wide")}
_KERAS = "keras:"
_APPLICATIONS = {
    "MobileNet": keras.applications.MobileNet,
    "MobileNetV2": keras.applications.MobileNetV2,
    "MobileNetV3Small": keras.applications.MobileNetV3Small,
    "MobileNetV3Large": keras.applications.MobileNetV3Large,
}
_OPTIONS = {"alpha": float, "resolution": int, "minimalistic": int, "weights": str}


def resolve_pretrained(what: str, space_name: str) -> str:
    """Returns the name of the weights meant: by default the shipped ones of a space, or "none"."""
    if what != DEFAULT:
        return what
    return next((name for name, spaces in _SHIPPED.items() if space_name in spaces), NONE)


def load_pretrained(what: str, num_classes: int | None, space: SearchSpace) -> Supernet:
    """Loads a pretrained supernet.

    Args:
        what: "tiny_imagenet", weights that come with the package; "keras:MobileNetV3Small", also
            with options as in "keras:MobileNetV2,alpha=0.35,resolution=96"; a `.keras` file of such
            a model, in which nothing is run; or a `.weights.h5` file of a supernet of `space`.
        num_classes: outputs of the classifier, which is new where the pretrained has another
            number; None for those of the pretrained.
        space: search space of a `.weights.h5` file; the others bring their own, made around the
            model.

    Raises:
        UserError: if it is none of these, cannot be read, or does not fit.
    """
    if what in _SHIPPED:
        if space.name not in _SHIPPED[what]:
            raise UserError(
                f"there are {what} weights of the search spaces {', '.join(_SHIPPED[what])}, not "
                f"of {space.name}: choose one of those as search_space, or other weights"
            )
        path = Path(__file__).with_name(f"{space.name}_{what}.weights.h5")
        return _supernet(path, space, num_classes)
    if what.startswith(_KERAS):
        return from_keras(_application(what.removeprefix(_KERAS)), num_classes)
    if what.endswith(".keras"):
        model = load_model(Path(what))
        try:
            check_finite(model)
            return from_keras(model, num_classes)
        except TofaError as error:
            raise UserError(f"{what}: {error}") from error
    if what.endswith(".weights.h5"):
        return _supernet(what, space, num_classes)
    raise UserError(
        f"unknown pretrained weights {what!r}; wanted {', '.join(_SHIPPED)}, keras:NAME "
        f"with NAME one of {', '.join(_APPLICATIONS)}, a .keras file, a .weights.h5 file, or {NONE}"
    )


def _supernet(path: str | Path, space: SearchSpace, num_classes: int | None) -> Supernet:
    supernet = load_supernet(path, space)
    return with_classes(supernet, num_classes or supernet.num_classes)


def _application(text: str) -> keras.Model:
    name, *pairs = text.split(",")
    if name not in _APPLICATIONS:
        raise UserError(f"unknown model {name!r}; available: {', '.join(_APPLICATIONS)}")
    options = _options(pairs)
    if "resolution" in options:
        resolution = options.pop("resolution")
        options["input_shape"] = (resolution, resolution, 3)
    if options.get("weights") == "none":
        options["weights"] = None
    try:
        return _APPLICATIONS[name](**options)
    # Keras reports a failed download as a bare Exception.
    except Exception as error:
        raise UserError(
            f"cannot make {_KERAS}{text}: {first_line(error)}; weights that were "
            "downloaded elsewhere are given as weights=PATH, or the model as a .keras file"
        ) from error


def _options(pairs: list[str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        try:
            options[key] = _OPTIONS[key](value)
        except (KeyError, ValueError) as error:
            raise UserError(
                f"{_KERAS} option {pair!r}; wanted alpha=NUMBER, resolution=PIXELS, "
                "minimalistic=1, weights=none or weights=PATH"
            ) from error
    return options
