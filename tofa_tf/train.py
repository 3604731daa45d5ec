"""The command `tofa train` as a script: `python -m tofa_tf.train`."""

from tofa_tf.app.main import run

if __name__ == "__main__":
    run("train")
