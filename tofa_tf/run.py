"""The command `tofa run` as a script: `python -m tofa_tf.run`."""

from tofa_tf.app.main import run

if __name__ == "__main__":
    run("run")
