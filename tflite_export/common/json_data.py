"""Frozen dataclasses as JSON and back: what a program writes, the next one can trust.

A dataclass is an object of its fields, an enum its value, a tuple a list; a type with a `to_json`
and `from_json` of its own says itself what it is. What is read is checked against the annotations,
so that nothing of a wrong type gets further than the file it is in.
"""

import dataclasses
import enum
import functools
import json
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tflite_export.common.errors import TofaError
from tflite_export.common.text_files import MOST_RECORDED_BYTES, read_text

_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
# Whole numbers of JSON have any number of digits; none of ours needs more than this.
_MOST = 2**63


class JsonRecord:
    """Base of the dataclasses that are kept as JSON."""

    def to_json(self) -> dict[str, Any]:
        """Returns the record as dicts, lists, texts and numbers."""
        return to_json(self)

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Reads what `to_json` returned.

        Raises:
            TofaError: if a field is missing, unknown or of another type; names it.
        """
        return _from_fields(cls, data, "")

    @classmethod
    def read(cls, path: Path, most_bytes: int = MOST_RECORDED_BYTES) -> Self:
        """Reads a file that holds one record.

        Args:
            path: of the file.
            most_bytes: that it may have.

        Raises:
            TofaError: if there is no such file, or it does not hold such a record.
        """
        try:
            data = json.loads(read_text(path, most_bytes))
        except OSError as error:
            raise TofaError(f"cannot read {path}: {error.strerror or error}") from error
        except (ValueError, RecursionError) as error:
            raise TofaError(f"{path} is damaged: it is not JSON ({error})") from error
        try:
            return cls.from_json(data)
        except TofaError as error:
            raise TofaError(f"{path}: {error}") from error


def to_json(value: Any) -> Any:
    """Returns a dataclass, or whatever one may hold, as dicts, lists, texts and numbers.

    A class with a `to_json` of its own, as with `from_json`, says itself what it looks like.
    """
    if hasattr(value, "to_json") and not isinstance(value, JsonRecord):
        return value.to_json()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def from_json(annotation: Any, data: Any, where: str = "") -> Any:
    """Makes a value of JSON data.

    Args:
        annotation: the type wanted: a dataclass, a class with `from_json`, an enum, `tuple[...]`,
            `Mapping[str, ...]`, `Literal[...]`, a union, a plain type, or `Any`.
        data: from `json.loads`.
        where: name of the field, for messages; empty at the top.

    Raises:
        TofaError: if the data does not fit; names the field.
    """
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is Any:
        return data
    if origin in (typing.Union, types.UnionType):
        return _from_union(arguments, data, where)
    if origin is tuple:
        return _from_list(arguments, data, where)
    if isinstance(origin or annotation, type) and issubclass(origin or annotation, Mapping):
        return _from_object(arguments, data, where)
    if _has_own_form(annotation):
        return _from_own_form(annotation, data, where)
    if dataclasses.is_dataclass(annotation):
        return _from_fields(annotation, data, where)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        values = {member.value: member for member in annotation}
        return _from_choices(values, data, where)
    if origin is typing.Literal:
        return _from_choices({value: value for value in arguments}, data, where)
    if annotation is type(None):
        wanted, fits = "null", data is None
    elif annotation in _NAMES:
        # True is an int to Python, and 1 is as good a float as 1.0.
        kinds = (int, float) if annotation is float else annotation
        wanted, fits = _NAMES[annotation], isinstance(data, kinds)
        fits = fits and (annotation is bool or not isinstance(data, bool))
        fits = fits and not (isinstance(data, int) and abs(data) >= _MOST)
    else:
        raise TypeError(f"no rule reads {annotation} from JSON")
    if not fits:
        raise _unfit(where, data, wanted)
    return data


def _has_own_form(annotation: Any) -> bool:
    method = getattr(annotation, "from_json", None)
    inherited = vars(JsonRecord)["from_json"].__func__
    return method is not None and getattr(method, "__func__", None) is not inherited


def _from_own_form(kind: Any, data: Any, where: str) -> Any:
    try:
        return kind.from_json(data)
    except TofaError as error:
        raise TofaError(f"{where}: {error}" if where else str(error)) from error


def _from_fields(record: Any, data: Any, where: str) -> Any:
    if not isinstance(data, Mapping):
        article = "an" if record.__name__[0] in "AEIOU" else "a"
        raise _unfit(where, data, f"the fields of {article} {record.__name__}")
    annotations = _annotations(record)
    fields = {field.name: field for field in dataclasses.fields(record)}
    prefix = f"{where}." if where else ""
    if unknown := sorted(set(data) - set(fields)):
        raise TofaError(f"unknown field {prefix + unknown[0]!r}; known: {', '.join(fields)}")
    for name, field in fields.items():
        needed = field.default is field.default_factory is dataclasses.MISSING
        if needed and name not in data:
            raise TofaError(f"the field {prefix + name!r} is missing")
    values = {
        name: from_json(annotations[name], item, f"{prefix}{name}") for name, item in data.items()
    }
    return record(**values)


def _from_list(arguments: tuple[Any, ...], data: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(data, list | tuple):
        raise _unfit(where, data, "a list")
    if arguments[-1] is Ellipsis:
        arguments = (arguments[0],) * len(data)
    if len(arguments) != len(data):
        raise _unfit(where, data, f"a list of {len(arguments)}")
    pairs = enumerate(zip(arguments, data, strict=True))
    return tuple(from_json(kind, item, f"{where}[{number}]") for number, (kind, item) in pairs)


def _from_object(arguments: tuple[Any, ...], data: Any, where: str) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise _unfit(where, data, "an object")
    kind = arguments[1] if arguments else Any
    prefix = f"{where}." if where else ""
    return {str(key): from_json(kind, item, f"{prefix}{key}") for key, item in data.items()}


def _from_union(arguments: tuple[Any, ...], data: Any, where: str) -> Any:
    """The first member that fits; the complaint is that of the first, which is never None."""
    if data is None and type(None) in arguments:
        return None
    complaints = []
    for kind in arguments:
        try:
            return from_json(kind, data, where)
        except TofaError as error:
            complaints.append(error)
    raise complaints[0]


def _from_choices(choices: Mapping[Any, Any], data: Any, where: str) -> Any:
    for value, choice in choices.items():
        if type(value) is type(data) and value == data:
            return choice
    raise _unfit(where, data, f"one of {', '.join(map(str, choices))}")


@functools.cache
def _annotations(record: type) -> dict[str, Any]:
    return typing.get_type_hints(record)


def _unfit(where: str, data: Any, wanted: str) -> TofaError:
    return TofaError(f"{where or 'the record'} is {shown(data)}; wanted {wanted}")


def shown(data: Any, length: int = 60) -> str:
    """Returns JSON data as a message can show it, of at most so many characters."""
    try:
        text = repr(data)
    except RecursionError:
        return "nested too deeply to be shown"
    return text if len(text) <= length else f"{text[: length - 3]}..."
