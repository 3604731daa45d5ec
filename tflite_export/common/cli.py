"""How every script of the project ends: quietly, or with one clear line and exit code 1."""

import sys
from collections.abc import Callable, Sequence

from absl import app

from tflite_export.common.errors import ExportError


def run_script(
    main: Callable[[Sequence[str]], None],
    user_errors: tuple[type[Exception], ...] = (ExportError,),
) -> None:
    """Runs an absl `main`; what a user can cause becomes one line on stderr and exit code 1.

    Args:
        main: function of the arguments that absl did not take as flags.
        user_errors: exceptions whose message is written for the user.
    """

    def guarded(argv: Sequence[str]) -> None:
        try:
            if len(argv) > 1:
                raise ExportError(
                    f"unexpected argument {argv[1]!r}: everything is passed as --flag=value"
                )
            main(argv)
        except user_errors as error:
            sys.exit(f"error: {error}")
        except KeyboardInterrupt:
            sys.exit("interrupted: what was finished is kept; the same command continues")

    app.run(guarded)
