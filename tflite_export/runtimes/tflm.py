"""Runs .tflite files in the real TFLite Micro runtime, in a subprocess that may crash."""

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from tflite_export.common.errors import ExportError

_WORKER = Path(__file__).with_name("tflm_worker.py")
_FIRST_ARENA_BYTES = 1 << 20
_LARGEST_ARENA_BYTES = 1 << 28
_TIMEOUT_SECONDS = 300.0

_ALLOCATION = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")
# The allocators end their complaints so: "Requested: 36864, available 4992, missing: 31872".
_OUT_OF_ARENA = re.compile(r"missing: \d+")


@dataclass(frozen=True)
class TflmResult:
    """What TFLite Micro made of one model.

    Attributes:
        outputs: (batch, classes), raw int8 values.
        arena_bytes: what the model needs of the arena, as counted by the runtime on this machine
            (64-bit pointers, reference kernels); `memory.py` says what that means on a board.
        persistent_bytes: the part that stays (tail): structs, quantisation parameters.
        nonpersistent_bytes: the part that is planned (head): activations and scratch buffers.
        seconds: time of all invocations together.
    """

    outputs: np.ndarray
    arena_bytes: int
    persistent_bytes: int
    nonpersistent_bytes: int
    seconds: float


class TflmRuntime:
    """A TFLite Micro process for many models: `with TflmRuntime() as tflm: tflm.run(...)`.

    Args:
        timeout_seconds: longest time one `run` may take.
    """

    def __init__(self, timeout_seconds: float = _TIMEOUT_SECONDS):
        self._timeout_seconds = timeout_seconds
        self._worker: tuple[subprocess.Popen, Connection] | None = None
        self._words = tempfile.TemporaryFile()  # noqa: SIM115, closed in __exit__
        # Whoever writes, writes at the end: also after the file was emptied, or read from here.
        fcntl.fcntl(self._words, fcntl.F_SETFL, os.O_APPEND)

    def __enter__(self) -> "TflmRuntime":
        self._start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop()
        self._words.close()

    def run(self, tflite: bytes, inputs: np.ndarray) -> TflmResult:
        """Runs a model on a batch of inputs, one by one.

        Args:
            tflite: the whole file.
            inputs: (batch, height, width, channels), quantised as the model's input is.

        Raises:
            ExportError: if the runtime refuses the model or dies; the message has its last words.
        """
        if len(inputs) == 0:
            raise ExportError("there are no images to run in TFLite Micro: pass at least one")
        arena_bytes = _FIRST_ARENA_BYTES
        while True:
            answer = self._ask(tflite, np.ascontiguousarray(inputs), arena_bytes)
            words = self._last_words()
            if not isinstance(answer, str):
                outputs, seconds = answer
                used = {part: int(size) for part, size in _ALLOCATION.findall(words)}
                return TflmResult(outputs, used["total"], used["tail"], used["head"], seconds)
            arena_bytes *= 4
            if not _OUT_OF_ARENA.search(words) or arena_bytes > _LARGEST_ARENA_BYTES:
                raise ExportError(f"TFLite Micro refuses the model: {_joined(words, answer)}")

    def _ask(
        self, tflite: bytes, inputs: np.ndarray, arena_bytes: int
    ) -> tuple[np.ndarray, float] | str:
        """Returns outputs and seconds, or what the worker says instead."""
        process, connection = self._worker or self._start()
        self._words.truncate(0)
        try:
            connection.send((tflite, inputs, arena_bytes))
            if connection.poll(self._timeout_seconds):
                return connection.recv()
        except (EOFError, OSError):
            code = process.wait()
            words = _joined(self._last_words(), _exit_reason(code))
            self._stop()
            raise ExportError(f"TFLite Micro ended while it ran the model: {words}") from None
        except BaseException:
            # An answer that nobody waited for must not be taken for the next model's.
            self._stop()
            raise
        self._stop()
        raise ExportError(
            f"TFLite Micro did not finish {len(inputs)} images within {self._timeout_seconds:g} s: "
            "pass fewer images"
        )

    def _start(self) -> tuple[subprocess.Popen, Connection]:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                # -P: modules beside the worker must not hide those of the standard library.
                [sys.executable, "-P", str(_WORKER), str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=self._words,
                stderr=self._words,
            )
        self._worker = process, Connection(ours.detach())
        return self._worker

    def _stop(self) -> None:
        if self._worker is not None:
            process, connection = self._worker
            connection.close()
            process.kill()
            process.wait()
            self._worker = None

    def _last_words(self) -> str:
        self._words.seek(0)
        return self._words.read().decode(errors="replace")


def _joined(*texts: str) -> str:
    lines = (line.strip() for text in texts for line in text.splitlines())
    return "; ".join(line.rstrip(".") for line in lines if line)


def _exit_reason(code: int) -> str:
    if code == -signal.SIGABRT:
        return (
            "SIGABRT: a check inside the runtime failed; the usual cause are activations that "
            "vanish or cancel out, as in untrained models or with unsuitable representative images"
        )
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
