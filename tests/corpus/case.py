"""One thing that can go wrong, as data; and how it is tried by the command and by the library."""

import contextlib
import dataclasses
import functools
import importlib
import io
import locale
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from absl import logging as absl_logging

import tofa_tf as tofa
from tests.corpus.surroundings import Surroundings
from tests.tofa_tf.trained import trained_copy
from tflite_export.common.cli import guarded
from tflite_export.common.raw_inputs import named_inputs
from tflite_export.common.settings import as_text
from tflite_export.devices.device_log import check_log
from tflite_export.exporting.export_job import ExportJob
from tflite_export.exporting.run_export import run_export
from tflite_export.predictor import Predictor
from tofa_tf.deploy.results import read_run_report
from tofa_tf.pretrained.convert_checkpoint import convert_checkpoint
from tofa_tf.training.trained_run import load_run


@dataclasses.dataclass(frozen=True)
class Case:
    """A fault and what is said of it.

    Attributes:
        name: of the fault, for people; no other case has it.
        command: which is given the settings, as `tofa COMMAND`; with a dot in it, a module.
        settings: by name. `{NAME}` stands for a file or folder of `tests.corpus.room`, `{root}` for
            the folder that all of them are in.
        message: part of the one line that is said.
        in_python: whether the library can be asked for the same; it has no flags, for example.
        found: number in `tests.corpus.found` of what this was once, if it was found there.
        goes_on: whether it is said by the way only, and the command does its work.
        also: parts of what else is said, in warnings, the log or the output.
        around: what is wrong with the surroundings.
        output: where a process of its own writes its output to; empty: no process of its own.
    """

    name: str
    command: str
    settings: Mapping[str, Any]
    message: str
    in_python: bool = True
    found: int = 0
    goes_on: bool = False
    also: tuple[str, ...] = ()
    around: Surroundings = Surroundings()
    output: str = ""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a command ended: exit code, lines on stderr, and whatever else it said."""

    code: int
    lines: list[str]
    further: list[str]


@contextlib.contextmanager
def logged() -> Iterator[io.StringIO]:
    """Yields what gets a copy of the log for the time of the block."""
    copy = io.StringIO()
    handler, before = logging.StreamHandler(copy), absl_logging.get_verbosity()
    absl_logging.get_absl_logger().addHandler(handler)
    absl_logging.set_verbosity(absl_logging.INFO)
    try:
        yield copy
    finally:
        absl_logging.set_verbosity(before)
        absl_logging.get_absl_logger().removeHandler(handler)


def by_process(name: str, settings: Mapping[str, Any], output: str) -> Outcome:
    """Runs a command as a process of its own.

    Args:
        name: of the command.
        settings: by name.
        output: file that gets its output.
    """
    program = [sys.executable, "-m", "tofa_tf.app.main", name, *_arguments(settings)]
    with open(output, "w", encoding="utf-8") as file:
        done = subprocess.run(program, stdout=file, stderr=subprocess.PIPE, text=True, check=False)
    return Outcome(done.returncode, done.stderr.splitlines(), [])


def _arguments(settings: Mapping[str, Any]) -> list[str]:
    return [f"--{key}={as_text(value)}" for key, value in settings.items()]


def by_command(name: str, settings: Mapping[str, Any]) -> Outcome:
    """Runs a command within this process, with everything but absl's registry of flags."""
    module = name if "." in name else f"tofa_tf.app.{name.replace('-', '_')}"
    command = importlib.import_module(module).COMMAND
    code, printed = 0, io.BytesIO()
    with (
        logged() as log,
        contextlib.redirect_stdout(io.TextIOWrapper(printed, locale.getencoding())) as output,
        contextlib.redirect_stderr(io.StringIO()) as errors,
    ):
        try:
            guarded(lambda: command.main(*command.parse([f"tofa {name}", *_arguments(settings)])))
        except SystemExit as end:
            # As Python does it: a text goes to stderr, and the exit code is 1.
            code = end.code if isinstance(end.code, int) else 1
            errors.write(f"{end.code}\n")
    output.flush()
    further = log.getvalue() + printed.getvalue().decode(errors="replace")
    return Outcome(code, errors.getvalue().splitlines(), further.splitlines())


def _train(root: Path, settings: dict[str, Any]) -> None:
    del root
    tofa.train(settings.pop("dataset"), **settings)


@functools.cache
def _run(folder: Path) -> tofa.Run:
    return tofa.Run(trained_copy(folder))


def _deploy_new(root: Path, settings: dict[str, Any]) -> None:
    target = settings.pop("boards", None) or settings.pop("scenarios")
    _run(root / "of_the_library").deploy(target, **settings)


def _deploy(root: Path, settings: dict[str, Any]) -> None:
    del root
    run = tofa.Run(load_run(settings.pop("workdir")))
    run.deploy(settings.pop("boards", None) or settings.pop("scenarios"), **settings)


def _export(root: Path, settings: dict[str, Any]) -> None:
    del root
    run_export(ExportJob.make(settings))


def _predict(root: Path, settings: dict[str, Any]) -> None:
    del root
    predictor = Predictor.of(Path(settings["model"]))
    for _, raw in named_inputs(Path(settings["inputs"])):
        predictor.describe(raw, 3)


def _check_log(root: Path, settings: dict[str, Any]) -> None:
    del root
    check_log(Path(settings["log"]).read_text(errors="replace"), Path(settings["firmware"]))


def _report(root: Path, settings: dict[str, Any]) -> None:
    del root
    read_run_report(Path(settings["workdir"]))


def _convert(root: Path, settings: dict[str, Any]) -> None:
    del root
    convert_checkpoint(settings["source"], settings["checkpoint"], settings["output"])


# What does the same without a command line; the other commands have nothing of the kind.
BY_LIBRARY: Mapping[str, Callable[[Path, dict[str, Any]], None]] = {
    "train": _train,
    "run": _deploy_new,
    "deploy": _deploy,
    "export": _export,
    "predict": _predict,
    "check-log": _check_log,
    "report": _report,
    "convert": _convert,
}
