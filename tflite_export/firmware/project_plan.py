"""Which projects are written for which boards."""

from collections.abc import Sequence

from tflite_export.devices.boards import Board
from tflite_export.devices.platforms import check_platforms, suited_platforms


def boards_by_platform(
    platforms: Sequence[str], boards: Sequence[Board]
) -> dict[str, tuple[Board, ...]]:
    """Returns the platforms to write for, each with the boards that its project is for.

    Args:
        platforms: of `PLATFORMS`, or `OF_BOARD`.
        boards: that were asked for; none: every known one.

    Raises:
        ExportError: if there is no such platform, or a board has none of them.
    """
    check_platforms(platforms)
    if not boards:
        return dict.fromkeys(suited_platforms(platforms, None, ""), ())
    plan: dict[str, tuple[Board, ...]] = {}
    for board in boards:
        for name in suited_platforms(platforms, board.platforms, board.name):
            plan[name] = (*plan.get(name, ()), board)
    return plan
