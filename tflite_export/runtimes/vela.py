"""Ethos-U NPUs: Arm's compiler Vela makes the file to flash there, and estimates its speed.

Vela runs in a process of its own: it is native code, and a model that it cannot read ends it.
"""

import csv
import dataclasses
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tflite_export.common.errors import ExportError
from tflite_export.common.figures import digits
from tflite_export.common.versions import VELA, versions_of
from tflite_export.devices.boards import Board
from tflite_export.devices.npus import check_npu
from tflite_export.graph.flatbuffer import read_tflite

INSTALL = "Vela is not installed: pip install ethos-u-vela==5.2.0"

# SRAM and flash as on a microcontroller; what Vela takes by default for U65 and U85 has DRAM. The
# names are those of Vela's own Arm/vela.ini; all three have a clock of 500 MHz.
_SYSTEMS = {
    "ethos-u55": "Ethos_U55_High_End_Embedded",
    "ethos-u65": "Ethos_U65_Embedded",
    "ethos-u85": "Ethos_U85_SYS_Flash_High",
}
_MEMORY_MODE = "Shared_Sram"
_TIMEOUT_SECONDS = 300.0
# The op that runs all that Vela has compiled.
_NPU_OP = "ethos-u"


@dataclass(frozen=True)
class NpuReport:
    """What Vela says of one model on one NPU: its estimates, never a measurement.

    Attributes:
        config: the NPU, such as "ethos-u55-128".
        system: Vela's system configuration, which has the speed of SRAM and flash.
        file: name of the compiled model.
        tflite_bytes: its size; it takes the place of the int8 model in flash.
        weight_bytes: the part of it that the NPU reads: weights and biases, encoded.
        sram_bytes: the tensors of the NPU, in the arena.
        cycles: of one inference, NPU only: without driver, CPU and ops that stay there.
        clock_mhz: the NPU's.
        latency_ms: cycles over clock.
        npu_share: share of the model's ops that the NPU runs.
        cpu_ops: ops that stay on the CPU, and how often.
    """

    config: str
    system: str
    file: str
    tflite_bytes: int
    weight_bytes: int
    sram_bytes: int
    cycles: int
    clock_mhz: float
    latency_ms: float
    npu_share: float
    cpu_ops: Mapping[str, int]

    def at(self, clock_mhz: float) -> "NpuReport":
        """Returns the same with another clock; Vela scales memory speed with it."""
        milliseconds = self.cycles / (clock_mhz * 1e3)
        return dataclasses.replace(self, clock_mhz=clock_mhz, latency_ms=milliseconds)

    def __str__(self) -> str:
        cpu = "".join(f", {count} {name} on the CPU" for name, count in self.cpu_ops.items())
        return (
            f"{self.config} at {self.clock_mhz:g} MHz: estimate {digits(self.latency_ms)} ms by "
            f"Vela, {self.cycles} cycles, SRAM {self.sram_bytes / 1024:.1f} KiB, flash "
            f"{self.tflite_bytes / 1024:.1f} KiB, {self.npu_share:.0%} of the ops on the NPU{cpu}"
        )


def wanted_npus(config: str, boards: Iterable[Board]) -> tuple[str, ...]:
    """Returns the NPUs to compile for: the one asked for, and those of the boards.

    Args:
        config: such as "ethos-u55-128"; empty for none.
        boards: where Vela is not installed, their NPUs are left out, with a note on stderr.

    Raises:
        ExportError: if Vela does not know `config`, or is not installed and `config` is given.
    """
    if config:
        check_npu(config)
        if not is_installed():
            raise ExportError(INSTALL)
    of_boards = [board.npu for board in boards if board.npu]
    if of_boards and not is_installed():
        print(f"note: no figures for {', '.join(of_boards)}: {INSTALL}", file=sys.stderr)
        return ()
    return tuple(dict.fromkeys(filter(None, (config, *of_boards))))


def is_installed() -> bool:
    """Whether Vela can be run."""
    return importlib.util.find_spec("ethosu") is not None


def vela_version(npus: Sequence[str]) -> dict[str, str]:
    """Returns Vela's entry among the versions of a report; none if it had no part in it."""
    return versions_of([VELA]) if npus else {}


def compile_for_npus(tflite: bytes, configs: Sequence[str]) -> list[tuple[NpuReport, bytes]]:
    """Compiles a model for every NPU.

    Args:
        tflite: int8 model; repacked ones give the same.
        configs: see `wanted_npus`.

    Returns:
        The report and the compiled model for each; the file's name says for which NPU it is where
        there are several.

    Raises:
        ExportError: if Vela fails; the message has its last words.
    """
    names = ["model_vela.tflite"]
    if len(configs) > 1:
        names = [f"model_vela_{config}.tflite" for config in configs]
    return [_compile(tflite, config, name) for config, name in zip(configs, names, strict=False)]


def _compile(tflite: bytes, config: str, name: str) -> tuple[NpuReport, bytes]:
    system = _SYSTEMS[config.rpartition("-")[0]]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "model.tflite"
        source.write_bytes(tflite)
        _run_vela(source, config, system)
        compiled = (source.parent / "model_vela.tflite").read_bytes()
        with (source.parent / f"model_summary_{system}.csv").open(
            newline="", encoding="utf-8"
        ) as file:
            summary = next(csv.DictReader(file))
    left = {op: n for op, n in read_tflite(compiled).op_counts.items() if op != _NPU_OP}
    clock_mhz = float(summary["core_clock"]) / 1e6
    cycles = int(summary["cycles_total"])
    report = NpuReport(
        config=config,
        system=system,
        file=name,
        tflite_bytes=len(compiled),
        weight_bytes=_from_kib(summary["off_chip_flash_memory_used"]),
        sram_bytes=_from_kib(summary["sram_memory_used"]),
        cycles=cycles,
        clock_mhz=clock_mhz,
        latency_ms=cycles / (clock_mhz * 1e3),
        npu_share=1 - sum(left.values()) / len(read_tflite(tflite).ops),
        cpu_ops=left,
    )
    return report, compiled


def _run_vela(source: Path, config: str, system: str) -> None:
    """Writes the compiled model and Vela's summary beside the source."""
    options = {
        "accelerator-config": config,
        "config": "Arm/vela.ini",
        "system-config": system,
        "memory-mode": _MEMORY_MODE,
        "output-dir": str(source.parent),
    }
    try:
        done = subprocess.run(
            [
                *(sys.executable, "-P", "-m", "ethosu.vela", str(source)),
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_TIMEOUT_SECONDS,
            text=True,
        )
    except subprocess.TimeoutExpired:
        raise ExportError(
            f"Vela did not finish within {_TIMEOUT_SECONDS:g} s for {config}: export without it"
        ) from None
    if done.returncode:
        lines = done.stdout.strip().splitlines() or [f"exit code {done.returncode}"]
        raise ExportError(f"Vela cannot compile the model for {config}: {lines[-1]}")


def _from_kib(kib: str) -> int:
    return round(float(kib) * 1024)
