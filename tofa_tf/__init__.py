"""Transfer once, deploy to every microcontroller: one supernet, an int8 .tflite per board.

    import tofa_tf as tofa

    data = tofa.Images(x, y, unlabelled=u)
    run = tofa.train(data, workdir="runs/x")
    model = run.deploy("rp2040@100ms")

Importing the package loads nothing: each name brings its module when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tflite_export.common.errors import ExportError as ExportError
    from tflite_export.common.errors import TofaError as TofaError
    from tflite_export.common.errors import UserError as UserError
    from tflite_export.devices.boards import Board as Board
    from tflite_export.exporting.exporter import export_model as export_model
    from tofa_tf.api import Data as Data
    from tofa_tf.api import Model as Model
    from tofa_tf.api import Run as Run
    from tofa_tf.api import load as load
    from tofa_tf.api import train as train
    from tofa_tf.data.arrays import Images as Images
    from tofa_tf.space.search_space import Head as Head
    from tofa_tf.space.search_space import SearchSpace as SearchSpace
    from tofa_tf.space.search_space import Stage as Stage
    from tofa_tf.space.search_space import Stem as Stem

__version__ = "0.2.0.dev0"

_MODULES = {
    "Board": "tflite_export.devices.boards",
    "Data": "tofa_tf.api",
    "ExportError": "tflite_export.common.errors",
    "Head": "tofa_tf.space.search_space",
    "Images": "tofa_tf.data.arrays",
    "Model": "tofa_tf.api",
    "Run": "tofa_tf.api",
    "SearchSpace": "tofa_tf.space.search_space",
    "Stage": "tofa_tf.space.search_space",
    "Stem": "tofa_tf.space.search_space",
    "TofaError": "tflite_export.common.errors",
    "UserError": "tflite_export.common.errors",
    "export_model": "tflite_export.exporting.exporter",
    "load": "tofa_tf.api",
    "train": "tofa_tf.api",
}
_WITH_TENSORFLOW = ("export_model",)

__all__ = [*_MODULES]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _WITH_TENSORFLOW:
        # Which would greet on the console.
        importlib.import_module("tflite_export.common.quiet_tensorflow")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
