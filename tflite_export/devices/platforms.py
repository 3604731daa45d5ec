"""Platforms that firmware is written for, and which runtime a platform brings."""

from collections.abc import Iterable, Mapping

from tflite_export.common.errors import ExportError

# What each calls a board where nobody has said which it is.
DEFAULT_NAMES: Mapping[str, str] = {
    "make": "",
    "pico": "pico",
    "esp_idf": "esp32s3",
    "arduino": "arduino:mbed_nano:nano33ble",
    "zephyr": "nrf5340dk/nrf5340/cpuapp",
}
PLATFORMS = tuple(DEFAULT_NAMES)
# Their builds of TFLite Micro do not define TF_LITE_STATIC_MEMORY, and so keep larger structs.
WITH_LARGE_STRUCTS = ("arduino", "zephyr")
# In a list of platforms: the first one of the board's own.
OF_BOARD = "board"


def check_platforms(platforms: Iterable[str]) -> None:
    """Raises ExportError unless there is firmware for every platform."""
    for platform in platforms:
        if platform not in (*PLATFORMS, OF_BOARD):
            raise ExportError(
                f"no firmware for {platform!r}; choose from {', '.join((*PLATFORMS, OF_BOARD))}"
            )


def suited_platforms(
    wanted: Iterable[str], own: Mapping[str, str] | None, board: str
) -> tuple[str, ...]:
    """Returns those of the wanted platforms that a board has, each once.

    Args:
        wanted: of `PLATFORMS`, or `OF_BOARD`.
        own: what the board's platforms call it, the usual one first; None: not known, any will do.
            `make` suits every board.
        board: its name, for the message.

    Raises:
        ExportError: if it has none of them.
    """
    wanted = list(wanted)
    usual = next(iter(own or ()), "make")
    named = dict.fromkeys(usual if name == OF_BOARD else name for name in wanted)
    suited = tuple(name for name in named if not own or name == "make" or name in own)
    if wanted and not suited:
        raise ExportError(
            f"board {board!r} has no firmware of {', '.join(named)}: choose from "
            f"{', '.join(dict.fromkeys((*(own or ()), 'make')))}"
        )
    return suited
