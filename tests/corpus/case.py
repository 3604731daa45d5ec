"""One thing that can go wrong, as data; and how it is tried by the command and by the library."""

import contextlib
import dataclasses
import functools
import importlib
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tofa_tf as tofa
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
        command: which is given the settings, as `tofa COMMAND`.
        settings: by name. `{NAME}` stands for a file or folder of `tests.corpus.room`, `{root}` for
            the folder that all of them are in.
        message: part of the one line that is said.
        in_python: whether the library can be asked for the same; it has no flags, for example.
        temporary: folder for temporary files, where it matters.
        environment: variables by name, where they matter.
    """

    name: str
    command: str
    settings: Mapping[str, Any]
    message: str
    in_python: bool = True
    temporary: str | None = None
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a command ended: exit code, lines on stderr."""

    code: int
    lines: list[str]


def by_command(name: str, settings: Mapping[str, Any]) -> Outcome:
    """Runs a command within this process, with everything but absl's registry of flags."""
    command = importlib.import_module(f"tofa_tf.app.{name.replace('-', '_')}").COMMAND
    arguments = [f"--{key}={as_text(value)}" for key, value in settings.items()]
    code: int = 0
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()) as errors,
    ):
        try:
            guarded(lambda: command.main(*command.parse([f"tofa {name}", *arguments])))
        except SystemExit as end:
            # As Python does it: a text goes to stderr, and the exit code is 1.
            code = end.code if isinstance(end.code, int) else 1
            errors.write(f"{end.code}\n")
    return Outcome(code, errors.getvalue().splitlines())


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
