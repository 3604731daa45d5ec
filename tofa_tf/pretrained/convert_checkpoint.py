"""Turns a PyTorch checkpoint of a public supernet into a weights file of ours."""

from pathlib import Path

from tofa_tf.common.errors import UserError
from tofa_tf.nets.supernet import Supernet
from tofa_tf.nets.weights_file import save_weights
from tofa_tf.pretrained.state_dict import check_source, import_state_dict
from tofa_tf.pretrained.torch_file import read_state_dict


def convert_checkpoint(
    source: str,
    checkpoint: str | Path,
    output: str | Path,
    num_classes: int | None = None,
    overwrite: bool = False,
) -> Supernet:
    """Reads a checkpoint, without executing anything in it, and writes its weights.

    Args:
        source: a name of `state_dict.SOURCES`.
        checkpoint: file that PyTorch wrote.
        output: file to write, *.weights.h5.
        num_classes: outputs of a new classifier; by default the checkpoint's is kept.
        overwrite: replace `output` if it exists.

    Returns:
        The supernet whose weights were written.

    Raises:
        UserError: if the checkpoint is damaged or of another architecture, or `output` is taken;
            then nothing is written.
    """
    output = Path(output)
    check_source(source)
    if num_classes is not None and num_classes < 1:
        raise UserError(f"num_classes is {num_classes}: it must be at least 1")
    if not output.name.endswith(".weights.h5"):
        raise UserError(f"output is {str(output)!r}: the name must end in .weights.h5")
    if output.exists() and not overwrite:
        raise UserError(f"{output} exists: choose another output or allow to overwrite")
    supernet = import_state_dict(source, read_state_dict(checkpoint), num_classes)
    save_weights(supernet, output)
    return supernet
