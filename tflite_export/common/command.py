"""Commands: settings from flags and a configuration file, given to a function.

A command's flags are defined when it runs, so that importing its module leaves absl's registry as
it was.
"""

import dataclasses
import itertools
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from absl import app, flags, logging

from tflite_export.common.cli import check_temporary_folder, guarded
from tflite_export.common.command_help import command_help
from tflite_export.common.config_file import read_config
from tflite_export.common.errors import UserError
from tflite_export.common.settings import Key, SettingsBase, keys_of
from tflite_export.common.signals import check_signals, end_on_signals

_CONFIG = "config"
_FLAG_FILE = re.compile(r"--?flagfile(=|$)")
_HELP = ("--help", "-help", "--helpshort", "-helpshort", "-h", "-?")
_FULL_HELP = ("--helpfull", "-helpfull")


@dataclasses.dataclass(frozen=True)
class Command:
    """What a script or a subcommand does, and the settings that it takes.

    Attributes:
        main: is called with one instance of each class of `settings`.
        settings: classes whose fields become flags.
        positional: names of settings that may be given without their flag, in this order; if the
            last one is a tuple it takes all that follow.
        defaults: values by name, where they differ from those of the fields.
        others: classes of other commands, whose settings a shared configuration file may hold.
        answers: texts that are printed instead, by the setting and value that ask for them.
        tensorflow: whether `main` needs TensorFlow, which is then imported without its greeting.
    """

    main: Callable[..., None]
    settings: tuple[type[SettingsBase], ...]
    positional: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    others: tuple[type[SettingsBase], ...] = ()
    answers: Mapping[tuple[str, str], Callable[[], str]] = dataclasses.field(default_factory=dict)
    tensorflow: bool = True

    def keys(self) -> dict[str, Key]:
        """Returns the command's settings by name, with its own defaults."""
        return {
            name: dataclasses.replace(key, default=self.defaults.get(name, key.default))
            for name, key in keys_of(*self.settings).items()
        }

    def has_flag(self, name: str) -> bool:
        """Tells whether the command takes a flag, by its name, an older one, or with "no"."""
        return bool(name) and any(
            name in (own, key.about.alias) or (key.type is bool and name == f"no{own}")
            for own, key in self.keys().items()
        )

    def parse(
        self, argv: Sequence[str], flag_values: flags.FlagValues | None = None
    ) -> list[SettingsBase]:
        """Reads arguments as the command does.

        Args:
            argv: the program's name, then flags and positional arguments.
            flag_values: has the flags already; None: they are defined in a registry of their own.

        Returns:
            One instance of each class of `settings`.

        Raises:
            UserError: if a setting is missing, unknown or not allowed.
        """
        if flag_values is None:
            flag_values = flags.FlagValues()
            self.define_flags(flag_values)
        _refuse_flag_files(argv)
        try:
            _, *arguments = flag_values(list(argv))
        except flags.Error as error:
            raise UserError(" ".join(str(error).split())) from error
        return self.read(arguments, flag_values)

    def define_flags(self, flag_values: flags.FlagValues) -> None:
        """Defines one flag for each setting, and `--config`.

        All are without a value unless given, so that a configuration file can come in between.
        """
        flag_values.set_gnu_getopt()
        for name, key in self.keys().items():
            define = flags.DEFINE_bool if key.type is bool else flags.DEFINE_string
            define(name, None, key.about.help, flag_values=flag_values)
            if key.about.alias:
                flags.DEFINE_alias(key.about.alias, name, flag_values=flag_values)
        flags.DEFINE_string(
            _CONFIG, None, "TOML file of settings; flags win.", flag_values=flag_values
        )

    def read(self, arguments: Sequence[str], flag_values: flags.FlagValues) -> list[SettingsBase]:
        """Makes the settings of parsed flags and of what else stands on the command line."""
        values = dict(self.defaults)
        if path := flag_values[_CONFIG].value:
            values |= read_config(path, keys_of(*self.settings, *self.others))
        given = self._positional(arguments)
        for name in self.keys():
            if (value := flag_values[name].value) is not None:
                if name in given:
                    raise UserError(f"{name} is given twice: {given[name]!r} and {value!r}")
                given[name] = value
        return [settings.make(values | given) for settings in self.settings]

    def _positional(self, arguments: Sequence[str]) -> dict[str, Any]:
        names = list(self.positional)
        if names and keys_of(*self.settings)[names[-1]].type == tuple[str, ...]:
            rest = tuple(arguments[len(names) - 1 :])
            arguments = arguments[: len(names) - 1]
            taken = {names.pop(): rest} if rest else {}
        else:
            taken = {}
        if len(arguments) > len(names):
            wanted = f"; without a flag: {', '.join(names)}" if names else ""
            raise UserError(
                f"unexpected argument {arguments[len(names)]!r}: settings are given as "
                f"--name=value{wanted}"
            )
        return taken | dict(zip(names, arguments, strict=False))


