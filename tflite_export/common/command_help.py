"""What `--help` shows: the settings that matter under their headings, one sentence each."""

import dataclasses
import textwrap
from collections.abc import Iterable, Mapping

from tflite_export.common.settings import Key, as_text, choices_of

_WIDTH = 96
_COLUMN = 24
_FURTHER = "Further"


def command_help(description: str, keys: Mapping[str, Key], full: bool) -> str:
    """Returns the help text of a command.

    Args:
        description: what it does.
        keys: its settings by name.
        full: show those without a heading too.
    """
    lines = [description]
    headings = dict.fromkeys(key.about.heading for key in keys.values() if key.about.heading)
    for heading in headings:
        lines += _section(heading, (key for key in keys.values() if key.about.heading == heading))
    if full:
        lines += _section(_FURTHER, (key for key in keys.values() if not key.about.heading))
    lines += _section("Everywhere", ())
    lines += _entry("config", "A TOML file of settings, `steps = 600`; flags win.")
    if not full:
        lines += _entry("helpfull", "Shows all flags.")
    return "\n".join(lines)


def _section(heading: str, keys: Iterable[Key]) -> list[str]:
    lines = [line for key in keys for line in _entry(_flag(key), _sentences(key))]
    return ["", f"{heading}:", *lines] if lines or heading == "Everywhere" else []


def _entry(name: str, text: str) -> list[str]:
    head, indent = f"  --{name}", " " * _COLUMN
    lines = textwrap.wrap(text, _WIDTH - _COLUMN) or [""]
    if len(head) < _COLUMN - 1:
        return [head.ljust(_COLUMN) + lines[0], *(indent + line for line in lines[1:])]
    return [head, *(indent + line for line in lines)]


def _flag(key: Key) -> str:
    return f"[no]{key.name}" if key.type is bool and key.default is True else key.name


def _sentences(key: Key) -> str:
    parts = [key.about.help]
    # A function that lists choices is slow: it is called where the setting is checked.
    if key.about.choices and not callable(key.about.choices):
        parts.append(f"One of {', '.join(choices_of(key.about))}.")
    # That something is not done is no news.
    if key.default is not dataclasses.MISSING and key.type is not bool:
        shown = as_text(key.default)
        parts += [f"Default: {shown}."] if shown else []
    return " ".join(parts)
