"""Compares what a board has printed with what it should have; see `tflite_export`."""

from tflite_export.check_device_log import COMMAND as COMMAND
from tofa_tf.app.main import run

if __name__ == "__main__":
    run("check-log")