def run_command(
    command: Command,
    argv: Sequence[str] | None = None,
    owners: Callable[[str], Sequence[str]] = lambda flag: (),
) -> None:
    """Runs a command and ends the program if something was wrong, with one line and exit code 1.

    Args:
        command: to run, once in a process.
        argv: the program's name and its arguments; None: those of the process.
        owners: names the other commands that take a flag which this one does not.
    """
    end_on_signals()
    argv = list(sys.argv if argv is None else argv)
    before_end = argv[1 : argv.index("--")] if "--" in argv else argv[1:]
    if any(argument in _HELP + _FULL_HELP for argument in before_end):
        full = any(argument in _FULL_HELP for argument in before_end)
        guarded(lambda: print(_help(command, full=full)))
        return
    command.define_flags(flags.FLAGS)

    def main(arguments: Sequence[str]) -> None:
        # People read it: no level, time, process and line before every sentence.
        logging.get_absl_handler().setFormatter(None)
        for (name, value), text in command.answers.items():
            if flags.FLAGS[name].value == value:
                print(text())
                return
        settings = command.read(arguments[1:], flags.FLAGS)
        if command.tensorflow:
            check_temporary_folder()
            from tflite_export.common import quiet_tensorflow  # noqa: F401  takes seconds

        check_signals()
        command.main(*settings)

    app.run(
        lambda arguments: guarded(lambda: main(arguments)),
        argv,
        flags_parser=lambda arguments: _parse_flags(arguments, owners),
    )


def _parse_flags(argv: Sequence[str], owners: Callable[[str], Sequence[str]]) -> list[str]:
    try:
        _refuse_flag_files(argv)
        return flags.FLAGS(argv)
    except flags.UnrecognizedFlagError as error:
        sys.exit(f"error: {_unrecognized(error, argv[0], owners)}")
    except (flags.Error, UserError) as error:
        sys.exit(f"error: {' '.join(str(error).split())}")


def _unrecognized(
    error: flags.UnrecognizedFlagError, program: str, owners: Callable[[str], Sequence[str]]
) -> str:
    *others, last = owners(error.flagname) or [""]
    if last:
        all_of_them = f"{', '.join(others)} and {last}" if others else last
        return f"--{error.flagname} belongs to {all_of_them}, not to {program}"
    said = " ".join(str(error).split())
    return said if "Did you mean" in said else f"{said}: --help shows those there are"


def _refuse_flag_files(argv: Sequence[str]) -> None:
    """Absl would read files of flags whatever they are, and endless ones without an end."""
    before_end = itertools.takewhile(lambda argument: argument != "--", argv[1:])
    if any(_FLAG_FILE.match(argument) for argument in before_end):
        raise UserError(f"flagfile is no setting: a file of settings is named by --{_CONFIG}")


def _help(command: Command, *, full: bool) -> str:
    description = sys.modules[command.main.__module__].__doc__
    text = command_help((description or "").strip(), command.keys(), full)
    return f"{text}\n{flags.FLAGS.get_help()}" if full else text
