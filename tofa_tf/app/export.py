"""Turns any Keras model into a verified int8 model; see `tflite_export/export.py`."""

from tflite_export.export import COMMAND as COMMAND
from tofa_tf.app.main import run

if __name__ == "__main__":
    run("export")
