"""Board profiles: those of `boards.toml` by name, a user's own by the path of its file.

A file of one's own is TOML or JSON with one table per board:

    [my_board]
    title = "My board"          # optional
    core = "cortex-m4"
    clock_mhz = 80
    kernels = "cmsis_nn"        # cmsis_nn, esp_nn or reference: what TFLite Micro is built with
    sram_kib = 128              # largest contiguous block
    sram_reserved_kib = 16      # stack, heap, radio
    flash_kib = 512
    flash_reserved_kib = 32     # boot loader, radio stack, the application's own code
    npu = "ethos-u55-128"       # optional, with its clock
    npu_mhz = 200
    platforms = { zephyr = "my_board" }  # optional; see `Board`

`tofa check-log --calibrate` writes such a file in JSON, with the times that a board has printed.
"""

import functools
import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from tflite_export.common.errors import ExportError, TofaError
from tflite_export.common.json_data import from_json
from tflite_export.common.names import NAMES_ALLOWED, is_name
from tflite_export.common.text_files import read_text
from tflite_export.devices.calibration import Measurement
from tflite_export.devices.npus import check_npu
from tflite_export.devices.platforms import PLATFORMS, WITH_LARGE_STRUCTS

_BOARDS_FILE = Path(__file__).with_name("boards.toml")
_SUFFIXES = (".toml", ".json")


@dataclass(frozen=True)
class Core:
    """What the kind of processor decides.

    Attributes:
        kernels: libraries that exist for it.
        has_dsp: whether it has Arm's instructions for two products at once.
        has_mve: whether it has Arm's vector extension (Helium).
        pointer_bytes: of an address.
    """

    kernels: tuple[str, ...]
    has_dsp: bool = False
    has_mve: bool = False
    pointer_bytes: int = 4


_CMSIS, _ESP = ("cmsis_nn", "reference"), ("esp_nn", "reference")

CORES: dict[str, Core] = {
    "cortex-m0plus": Core(_CMSIS),
    "cortex-m4": Core(_CMSIS, has_dsp=True),
    "cortex-m7": Core(_CMSIS, has_dsp=True),
    "cortex-m33": Core(_CMSIS, has_dsp=True),
    "cortex-m55": Core(_CMSIS, has_dsp=True, has_mve=True),
    "cortex-m85": Core(_CMSIS, has_dsp=True, has_mve=True),
    "xtensa-lx6": Core(_ESP),
    "xtensa-lx7": Core(_ESP),
    "rv32imc": Core(_ESP),
    "rv32-pie": Core(_ESP),
    "rv64gc": Core(("reference",), pointer_bytes=8),
}

# The digits of a limit become part of the board's name.
_LATENCY = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|fps)", re.ASCII)
# Such as "nrf5340dk/nrf5340/cpuapp" and "arduino:mbed_nano:nano33ble".
_ON_PLATFORM = re.compile(r"[A-Za-z0-9_.:/@=,+-]{0,100}")
_TEXTS = ("core", "kernels", "title", "npu", "profile")
# Where they are 0 the board has no such thing.
_OPTIONAL = ("npu_mhz", "latency_limit_ms")
# What a microcontroller can have; beyond these limits it is a slip of the pen or of the unit.
_LIMITS = {
    "clock_mhz": (1, 2000),
    "sram_kib": (8, 65536),
    "sram_reserved_kib": (0, 65536),
    "flash_kib": (32, 1048576),
    "flash_reserved_kib": (0, 1048576),
    "npu_mhz": (1, 2000),
    "latency_limit_ms": (0.01, 1e6),
}


