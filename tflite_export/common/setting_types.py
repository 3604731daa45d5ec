"""Brings values that users give into the type of a setting: from text, from lists, from paths."""

import enum
import math
import operator
import os
import types
import typing
from collections.abc import Iterable, Sequence
from typing import Any


def converted(kind: Any, value: Any) -> Any:
    """Returns a value in a type, made of text where need be.

    Raises:
        ValueError: if it cannot be; says what is wanted.
    """
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _converted_to_any(typing.get_args(kind), value)
    if origin is tuple:
        item, _ = typing.get_args(kind)
        parts = value.split(",") if isinstance(value, str) else value
        # One value is a list of one.
        parts = parts if isinstance(parts, Iterable) else (parts,)
        return tuple(converted(item, part) for part in parts if part != "")
    if kind is type(None):
        if value is not None:
            raise ValueError("it cannot be given")
        return None
    if kind is bool:
        return _as_bool(value)
    if kind in (int, float):
        return _as_number(kind, value)
    if kind is str:
        return _as_text(value)
    if issubclass(kind, enum.Enum):
        if value not in list(kind):
            raise ValueError(f"it must be one of {', '.join(kind)}")
        return kind(value)
    if hasattr(kind, "of_value"):
        # A group of settings that is one value.
        return kind.of_value(value)
    if not isinstance(value, kind):
        raise ValueError(f"it must be of type {kind.__name__}")
    return value


def _converted_to_any(kinds: Sequence[Any], value: Any) -> Any:
    wanted = []
    for kind in kinds:
        try:
            return converted(kind, value)
        except ValueError as error:
            wanted.append(str(error))
    raise ValueError(wanted[0])


def _as_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise ValueError("it must be true or false")
    return value == "true"


def _as_number(kind: type, value: Any) -> float:
    try:
        if isinstance(value, bool):
            raise TypeError
        if kind is int:
            return int(value) if isinstance(value, str) else operator.index(value)
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        name = "a whole number" if kind is int else "a number"
        raise ValueError(f"it must be {name}") from None
    if not math.isfinite(number):
        raise ValueError("it must be a finite number")
    return number


def _as_text(value: Any) -> str:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str):
        raise ValueError("it must be a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        # It could be written to no report.
        raise ValueError("it must be valid UTF-8") from None
    return value
