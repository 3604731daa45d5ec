"""Finds the pretrained supernet that a user names: what `--pretrained` may be."""

import os
from collections.abc import Mapping
from pathlib import Path

import h5py
import keras

from tofa_tf.errors import UserError
from tofa_tf.pretrained.keras_mobilenet import from_keras
from tofa_tf.pretrained.transfer import with_classes
from tofa_tf.search_space import SearchSpace
from tofa_tf.supernet import Supernet

_KERAS = "keras:"
_APPLICATIONS = {
    "MobileNetV2": keras.applications.MobileNetV2,
    "MobileNetV3Small": keras.applications.MobileNetV3Small,
    "MobileNetV3Large": keras.applications.MobileNetV3Large,
}
_OPTIONS = {"alpha": float, "resolution": int, "minimalistic": int, "weights": str}


def load_pretrained(what: str, num_classes: int | None, space: SearchSpace) -> Supernet:
    """Loads a pretrained supernet.

    Args:
        what: "keras:MobileNetV3Small", also with options as in
            "keras:MobileNetV2,alpha=0.35,resolution=96"; a `.keras` file of such a model; or a
            `.weights.h5` file of a supernet of `space`.
        num_classes: outputs of the classifier, which is new where the pretrained has another
            number; None for those of the pretrained.
        space: search space of a `.weights.h5` file; the others bring their own, made around the
            model.

    Raises:
        UserError: if it is none of these, cannot be read, or does not fit.
    """
    if what.startswith(_KERAS):
        return from_keras(_application(what.removeprefix(_KERAS)), num_classes)
    if what.endswith(".keras"):
        return from_keras(_read_model(what), num_classes)
    if what.endswith(".weights.h5"):
        return load_supernet(what, space, num_classes)
    raise UserError(
        f"unknown pretrained weights {what!r}; wanted keras:NAME with NAME one of "
        f"{', '.join(_APPLICATIONS)}, a .keras file, or a .weights.h5 file"
    )


def load_supernet(
    path: str | os.PathLike, space: SearchSpace, num_classes: int | None = None
) -> Supernet:
    """Loads the weights of a supernet of a search space, trained here or converted.

    Raises:
        UserError: if the file cannot be read or is of another space.
    """
    try:
        with h5py.File(path) as file:
            classes = file["classifier/vars/1"].shape[0]
        supernet = Supernet(space, classes)
        supernet.build()
        supernet.load_weights(Path(path))
    except FileNotFoundError as error:
        raise UserError(f"there is no file {path}") from error
    except (OSError, KeyError, ValueError) as error:
        raise UserError(f"{path} holds no weights of a {space.name} supernet") from error
    return with_classes(supernet, num_classes or classes)


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
            f"cannot make {_KERAS}{text}: {str(error).splitlines()[0]}; weights that were "
            "downloaded elsewhere are given as weights=PATH, or the model as a .keras file"
        ) from error


def _options(pairs: list[str]) -> Mapping[str, float | int | str]:
    options = {}
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


def _read_model(path: str) -> keras.Model:
    try:
        return keras.models.load_model(path, compile=False)
    # A damaged archive, config or layer can raise nearly anything.
    except Exception as error:
        raise UserError(f"cannot read {path}: {str(error).splitlines()[0]}") from error
