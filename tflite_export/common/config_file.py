"""Settings in a TOML file, under the names that flags have: `steps = 600`."""

import json
import os
import tomllib
from collections.abc import Mapping
from typing import Any

from tflite_export.common.errors import UserError
from tflite_export.common.settings import Key, check_names, with_new_names
from tflite_export.common.text_files import read_text


def read_config(path: str | os.PathLike, keys: Mapping[str, Key]) -> dict[str, Any]:
    """Reads settings from a file.

    Args:
        path: of the TOML file.
        keys: all that it may hold, see `keys_of`.

    Returns:
        The values by name, not checked yet.

    Raises:
        UserError: if there is no such file, it is no TOML, or a name in it is unknown.
    """
    try:
        # Editors on Windows begin files with a mark of their encoding.
        values = tomllib.loads(read_text(path, encoding="utf-8-sig"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is no TOML: {error}") from error
    values = with_new_names(values, keys)
    try:
        check_names(values, keys)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return values


def to_toml(values: Mapping[str, Any]) -> str:
    """Returns plain settings as TOML; None is left out, for TOML has no such value."""
    lines = [f"{name} = {_toml(value)}" for name, value in values.items() if value is not None]
    return "\n".join([*lines, ""])


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        # TOML's basic strings are JSON's, but for one character.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        items = (f"{name} = {_toml(item)}" for name, item in value.items() if item is not None)
        return f"{{{', '.join(items)}}}"
    return f"[{', '.join(_toml(item) for item in value)}]"
