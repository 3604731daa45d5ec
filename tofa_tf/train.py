"""The command `tofa train` as a script: `python -m tofa_tf.train`."""

import sys

if __name__ == "__main__":
    from tofa_tf.app.main import run

    run("train")
else:
    from tofa_tf.api import train

    # `tofa_tf.train` is a function of the library; importing this script must not take its place.
    sys.modules[__name__] = train  # type: ignore[assignment]
