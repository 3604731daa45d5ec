"""Converts a public PyTorch supernet to the weights of ours; PyTorch itself is not needed.

python -m tofa_tf.pretrained.convert --source=ofa_mbv3_w1.0 --checkpoint=x.pth \\
    --output=supernet.weights.h5 [--num_classes=10]
"""

from collections.abc import Sequence
from pathlib import Path

from absl import flags

from tofa_tf import cli
from tofa_tf.errors import UserError
from tofa_tf.files import replacing
from tofa_tf.pretrained.state_dict import SOURCES, import_state_dict
from tofa_tf.pretrained.torch_file import read_state_dict

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
            raise UserError(f"--{flag.name} is missing: {flag.help}")
    if _NUM_CLASSES.value is not None and _NUM_CLASSES.value < 1:
        raise UserError(f"--num_classes={_NUM_CLASSES.value}: at least 1")
    output = Path(_OUTPUT.value)
    if not output.name.endswith(".weights.h5"):
        raise UserError(f"--output={output}: the name must end in .weights.h5")
    if output.exists() and not _OVERWRITE.value:
        raise UserError(f"{output} exists: choose another --output or pass --overwrite")
    tensors = read_state_dict(_CHECKPOINT.value)
    supernet = import_state_dict(_SOURCE.value, tensors, _NUM_CLASSES.value)
    with replacing(output) as temporary:
        supernet.save_weights(temporary)
    print(f"{output}: search space {supernet.space.name}, {supernet.num_classes} classes")


if __name__ == "__main__":
    cli.run_script(main)
