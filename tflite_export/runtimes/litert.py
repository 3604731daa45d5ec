"""Runs .tflite files in LiteRT, the runtime of phones and PCs, as the fast second opinion."""

import time
from dataclasses import dataclass

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from tflite_export.common.console import captured_stderr
from tflite_export.common.errors import ExportError
from tflite_export.convert.quantization import dequantize, quantize


@dataclass(frozen=True)
class LitertResult:
    """What LiteRT made of one model.

    Attributes:
        outputs: (batch, classes), raw int8 values.
        logits: (batch, classes), the float32 values these stand for.
        seconds: time of all invocations together.
    """

    outputs: np.ndarray
    logits: np.ndarray
    seconds: float


class LitertModel:
    """An int8 model of one image in and one vector out, ready to run.

    Args:
        tflite: the whole file.
        threads: CPU threads.
        reference: plain reference kernels, which round as TFLite Micro does, instead of those
            optimised for this machine; a few rare ops have none.

    Raises:
        ExportError: if LiteRT refuses the file.
    """

    def __init__(self, tflite: bytes, threads: int = 1, reference: bool = False):
        kernels = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
        try:
            with captured_stderr():
                self._interpreter = Interpreter(
                    model_content=tflite, num_threads=threads, experimental_op_resolver_type=kernels
                )
                self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise ExportError(f"LiteRT refuses the model: {error}") from error
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]

    def quantize(self, images: np.ndarray) -> np.ndarray:
        """Returns float images (batch, height, width, channels) as the model's int8 input."""
        return quantize(images, *self._input["quantization"])

    def invoke(self, image: np.ndarray) -> np.ndarray:
        """Returns the int8 output (1, classes) for one int8 image (height, width, channels)."""
        self._interpreter.set_tensor(self._input["index"], image[np.newaxis])
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output["index"])

    def run(self, inputs: np.ndarray) -> LitertResult:
        """Runs int8 inputs (batch, height, width, channels) one by one."""
        start = time.perf_counter()
        outputs = np.concatenate([self.invoke(image) for image in inputs])
        seconds = time.perf_counter() - start
        return LitertResult(outputs, dequantize(outputs, *self._output["quantization"]), seconds)
