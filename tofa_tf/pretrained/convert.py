"""The command `tofa convert` as a script: `python -m tofa_tf.pretrained.convert`."""

from tofa_tf.app.main import run

if __name__ == "__main__":
    run("convert")
