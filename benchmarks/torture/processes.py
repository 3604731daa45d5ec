"""Processes in which the commands run: killed, stopped for a while, or left to their end."""

import contextlib
import functools
import gc
import importlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from absl import flags

from benchmarks.torture.jobs import Job
from tflite_export.common.command import Command
from tofa_tf.app.main import main

_POLL_SECONDS = 0.0005
_FORK = multiprocessing.get_context("fork")
# All that takes long to load. None of it may do anything before a fork.
_PRELOADED = (
    *("tensorflow", "keras", "tf_keras", "h5py", "PIL.Image", "matplotlib.figure", "keras_cv"),
    "tensorflow_model_optimization",
    *("ai_edge_litert.interpreter", "sklearn.datasets", "tofa_tf.app.console"),
    *("tflite_export.exporting.run_export", "tofa_tf.deploy.report"),
)


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        code: exit code; negative: the signal.
        errors: lines on stderr.
        seconds: from its start.
    """

    code: int
    errors: tuple[str, ...]
    seconds: float

    @property
    def last_line(self) -> str:
        """What it said last on stderr."""
        return self.errors[-1] if self.errors else f"nothing (exit code {self.code})"

    @property
    def refused_in_one_line(self) -> bool:
        """Whether it ended as commands end at what a user can put right."""
        # What it did before, it has said too.
        before = any(line.startswith(("error: ", "Traceback")) for line in self.errors[:-1])
        return self.code == 1 and not before and self.last_line.startswith("error: ")


class Process:
    """A command in a process of its own, which is forked where TensorFlow is loaded already.

    So a kill comes while the command works, not during the seconds in which nothing can be lost.

    Args:
        job: what to run.
        folder: of the round.
        inputs: see `benchmarks.torture.inputs`.
    """

    def __init__(self, job: Job, folder: Path, inputs: Path):
        _preload()
        self._started = time.monotonic()
        self._errors, errors = os.pipe()
        arguments = [f"tofa {job.command}", job.command, *job.arguments(folder, inputs)]
        self._process = _FORK.Process(target=_become, args=(arguments, errors))
        self._process.start()
        os.close(errors)

    @property
    def number(self) -> int:
        """The process's."""
        return self._process.pid or 0

    def kill(self) -> None:
        """Ends it by SIGKILL."""
        self._process.kill()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Stops it for the time of the block; nothing happens to one that has ended."""
        os.kill(self.number, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.number, signal.SIGCONT)

    def wait(self) -> Ended:
        """Waits for its end; once."""
        with open(self._errors, encoding="utf-8", errors="replace") as errors:
            lines = errors.read().splitlines()
        self._process.join()
        code = self._process.exitcode
        assert code is not None
        return Ended(code, tuple(lines), time.monotonic() - self._started)

    def reaches(self, moment: Callable[[], bool]) -> bool:
        """Waits until `moment()`; returns whether the process still runs then."""
        while self._process.is_alive():
            if moment():
                return self._process.is_alive()
            time.sleep(_POLL_SECONDS)
        return False


def in_a_process(work: Callable[..., None], *arguments: object) -> None:
    """Calls a function in a process of its own, for this one must not use what it has loaded.

    Raises:
        RuntimeError: if it fails there.
    """
    _preload()
    process = _FORK.Process(target=work, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{work.__name__} ended with exit code {process.exitcode}")


def finish(job: Job, folder: Path, inputs: Path) -> Ended | None:
    """Runs a command to its end; None if what it makes is there already."""
    if job.made and (folder / job.made).exists():
        return None
    return Process(job, folder, inputs).wait()


def temporary_names(folder: Path) -> Iterator[Path]:
    """Yields files and folders that are being written, or were when a process was killed."""
    with contextlib.suppress(FileNotFoundError):
        for path in folder.rglob("*"):
            # What a folder with such a name holds is no more finished than the folder.
            if any(map(_is_temporary, path.relative_to(folder).parts)):
                yield path


def _is_temporary(name: str) -> bool:
    return name.startswith(".") and not name.startswith(".tofa.")


@functools.cache
def _preload() -> None:
    for name in _PRELOADED:
        importlib.import_module(name)
    # What the collector never looks at is not copied for a child either.
    gc.freeze()


def _become(arguments: list[str], errors: int) -> None:
    """Runs the console command as the main program does."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for target, source in ((0, nothing), (1, nothing), (2, errors)):
        os.dup2(source, target)
    os.close(errors)
    # What the parent has in their place, such as a test's, is not the child's.
    sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
    sys.argv = arguments
    # A command defines its flags, and those of the torture have some of the same names.
    for flag in list(flags.FLAGS.flags_by_module_dict().get(Command.__module__, ())):
        delattr(flags.FLAGS, flag.name)
    main()
