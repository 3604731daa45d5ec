"""Several TFLite Micro processes that divide the images of a model among them."""

import contextlib
import dataclasses
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tflite_export.runtimes.tflm import TflmResult, TflmRuntime


class TflmPool:
    """Takes the place of one `TflmRuntime` where all cores may be used.

    Args:
        processes: how many; by default one a core, at most 4.
    """

    def __init__(self, processes: int | None = None):
        count = processes or min(len(os.sched_getaffinity(0)), 4)
        self._runtimes = [TflmRuntime() for _ in range(count)]
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "TflmPool":
        with self._stack:
            for runtime in self._runtimes:
                self._stack.enter_context(runtime)
            self._threads = self._stack.enter_context(ThreadPoolExecutor(len(self._runtimes)))
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    def run(self, tflite: bytes, inputs: np.ndarray) -> TflmResult:
        """Runs a model on a batch of inputs, see `TflmRuntime.run`."""
        shares = np.array_split(inputs, min(len(self._runtimes), max(len(inputs), 1)))
        results = list(
            self._threads.map(
                lambda runtime, share: runtime.run(tflite, share), self._runtimes, shares
            )
        )
        return dataclasses.replace(
            results[0],
            outputs=np.concatenate([result.outputs for result in results]),
            seconds=sum(result.seconds for result in results),
        )
