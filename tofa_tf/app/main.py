"""The console command `tofa`: what to do, then the settings of that.

Imports nothing heavy, so that help and mistakes answer at once.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tflite_export.common.signals import end_on_signals

if TYPE_CHECKING:
    from tflite_export.common.command import Command

COMMANDS = {
    "plan": "Says, before any training, which image sizes and boards fit, and how fast.",
    "train": "Trains one supernet, or continues an interrupted training.",
    "deploy": "Makes an int8 model for each board or budget from a trained run.",
    "run": "Does both: trains, then deploys.",
    "predict": "Classifies images by a deployed .tflite file.",
    "export": "Turns any Keras model into a verified int8 model.",
    "report": "Writes the report of a run again and prints its table.",
    "baseline": "Makes what one would make without a supernet, beside the nets of a run.",
    "compare": "Shows the models of several runs side by side.",
    "check": "Fails if the models of a run are worse than those of another.",
    "pretrain": "Trains a supernet on labels alone, for others to start from.",
    "convert": "Converts a public PyTorch supernet to weights to start from.",
    "check-log": "Compares what a board has printed with what it should have.",
}
_INTERRUPTED = "interrupted: what was finished is kept; the same command continues"


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command that the first argument names.

    Args:
        argv: the program's name and its arguments; None: those of the process.
    """
    argv = list(sys.argv if argv is None else argv)
    try:
        end_on_signals()
        _dispatch(argv)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def run(command: str) -> None:
    """Runs one command with the arguments of the process: what its module does as a script."""
    main(["tofa", command, *sys.argv[1:]])


def _dispatch(argv: Sequence[str]) -> None:
    name, arguments = (argv[1], argv[2:]) if len(argv) > 1 else ("--help", [])
    if name in COMMANDS:
        from tflite_export.common.command import run_command

        run_command(_command(name), [f"tofa {name}", *arguments], _owners)
        return
    from tflite_export.common.cli import guarded

    if name in ("--help", "-h", "help", "--helpfull"):
        guarded(lambda: print(_help()))
    elif name in ("--version", "version"):
        from tofa_tf import __version__

        guarded(lambda: print(f"tofa {__version__}"))
    else:
        guarded(lambda: _refuse(name))


def _command(name: str) -> "Command":
    from importlib import import_module

    return import_module(f"tofa_tf.app.{name.replace('-', '_')}").COMMAND


def _owners(flag: str) -> list[str]:
    """Returns the commands that take a flag."""
    return [f"tofa {name}" for name in COMMANDS if _command(name).has_flag(flag)]


def _help() -> str:
    width = max(map(len, COMMANDS)) + 2
    lines = [
        "Transfer once, deploy to every microcontroller.",
        "",
        "    tofa COMMAND [what it works on] [--setting=value ...]",
        "",
        *(f"  {name.ljust(width)}{sentence}" for name, sentence in COMMANDS.items()),
        "",
        "tofa COMMAND --help shows the settings of a command, tofa --version the version.",
    ]
    return "\n".join(lines)


def _refuse(name: str) -> None:
    import difflib

    from tflite_export.common.errors import UserError

    nearest = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.0)
    raise UserError(f"unknown command {name!r}; did you mean {nearest[0]!r}? See tofa --help")


if __name__ == "__main__":
    main()
