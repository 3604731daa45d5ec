"""The files of a finished scenario: whether they still are what was written."""

from collections.abc import Mapping
from pathlib import Path

from tflite_export.exporting.export_folder import MODEL_FILE, REPORT_FILE
from tofa_tf.common.workdir import sha256

RESULT_FILE = "scenario.json"
# The model's hash has a field of its own. Records have measured times, which no two runs share:
# their fields are compared.
_OTHERS = (MODEL_FILE, REPORT_FILE, RESULT_FILE)


def hashes_of(folder: Path) -> dict[str, str]:
    """Returns the SHA-256 of each file at the top of a scenario's folder, but model and records."""
    files = (path for path in sorted(folder.iterdir()) if path.is_file())
    return {
        path.name: sha256(path)
        for path in files
        if path.name not in _OTHERS and not path.name.startswith(".")
    }


def changed_file(folder: Path, hashes: Mapping[str, str]) -> str:
    """Returns the name of a file that is missing or no longer has its hash; empty if none is."""
    found = hashes_of(folder)
    return next((name for name, expected in hashes.items() if found.get(name) != expected), "")
