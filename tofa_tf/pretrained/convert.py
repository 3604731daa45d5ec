"""Converts a public PyTorch supernet to the weights of ours; PyTorch itself is not needed.

python -m tofa_tf.pretrained.convert --source=ofa_mbv3_w1.0 --checkpoint=x.pth \\
    --output=supernet.weights.h5 [--num_classes=10]
"""

from collections.abc import Sequence

from absl import flags

from tofa_tf.app import cli
from tofa_tf.common.errors import UserError
from tofa_tf.pretrained.convert_checkpoint import convert_checkpoint
from tofa_tf.pretrained.state_dict import SOURCES

_SOURCE = flags.DEFINE_string("source", None, f"What it is: {', '.join(sorted(SOURCES))}.")
_CHECKPOINT = flags.DEFINE_string("checkpoint", None, "File that PyTorch wrote.")
_OUTPUT = flags.DEFINE_string("output", None, "File to write, *.weights.h5.")
_NUM_CLASSES = flags.DEFINE_integer(
    "num_classes", None, "Outputs of a new classifier; by default the checkpoint's is kept."
)
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace --output if it exists.")


def main(argv: Sequence[str]) -> None:
    """Converts and says what was written."""
    del argv
    for flag in (_SOURCE, _CHECKPOINT, _OUTPUT):
        if flag.value is None:
            raise UserError(f"--{flag.name} is missing: {flags.FLAGS[flag.name].help}")
    supernet = convert_checkpoint(
        _SOURCE.value, _CHECKPOINT.value, _OUTPUT.value, _NUM_CLASSES.value, _OVERWRITE.value
    )
    space = supernet.space.name
    print(f"{_OUTPUT.value}: search space {space}, {supernet.num_classes} classes")


if __name__ == "__main__":
    cli.run_script(main)
