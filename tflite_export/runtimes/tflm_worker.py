"""The process in which TFLite Micro runs: a failed check inside the runtime ends the process.

Started by `tflite_export.runtimes.tflm`, which sends jobs over a socket and reads the runtime's
own words (errors, allocation figures) from the file that is this process's stderr. Imports no
TensorFlow.
"""

import sys
import time
from multiprocessing.connection import Connection

import numpy as np
from tflite_micro import runtime


def run_model(tflite: bytes, inputs: np.ndarray, arena_bytes: int) -> tuple[np.ndarray, float]:
    """Runs a model on every image and prints what it allocated.

    Args:
        tflite: the whole file.
        inputs: (batch, ...), of the type of the model's input; each image is run by itself.
        arena_bytes: room for the tensors.

    Returns:
        Outputs (batch, classes) and the seconds that all invocations took together.
    """
    interpreter = runtime.Interpreter.from_bytes(tflite, arena_size=arena_bytes)
    outputs = []
    start = time.perf_counter()
    for image in inputs:
        interpreter.set_input(image[np.newaxis], 0)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0))
    seconds = time.perf_counter() - start
    interpreter.print_allocations()
    return np.concatenate(outputs), seconds


def main() -> None:
    """Serves jobs until the other end of the socket is closed."""
    connection = Connection(int(sys.argv[1]))
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        try:
            answer: object = run_model(*job)
        except Exception as error:  # Whatever it is, the other side words it for the user.
            answer = str(error)
        connection.send(answer)


if __name__ == "__main__":
    main()
