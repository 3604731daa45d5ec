"""Runs .tflite files in LiteRT, the runtime of phones and PCs, as the fast second opinion."""

import time
from dataclasses import dataclass

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from tflite_export.common.console import captured_stderr
from tflite_export.common.errors import ExportError
from tflite_export.convert.quantization import dequantize, quantize

# More than machines have that run this; a number that is none of a C int is printed with the model.
MOST_THREADS = 1024


@dataclass(frozen=True)
class LitertResult:
    """What LiteRT made of one model.

    Attributes:
        outputs: (batch, ..., columns), raw int8 values.
        values: the float32 values that these stand for, likewise.
        seconds: time of all invocations together.
    """

    outputs: np.ndarray
    values: np.ndarray
    seconds: float


class LitertModel:
    """An int8 model of one input and one output, ready to run.

    Args:
        tflite: the whole file.
        threads: CPU threads, at most `MOST_THREADS`.
        reference: plain reference kernels, which round as TFLite Micro does, instead of those
            optimised for this machine; a few rare ops have none.

    Raises:
        ExportError: if LiteRT refuses the file, or there cannot be so many threads.
    """

    def __init__(self, tflite: bytes, threads: int = 1, reference: bool = False):
        if not 1 <= threads <= MOST_THREADS:
            raise ExportError(f"threads={threads}: 1 to {MOST_THREADS} are possible")
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

    def quantize(self, inputs: np.ndarray) -> np.ndarray:
        """Returns float inputs (batch, *shape) as the model's int8 input."""
        return quantize(inputs, *self._input["quantization"])

    def invoke(self, one: np.ndarray) -> np.ndarray:
        """Returns the int8 output (1, ..., columns) for one int8 input, without the batch."""
        self._interpreter.set_tensor(self._input["index"], one[np.newaxis])
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output["index"])

    def run(self, inputs: np.ndarray) -> LitertResult:
        """Runs int8 inputs (batch, *shape) one by one."""
        start = time.perf_counter()
        outputs = np.concatenate([self.invoke(one) for one in inputs])
        seconds = time.perf_counter() - start
        return LitertResult(outputs, dequantize(outputs, *self._output["quantization"]), seconds)
