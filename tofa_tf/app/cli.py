"""How the scripts of this package end: quietly, or with one clear line and exit code 1."""

from collections.abc import Callable, Sequence

from tflite_export.common import cli
from tflite_export.common.errors import ExportError
from tofa_tf.common.errors import UserError


def run_script(main: Callable[[Sequence[str]], None]) -> None:
    """Runs an absl `main`; a `UserError` or `ExportError` becomes one line and exit code 1."""
    cli.run_script(main, (UserError, ExportError))