@dataclass(frozen=True)
class Board:
    """A board as far as a model is concerned; KiB are 1024 bytes.

    Attributes:
        name: short name.
        core: one of `CORES`.
        kernels: library that TFLite Micro is built with: "cmsis_nn", "esp_nn" or "reference".
        sram_kib: largest contiguous block of SRAM.
        sram_reserved_kib: what stack, heap, radio and runtime take of it.
        flash_kib: flash for code and model.
        flash_reserved_kib: what all code but TFLite Micro's takes of it.
        title: full name.
        npu: Ethos-U beside the core, as Vela calls it; empty if there is none.
        npu_mhz: its clock.
        platforms: firmware platforms that suit the board, the usual one first, with what each calls
            it; see `platforms.py`. Empty: not known, any will do.
        latency_limit_ms: most that an inference on the CPU may take by the estimate; 0: no limit.
        measurements: times of models on this very board, by which estimates are corrected.
        profile: name of the known board that it is; empty: what `name` says.

    Raises:
        ExportError: if the name cannot be that of a folder, or part of a comment in C, or another
            value is of the wrong kind, unknown or absurd.
    """

    name: str
    core: str
    clock_mhz: float
    kernels: str
    sram_kib: float
    sram_reserved_kib: float
    flash_kib: float
    flash_reserved_kib: float
    title: str = ""
    npu: str = ""
    npu_mhz: float = 0
    latency_limit_ms: float = 0
    platforms: Mapping[str, str] = field(default_factory=dict, hash=False)
    measurements: tuple[Measurement, ...] = ()
    profile: str = ""

    def __post_init__(self) -> None:
        # The scenario of a board is a folder of its name, and generated C has it in a comment.
        if not is_name(self.name):
            raise ExportError(
                f"board {self.name!r} is no name for a board: allowed are {NAMES_ALLOWED}"
            )
        try:
            _check(self)
        except ExportError as error:
            raise ExportError(f"board {self.name!r}: {error}") from None

    @property
    def arena_available_bytes(self) -> int:
        """SRAM that is left for the tensor arena."""
        return int((self.sram_kib - self.sram_reserved_kib) * 1024)

    @property
    def flash_available_bytes(self) -> int:
        """Flash that is left for the model and TFLite Micro's code."""
        return int((self.flash_kib - self.flash_reserved_kib) * 1024)

    @property
    def has_large_structs(self) -> bool:
        """Whether one of the runtimes that it may run keeps larger structs; see `platforms.py`."""
        return not self.platforms or any(name in self.platforms for name in WITH_LARGE_STRUCTS)

    @property
    def processor(self) -> Core:
        """What its core can do."""
        return CORES[self.core]


@functools.cache
def known_boards() -> dict[str, Board]:
    """Returns the boards that ship with the package by name."""
    return _read_file(_BOARDS_FILE)


def load_boards(names: str) -> list[Board]:
    """Reads a list such as "nano33ble,rp2040@100ms,path/my.toml@10fps".

    Args:
        names: names of known boards and paths of files, separated by commas; each may have a limit
            of its latency or a frame rate, which then is part of the board's name.

    Raises:
        ExportError: if a board is unknown or twice in the list, a file cannot be read, or a
            value in it is missing or absurd.
    """
    boards: list[Board] = []
    for item in filter(None, (name.strip() for name in names.split(","))):
        name, limited, limit = item.partition("@")
        if name.endswith(_SUFFIXES):
            named = list(_read_file(Path(name)).values())
        elif name in known_boards():
            named = [known_boards()[name]]
        else:
            raise ExportError(
                f"unknown board {name!r}; known are {', '.join(known_boards())}; a board of your "
                "own is the path of a .toml or .json file"
            )
        boards += [_limited(board, limit) for board in named] if limited else named
    if not boards:
        raise ExportError(f"no board in {names!r}; known are {', '.join(known_boards())}")
    listed = [board.name for board in boards]
    if twice := {name for name in listed if listed.count(name) > 1}:
        raise ExportError(f"board {min(twice)!r} is in the list twice; name each once")
    return boards


def _limited(board: Board, limit: str) -> Board:
    match = _LATENCY.fullmatch(limit)
    if not match or not float(match[1]):
        raise ExportError(f"{board.name}@{limit}: wanted a limit such as @100ms or @10fps")
    milliseconds = float(match[1]) if match[2] == "ms" else 1000 / float(match[1])
    low, high = _LIMITS["latency_limit_ms"]
    name = f"{board.name}_{limit}"
    if not low <= milliseconds <= high or not is_name(name):
        raise ExportError(f"{board.name}@{limit}: wanted a limit from {low:g} to {high:g} ms")
    known = board.profile or board.name
    return replace(board, name=name, latency_limit_ms=milliseconds, profile=known)


def list_boards() -> str:
    """Returns a table of the known boards for people."""
    lines = [
        f"{'board':<14}{'core':<15}{'MHz':>5}{'arena KiB':>11}{'flash KiB':>11}  kernels    title"
    ]
    lines += [
        f"{board.name:<14}{board.core:<15}{board.clock_mhz:>5g}"
        f"{board.arena_available_bytes / 1024:>11.0f}{board.flash_available_bytes / 1024:>11.0f}"
        f"  {board.kernels:<11}{board.title}{f', {board.npu}' if board.npu else ''}"
        for board in known_boards().values()
    ]
    return "\n".join(lines)


