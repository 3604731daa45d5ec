"""Converts a public PyTorch supernet to the weights of ours; PyTorch itself is not needed.

tofa convert ofa.pth --source=ofa_mbv3_w1.0 --output=ofa.weights.h5
"""

import dataclasses

from tflite_export.common.command import Command
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.app.main import run

_FILES = "Files"


@dataclasses.dataclass(frozen=True)
class Conversion(SettingsBase):
    """Which checkpoint becomes which file."""

    checkpoint: str = setting("File that PyTorch wrote.", heading=_FILES)
    source: str = setting(
        "Which net it is: ofa_mbv3_w1.0, ofa_mbv3_w1.2, attentive_nas (AlphaNet too) or "
        "efficientnet_lite0.",
        heading=_FILES,
    )
    output: str = setting("File to write, *.weights.h5.", heading=_FILES)
    num_classes: int | None = setting(
        "Outputs of a new classifier; by default the checkpoint's is kept.",
        None, least=1, most=65536, heading=_FILES,
    )  # fmt: skip
    overwrite: bool = setting("Replace the output if it exists.", False, heading=_FILES)


def main(files: Conversion) -> None:
    """Converts and says what was written."""
    from tofa_tf.pretrained.convert_checkpoint import convert_checkpoint

    supernet = convert_checkpoint(
        files.source, files.checkpoint, files.output, files.num_classes, files.overwrite
    )
    space = supernet.space.name
    print(f"{files.output}: search space {space}, {supernet.num_classes} classes")


COMMAND = Command(main, (Conversion,), positional=("checkpoint",))

if __name__ == "__main__":
    run("convert")
