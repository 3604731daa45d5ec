"""The command lines that make the models of a run once more, read back from its report."""

import dataclasses
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from tflite_export.common.errors import ExportError
from tflite_export.common.json_data import to_json
from tflite_export.convert.quantization_settings import Int8Settings
from tflite_export.devices.boards import Board, known_boards, load_boards
from tofa_tf.common.workdir import CONFIG_TOML
from tofa_tf.data.arrays import ARRAYS
from tofa_tf.deploy.budgets import scenario_text
from tofa_tf.deploy.results import RunReport, ScenarioResult
from tofa_tf.deploy.settings import DeploySettings


@dataclasses.dataclass(frozen=True)
class Reproduction:
    """How a run and its models are made once more.

    Attributes:
        commands: a line each, in this order; none for a run on arrays, which only a program has.
        board_files: what the board files that they name have to hold, by name.
    """

    commands: tuple[str, ...]
    board_files: Mapping[str, str]


def reproduction(report: RunReport, folder: Path) -> Reproduction:
    """Returns the commands: one that trains, and a further one for each other way of deploying.

    Args:
        report: of the run.
        folder: of the run, as it is called where the commands are to be run.
    """
    dataset = report.settings.get("dataset", report.dataset)
    if dataset == ARRAYS:
        return Reproduction((), {})
    place = _named(folder)
    again = str(place.with_name(f"{place.name}_again"))
    alike: dict[DeploySettings, list[ScenarioResult]] = {}
    for result in report.scenarios:
        alike.setdefault(_how(result), []).append(result)
    asked = [_with_targets(how, results).flags() for how, results in alike.items()]
    first, *others = asked or [[]]
    verb = "run" if asked else "train"
    config = f"--config={place / CONFIG_TOML}"
    commands = [["tofa", verb, str(dataset), config, f"--workdir={again}", *first]]
    commands += [["tofa", "deploy", again, *flags] for flags in others]
    boards = [result.asked.board for result in report.scenarios if result.asked.board]
    files = {_file(board): _content(board) for board in boards if not _known_as(board)}
    return Reproduction(tuple(map(shlex.join, commands)), files)


def _named(folder: Path) -> Path:
    """The same folder with its name at the end, which "." and ".." lack."""
    return folder if folder.name not in ("", "..") else folder / ".." / folder.resolve().name


def _how(result: ScenarioResult) -> DeploySettings:
    """What was asked of a model but for its board or budgets."""
    asked = result.asked
    own = asked.board.npu if asked.board else ""
    return DeploySettings(
        int8=Int8Settings(asked.quantization.method.value, asked.quantization.tolerance),
        rule=asked.rule,
        objective=asked.objective or None,
        vela=next((npu.config for npu in result.npus if npu.config != own), ""),
    )


def _with_targets(how: DeploySettings, results: Sequence[ScenarioResult]) -> DeploySettings:
    boards = [result.asked.board for result in results if result.asked.board]
    budgets = [
        scenario_text(result.name, result.asked.budgets)
        for result in results
        if not result.asked.board
    ]
    names = [_known_as(board) or _file(board) for board in boards]
    return dataclasses.replace(how, boards=",".join(names), scenarios=";".join(budgets))


def _known_as(board: Board) -> str:
    """How one asks for a board that ships with the package; empty if this is another one."""
    known = board.profile or board.name
    if known not in known_boards():
        return ""
    # The name has the limit as it was typed, such as 30fps for 33.3 ms.
    limit = f"@{board.name.removeprefix(f'{known}_')}" if board.latency_limit_ms else ""
    try:
        return f"{known}{limit}" if load_boards(f"{known}{limit}") == [board] else ""
    except ExportError:
        return ""


def _file(board: Board) -> str:
    # Where its file was, no record says; its limit of latency stands in the file itself.
    return f"{board.name}.json"


def _content(board: Board) -> str:
    table = {
        field.name: to_json(getattr(board, field.name))
        for field in dataclasses.fields(board)
        if field.name != "name" and getattr(board, field.name) != field.default
    }
    return json.dumps({board.name: table}, indent=1)