def _read_file(path: Path) -> dict[str, Board]:
    parse = json.loads if path.suffix == ".json" else tomllib.loads
    try:
        tables = parse(read_text(path, encoding="utf-8-sig"))
    except OSError as error:
        raise ExportError(f"cannot read board file {path}: {error.strerror}") from error
    except ValueError as error:
        raise ExportError(f"board file {path} is no {path.suffix[1:]}: {error}") from error
    except RecursionError:
        raise ExportError(f"board file {path} is nested too deeply to be a board's") from None
    if not isinstance(tables, dict) or not tables:
        raise ExportError(f"board file {path} holds no board: it needs a table such as [my_board]")
    return {name: _read_board(path, name, table) for name, table in tables.items()}


def _read_board(path: Path, name: str, table: Any) -> Board:
    where = f"{path}: board {name!r}"
    if not is_name(name):
        raise ExportError(f"{where} is no name for a board: allowed are {NAMES_ALLOWED}")
    if not isinstance(table, dict):
        raise ExportError(f"{where} is no table: its fields have to follow a line [my_board]")
    known = {entry.name: entry for entry in fields(Board) if entry.name != "name"}
    if unknown := sorted(set(table) - set(known)):
        raise ExportError(
            f"{where} has an unknown field {unknown[0]!r}; fields: {', '.join(known)}"
        )
    needed = [
        key
        for key, entry in known.items()
        if entry.default is MISSING and entry.default_factory is MISSING
    ]
    if missing := [key for key in needed if key not in table]:
        raise ExportError(f"{where} lacks {', '.join(missing)}")
    measurements = _read_measurements(where, table)
    try:
        return Board(name=name, **{**table, "measurements": measurements})
    except ExportError as error:
        raise ExportError(f"{path}: {error}") from None


def _read_measurements(where: str, table: dict[str, Any]) -> tuple[Measurement, ...]:
    try:
        return from_json(tuple[Measurement, ...], table.get("measurements", []), "measurements")
    except TofaError as error:
        raise ExportError(f"{where}: {error}") from None


def _check(board: Board) -> None:
    for key in _TEXTS:
        value = getattr(board, key)
        if not isinstance(value, str) or not value.isprintable():
            raise ExportError(f"{key} = {value!r} is no text of one line")
    for key, (low, high) in _LIMITS.items():
        value = getattr(board, key)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        left_out = is_number and key in _OPTIONAL and value == 0
        if not is_number or not (left_out or low <= value <= high):
            raise ExportError(f"{key} = {value!r} is no number from {low} to {high}")
    _check_cores(board)
    _check_platforms(board.platforms)
    for memory in ("sram", "flash"):
        total, reserved = (getattr(board, f"{memory}{part}_kib") for part in ("", "_reserved"))
        if reserved >= total:
            raise ExportError(f"{memory}_reserved_kib = {reserved} leaves nothing of {total} KiB")
    times = (ms for one in board.measurements for ms in (one.measured_ms, one.estimated_ms))
    if any(not 0 < ms < math.inf for ms in times):
        raise ExportError("a time in its measurements is not above 0")


def _check_platforms(table: Any) -> None:
    known = isinstance(table, Mapping) and set(table).issubset(PLATFORMS)
    if not known or not all(
        isinstance(name, str) and _ON_PLATFORM.fullmatch(name) for name in table.values()
    ):
        raise ExportError(
            f"platforms = {table!r}; a table of {', '.join(PLATFORMS)} is needed, each with the "
            "platform's name of the board"
        )


def _check_cores(board: Board) -> None:
    core, kernels = board.core, board.kernels
    if core not in CORES:
        raise ExportError(f"core {core!r} is none of {', '.join(CORES)}")
    if kernels not in board.processor.kernels:
        raise ExportError(
            f"there are no kernels {kernels!r} for {core}, but {', '.join(board.processor.kernels)}"
        )
    if bool(board.npu) != bool(board.npu_mhz):
        raise ExportError("npu and npu_mhz belong together; give both or none")
    if board.npu:
        check_npu(board.npu)
