import dataclasses

from absl.testing import absltest

from tflite_export.common.command_help import command_help
from tflite_export.common.settings import SettingsBase, keys_of, setting

_LONG = "A help that goes on and on, word after word, until a line of ninety-six columns is full."


def _never() -> list[str]:
    raise AssertionError("listing the choices is slow, and nobody asked for it")


@dataclasses.dataclass(frozen=True)
class _Job(SettingsBase):
    name: str = setting("What it is called.", heading="What")
    rate: float = setting("How fast.", 0.5, heading="How")
    colour: str = setting("Of what colour.", "red", choices=("red", "blue"), heading="What")
    shape: str = setting("Of what shape.", "round", choices=_never)
    sizes: tuple[int, ...] = setting("How large.", (32, 48))
    nothing: str | None = setting("What else.", None)
    flip: bool = setting("Whether to mirror.", True)
    eighteen_long_name: bool = setting("Whether to keep it.", False)
    nineteen_characters: int = setting(_LONG, 0)


_SHORT_HELP = """\
Makes something.

What:
  --name                What it is called.
  --colour              Of what colour. One of red, blue. Default: red.

How:
  --rate                How fast. Default: 0.5.

Everywhere:
  --config              A TOML file of settings, `steps = 600`; flags win."""

_FURTHER = """

Further:
  --shape               Of what shape. Default: round.
  --sizes               How large. Default: 32,48.
  --nothing             What else.
  --[no]flip            Whether to mirror.
  --eighteen_long_name  Whether to keep it.
  --nineteen_characters
                        A help that goes on and on, word after word, until a line of ninety-six
                        columns is full. Default: 0.
"""


class CommandHelpTest(absltest.TestCase):
    def test_settings_stand_under_their_headings_in_the_order_of_the_first(self):
        shown = command_help("Makes something.", keys_of(_Job), full=False)
        self.assertEqual(shown, f"{_SHORT_HELP}\n  --helpfull            Shows all flags.")

    def test_the_full_help_has_those_without_a_heading_too(self):
        shown = command_help("Makes something.", keys_of(_Job), full=True)
        head, everywhere = _SHORT_HELP.split("\n\nEverywhere:")
        self.assertEqual(shown, f"{head}{_FURTHER}\nEverywhere:{everywhere}")

    def test_a_command_without_settings_has_no_empty_heading(self):
        shown = command_help("Waits.", {}, full=True)
        self.assertEqual(shown.split("\n")[:3], ["Waits.", "", "Everywhere:"])


if __name__ == "__main__":
    absltest.main()
