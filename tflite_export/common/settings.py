"""Settings: frozen dataclasses whose fields say once what they are, by default and at most.

Flags, keys of a configuration file and arguments of the library are all made from the fields, so
that they have one name, one default and one check:

    @dataclasses.dataclass(frozen=True)
    class Training(SettingsBase):
        steps: int = setting("Steps of the optimiser.", 600, least=1, heading="Training")

A field without `setting` that is itself a `SettingsBase` is a part: its settings count as
those of the whole. Names are therefore unique over all parts.
"""

import dataclasses
import difflib
import enum
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self

from tflite_export.common.errors import UserError
from tflite_export.common.json_data import JsonRecord
from tflite_export.common.setting_types import converted

_ABOUT = "setting"


@dataclasses.dataclass(frozen=True)
class About:
    """What a field says of itself.

    Attributes:
        help: a sentence for people.
        least: smallest number allowed.
        above: number that must be exceeded.
        most: largest number allowed.
        choices: texts allowed, or a function that lists them where listing is slow.
        parse: makes the value of what was given; None: the type of the field decides.
        heading: under which `--help` shows the setting; empty: `--helpfull` alone shows it.
        alias: an older name, still understood.
    """

    help: str
    least: float | None = None
    above: float | None = None
    most: float | None = None
    choices: Sequence[str] | Callable[[], Iterable[str]] | None = None
    parse: Callable[[Any], Any] | None = None
    heading: str = ""
    alias: str = ""


@dataclasses.dataclass(frozen=True)
class Key:
    """One setting, as flags and configuration files need it.

    Attributes:
        name: of the field.
        type: its annotation.
        default: `dataclasses.MISSING` if it must be given.
        about: what it says of itself.
    """

    name: str
    type: Any
    default: Any
    about: About


def setting(help: str, default: Any = dataclasses.MISSING, **about: Any) -> Any:
    """Declares a field of a `SettingsBase` class; see `About` for the further arguments."""
    return dataclasses.field(default=default, metadata={_ABOUT: About(help, **about)})


class SettingsBase:
    """Base of settings dataclasses: what is given is brought into the field's type and checked."""

    def __post_init__(self) -> None:
        for key in _own_keys(type(self)):
            value = _checked(key, getattr(self, key.name))
            # The only moment at which a frozen instance may still change.
            object.__setattr__(self, key.name, value)

    @classmethod
    def make(cls, values: Mapping[str, Any]) -> Self:
        """Makes an instance, its parts included, of values by name; others are ignored.

        Raises:
            UserError: if a value is missing or not allowed; names the setting.
        """
        arguments = {}
        for key in _own_keys(cls):
            if key.name in values:
                arguments[key.name] = values[key.name]
            elif key.default is dataclasses.MISSING:
                raise UserError(f"{key.name} is missing: {key.about.help}")
        for name, part in _parts(cls):
            arguments[name] = part.make(values)
        return cls(**arguments)

    @classmethod
    def of_value(cls, value: Any) -> Self:
        """Makes a small group of numbers of a mapping, or of text: "labelled=1,pseudo=0.5".

        Raises:
            ValueError: if it cannot be; says what is wanted.
        """
        if isinstance(value, cls):
            return value
        keys = keys_of(cls)
        try:
            if isinstance(value, str):
                value = dict(part.strip().split("=") for part in value.split(",") if part.strip())
            if not isinstance(value, Mapping) or not set(value) <= set(keys):
                raise ValueError
            return cls.make(value)
        except UserError as error:
            raise ValueError(str(error)) from error
        except ValueError:
            raise ValueError(f"wanted {','.join(f'{name}=NUMBER' for name in keys)}") from None

    def flags(self) -> list[str]:
        """Returns the flags that give an equal instance: for all that differ from the defaults."""
        defaults, values = keys_of(type(self)), self.values()
        return [
            f"--{name}={as_text(value)}"
            for name, value in values.items()
            if value != _plain(defaults[name].default)
        ]

    def values(self) -> dict[str, Any]:
        """Returns all settings by name, those of parts included, as plain data."""
        found = {key.name: _plain(getattr(self, key.name)) for key in _own_keys(type(self))}
        for name, _ in _parts(type(self)):
            found |= getattr(self, name).values()
        return found


