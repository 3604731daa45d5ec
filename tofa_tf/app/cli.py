"""How the scripts of this package end: quietly, or with one clear line and exit code 1."""

from tflite_export.common.cli import run_script as run_script
