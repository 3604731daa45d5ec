"""The Ethos-U NPUs that Vela compiles for."""

from tflite_export.common.errors import ExportError

# Family and multiply-accumulates a cycle: Vela's --accelerator-config.
NPUS = (
    *("ethos-u55-32", "ethos-u55-64", "ethos-u55-128", "ethos-u55-256"),
    *("ethos-u65-256", "ethos-u65-512"),
    *("ethos-u85-128", "ethos-u85-256", "ethos-u85-512", "ethos-u85-1024", "ethos-u85-2048"),
)


def check_npu(config: str) -> None:
    """Raises an ExportError unless Vela knows an NPU of that name."""
    if config not in NPUS:
        raise ExportError(f"unknown NPU {config!r}; known are {', '.join(NPUS)}")
