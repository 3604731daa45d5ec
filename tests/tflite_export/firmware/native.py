"""Generated C on this machine: compiled to a library and called."""

import ctypes
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np

from tflite_export.firmware.model_header import ModelFacts
from tflite_export.firmware.model_library import preprocessing_files

C_COMPILER = shutil.which("gcc") or shutil.which("clang")
STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")
SANITISED = ("-fsanitize=undefined", "-fno-sanitize-recover=all")
# What a tensor is filled with before, and what has to lie around it afterwards.
UNTOUCHED = 77
_MARGIN = 64


def temporary_folder(test: unittest.TestCase) -> Path:
    """Returns a folder that is there until the test ends."""
    folder = tempfile.TemporaryDirectory()
    test.addCleanup(folder.cleanup)
    return Path(folder.name)


class NativePreprocessing:
    """`preprocess.c` of a model.

    Args:
        facts: of the model.
        folder: to compile in.
    """

    def __init__(self, facts: ModelFacts, folder: Path):
        for name, text in preprocessing_files(facts):
            (folder / name).write_text(text)
        command = [C_COMPILER, "-std=c99", "-O2", *STRICT, *SANITISED, "-fPIC", "-shared"]
        subprocess.run([*command, "preprocess.c", "-o", "library.so"], cwd=folder, check=True)
        self._library = ctypes.CDLL(str(folder / "library.so"))
        self._shape = facts.spec.shape

    def image(self, image_format: int, pixels, width: int, height: int, stride: int):
        """Returns the status and the tensor, which is untouched unless the status is 0."""
        return self._call(
            self._library.preprocess_image, image_format, pixels, width, height, stride
        )

    def values(self, values):
        """Likewise, for raw values."""
        return self._call(self._library.preprocess_values, values)

    def _call(self, function, *arguments):
        room = np.full(int(np.prod(self._shape)) + 2 * _MARGIN, UNTOUCHED, np.int8)
        tensor = room[_MARGIN:-_MARGIN]
        pointers = [_pointer(one) if isinstance(one, np.ndarray) else one for one in arguments]
        status = function(*pointers, _pointer(tensor))
        assert (room[:_MARGIN] == UNTOUCHED).all(), "written before the tensor"
        assert (room[-_MARGIN:] == UNTOUCHED).all(), "written behind the tensor"
        return status, tensor.reshape(self._shape)


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
