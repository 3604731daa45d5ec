"""Generated C++ on this machine, with a stand-in for TFLite Micro, whose sources are not at hand.

The stand-in has no kernels: the outputs are what the caller says. It counts how often it was asked
for tensors.
"""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np

from tflite_export.firmware.model_header import ModelFacts
from tflite_export.firmware.model_library import library_files

CXX_COMPILER = shutil.which("g++") or shutil.which("clang++")
OK, ERROR_ARENA = 0, 6
# In a score that nothing was written to.
UNTOUCHED = -7.0

_HEADERS = {
    "schema/schema_generated.h": """
#pragma once
#define TFLITE_SCHEMA_VERSION 3
namespace tflite {
struct Model { int version() const { return TFLITE_SCHEMA_VERSION; } };
inline const Model* GetModel(const void*) { static const Model model; return &model; }
}
""",
    "micro/micro_mutable_op_resolver.h": """
#pragma once
enum TfLiteStatus { kTfLiteOk, kTfLiteError };
namespace tflite {
template <int count> struct MicroMutableOpResolver {
  TfLiteStatus AddFullyConnected(int) { return kTfLiteOk; }
};
}
""",
    "micro/kernels/fully_connected.h": """
namespace tflite { inline int Register_FULLY_CONNECTED_INT8() { return 0; } }
""",
    "micro/micro_interpreter.h": """
#include <cstddef>
#include <cstdint>
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"
extern "C" { int8_t stand_in_values[4096]; int stand_in_asked; }
struct TfLiteTensor { struct { int8_t* int8; } data; };
namespace tflite {
struct MicroInterpreter {
  template <typename Resolver>
  MicroInterpreter(const Model*, Resolver&, uint8_t*, size_t size) : size_(size) {}
  TfLiteStatus AllocateTensors() { ++stand_in_asked; return kTfLiteOk; }
  TfLiteStatus Invoke() { return kTfLiteOk; }
  TfLiteTensor* input(size_t) { return &tensor_; }
  TfLiteTensor* output(size_t) { return &tensor_; }
  size_t arena_used_bytes() { return size_; }
  size_t size_;
  TfLiteTensor tensor_ = {{stand_in_values}};
};
}
""",
}


class NativeModel:
    """`model.cc` of a model.

    Args:
        facts: of the model.
        folder: to compile in.
        arena_bytes: to reserve; None: what the header says.
    """

    def __init__(self, facts: ModelFacts, folder: Path, arena_bytes: int | None = None):
        for name, text in library_files(facts, b"model"):
            (folder / name).write_text(text)
        for name, text in _HEADERS.items():
            path = folder / "tensorflow" / "lite" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        command = [CXX_COMPILER, "-std=c++17", "-Wall", "-Wextra", "-Werror", "-isystem", "."]
        command += [] if arena_bytes is None else [f"-DMODEL_ARENA_BYTES={arena_bytes}"]
        sources = ["model.cc", "model_data.cc", "preprocess.c"]
        command += ["-fPIC", "-shared", "-o", "model.so", "-x", "c++", *sources]
        subprocess.run(command, cwd=folder, check=True)
        self._library = ctypes.CDLL(str(folder / "model.so"))
        self._score_count = facts.score_count

    def init(self) -> int:
        """Returns the status of `model_init`."""
        return self._library.model_init()

    @property
    def asked(self) -> int:
        """How often the runtime was asked for tensors."""
        return ctypes.c_int.in_dll(self._library, "stand_in_asked").value

    def status_name(self, status: int) -> str:
        """Returns what `model_status_name` calls a status."""
        self._library.model_status_name.restype = ctypes.c_char_p
        return self._library.model_status_name(status).decode()

    def classify_grey(
        self, pixels: np.ndarray | None, width: int, height: int, stride: int, room: int | None
    ) -> tuple[int, list[float]]:
        """Returns the status of `model_classify_grey`, and three scores of which it knows `room`.

        Args:
            room: how many scores it is told of; None: it gets no pointer to them.
        """
        scores = (ctypes.c_float * 3)(*[UNTOUCHED] * 3)
        given = None if pixels is None else pixels.ctypes.data_as(ctypes.c_void_p)
        status = self._library.model_classify_grey(
            given, width, height, stride, None if room is None else scores, room or 0
        )
        return status, list(scores)

    def answer(self, outputs: np.ndarray) -> tuple[int, bool]:
        """Returns the best label and whether it is known, for int8 outputs of the runtime."""
        room = (ctypes.c_int8 * 4096).in_dll(self._library, "stand_in_values")
        room[: len(outputs)] = outputs.tolist()
        scores = (ctypes.c_float * self._score_count)()
        assert self._library.model_invoke(scores, self._score_count) == OK
        return self._library.model_best(scores), bool(self._library.model_is_known(scores))
