"""The command `tofa pretrain` as a script: `python -m tofa_tf.pretrain`."""

from tofa_tf.app.main import run

if __name__ == "__main__":
    run("pretrain")