def as_text(value: Any) -> str:
    """Returns a value of a setting as it is given on a command line; None and () are nothing."""
    if value is None:
        return ""
    if isinstance(value, SettingsBase):
        value = value.values()
    if isinstance(value, Mapping):
        return ",".join(f"{name}={as_text(item)}" for name, item in value.items())
    if isinstance(value, tuple | list):
        return ",".join(map(as_text, value))
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def keys_of(*classes: type[SettingsBase]) -> dict[str, Key]:
    """Returns the settings of classes and of their parts by name."""
    keys: dict[str, Key] = {}
    for cls in classes:
        keys |= {key.name: key for key in _own_keys(cls)}
        keys |= keys_of(*(part for _, part in _parts(cls)))
    return keys


def check_names(names: Iterable[str], keys: Mapping[str, Key]) -> None:
    """Raises a UserError that names the first unknown name and the known one nearest to it."""
    for name in names:
        if name not in keys:
            nearest = difflib.get_close_matches(name, keys, n=1, cutoff=0.0)
            raise UserError(f"unknown setting {name!r}; did you mean {nearest[0]!r}?")


def with_new_names(values: Mapping[str, Any], keys: Mapping[str, Key]) -> dict[str, Any]:
    """Returns values with their settings' present names where an older one was used."""
    present = {key.about.alias: name for name, key in keys.items() if key.about.alias}
    return {present.get(name, name): value for name, value in values.items()}


def choices_of(about: About) -> list[str]:
    """Returns the texts that a setting allows; empty if any is."""
    return list((about.choices() if callable(about.choices) else about.choices) or ())


def _own_keys(cls: type) -> tuple[Key, ...]:
    hints = typing.get_type_hints(cls)
    return tuple(
        Key(field.name, hints[field.name], field.default, field.metadata[_ABOUT])
        for field in dataclasses.fields(cls)
        if _ABOUT in field.metadata
    )


def _parts(cls: type) -> tuple[tuple[str, type[SettingsBase]], ...]:
    hints = typing.get_type_hints(cls)
    return tuple(
        (field.name, hints[field.name])
        for field in dataclasses.fields(cls)
        if _ABOUT not in field.metadata
        and isinstance(hints[field.name], type)
        and issubclass(hints[field.name], SettingsBase)
    )


def _checked(key: Key, value: Any) -> Any:
    about = key.about
    if value is key.default:
        return value
    try:
        if about.parse:
            return about.parse(value)
        value = converted(key.type, value)
        for item in value if isinstance(value, tuple) else (value,):
            _check_bounds(about, item)
            _check_choice(about, item)
    except ValueError as error:
        if isinstance(error, UserError) and about.parse:
            raise
        raise UserError(f"{key.name} is {_shown(value)}: {error}") from error
    return value


def _check_bounds(about: About, value: Any) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    low, above, high = about.least, about.above, about.most
    too_low = (low is not None and value < low) or (above is not None and value <= above)
    if not too_low and (high is None or value <= high):
        return
    if low is not None and high is not None:
        raise ValueError(f"it must lie between {low:g} and {high:.10g}")
    bounds = (("at least", low), ("above", above), ("at most", high))
    wanted = " and ".join(f"{word} {bound:.10g}" for word, bound in bounds if bound is not None)
    raise ValueError(f"it must be {wanted}")


def _check_choice(about: About, value: Any) -> None:
    if about.choices is None or value is None:
        return
    choices = choices_of(about)
    if value not in choices:
        raise ValueError(f"available: {', '.join(sorted(choices))}")


def _plain(value: Any) -> Any:
    if isinstance(value, SettingsBase):
        return value.values()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, JsonRecord):
        return value.to_json()
    return value.value if isinstance(value, enum.Enum) else value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
