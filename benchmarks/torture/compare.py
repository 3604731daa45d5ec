"""Whether two folders hold the same, but for the times that were measured."""

import json
import re
from pathlib import Path
from typing import Any

# Figures of a clock, by their names in JSON.
_TIMES = frozenset({"seconds", "training_seconds", "qat_seconds", "pc_ms", "images_per_second"})
# Pages and tables that show such figures; what they show lies beside them as JSON.
_SHOW_TIMES = ("report.md", "report.html")
_NUMBER = re.compile(rb"\d+([.,]\d+)?")
# A process number; a log with the time of each record.
_LEFT_OUT = re.compile(r"(^|/)\.tofa\.lock$|(^|/)tensorboard/")


def differences(expected: Path, found: Path) -> list[str]:
    """Returns the files that one folder lacks, has beside the others, or has with other content.

    Files are compared byte for byte; JSON without the figures of a clock, pages that show those
    without their numbers.

    Args:
        expected: an undisturbed folder.
        found: the folder in question.
    """
    ours, theirs = _files(expected), _files(found)
    missing = [f"{name} is missing" for name in sorted(ours - theirs)]
    further = [f"{name} should not be there" for name in sorted(theirs - ours)]
    other = [
        f"{name} differs"
        for name in sorted(ours & theirs)
        if _content(expected / name) != _content(found / name)
    ]
    return missing + further + other


def exact_files(folder: Path) -> int:
    """Returns how many files of a folder are compared byte for byte."""
    return sum(isinstance(_content(folder / name), bytes) for name in _files(folder)) - sum(
        Path(name).name in _SHOW_TIMES for name in _files(folder)
    )


def _files(folder: Path) -> set[str]:
    names = (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return {name for name in names if not _LEFT_OUT.search(name)}


def _content(path: Path) -> Any:
    content = path.read_bytes()
    if path.suffix in (".json", ".jsonl"):
        lines = content.splitlines() if path.suffix == ".jsonl" else [content]
        try:
            parsed = [json.loads(line) for line in lines]
        except ValueError:
            return content
        without = [_without_times(each) for each in parsed]
        # Most JSON has none, and is compared to the byte.
        return content if without == parsed else without
    return _NUMBER.sub(b"", content) if path.name in _SHOW_TIMES else content


def _without_times(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_times(value) for key, value in data.items() if key not in _TIMES}
    return [_without_times(each) for each in data] if isinstance(data, list) else data
