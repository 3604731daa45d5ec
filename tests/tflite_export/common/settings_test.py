"""Settings in all the forms in which they arrive: values, text, mappings."""

import dataclasses
import enum
from pathlib import Path

import numpy as np
from absl.testing import absltest, parameterized

from tflite_export.common.errors import UserError
from tflite_export.common.settings import (
    SettingsBase,
    check_names,
    keys_of,
    setting,
    with_new_names,
)


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass(frozen=True)
class Mix(SettingsBase):
    first: float = setting("Share of the first.", least=0)
    second: float = setting("Share of the second.", 0.5, least=0)


@dataclasses.dataclass(frozen=True)
class Speed(SettingsBase):
    rate: float = setting("How fast.", 0.1, above=0)
    steps: int = setting("How long.", 10, least=1, most=1000)
    mix: Mix = setting("Shares of both.", Mix(1.0))


@dataclasses.dataclass(frozen=True)
class Job(SettingsBase):
    name: str = setting("What it is called.")
    sizes: tuple[int, ...] = setting("Sizes in pixels.", (), least=8)
    folder: str | None = setting("Where it is.", None, alias="dir")
    colour: Colour = setting("Which colour.", Colour.RED)
    rule: str = setting("Which rule.", "slow", choices=lambda: ("slow", "fast"))
    words: tuple[str, ...] = setting("Words.", (), choices=("yes", "no"))
    flip: bool = setting("Whether to mirror.", True)
    code: int = setting("A code.", 0, parse=lambda value: int(value, 16))
    speed: Speed = Speed()


class SettingsTest(parameterized.TestCase):
    def test_every_default_stands_once(self):
        made = Job.make({"name": "a"})
        self.assertEqual(made, Job("a"))
        self.assertEqual(made.speed, Speed(0.1, 10, Mix(1.0, 0.5)))
        self.assertEqual({key: keys_of(Job)[key].default for key in ("steps", "mix")},
                         {"steps": 10, "mix": Mix(1.0)})  # fmt: skip

    @parameterized.parameters(
        ({"steps": "20"}, "speed.steps", 20),
        ({"steps": np.int64(20)}, "speed.steps", 20),
        ({"rate": 1}, "speed.rate", 1.0),
        ({"rate": "2e-3"}, "speed.rate", 0.002),
        ({"sizes": "32, 64"}, "sizes", (32, 64)),
        ({"sizes": [np.int32(32)]}, "sizes", (32,)),
        ({"sizes": ""}, "sizes", ()),
        ({"sizes": 32}, "sizes", (32,)),
        ({"folder": Path("some/where")}, "folder", "some/where"),
        ({"folder": None}, "folder", None),
        ({"colour": "blue"}, "colour", Colour.BLUE),
        ({"rule": "fast"}, "rule", "fast"),
        ({"words": "yes,no,yes"}, "words", ("yes", "no", "yes")),
        ({"flip": "false"}, "flip", False),
        ({"code": "ff"}, "code", 255),
        ({"mix": "first=2, second=3"}, "speed.mix", Mix(2.0, 3.0)),
        ({"mix": {"first": 2}}, "speed.mix", Mix(2.0, 0.5)),
    )
    def test_values_are_brought_into_one_form(self, values, place, expected):
        found = Job.make({"name": "a", **values})
        for name in place.split("."):
            found = getattr(found, name)
        self.assertEqual(found, expected)
        self.assertIs(type(found), type(expected))

    @parameterized.parameters(
        ({"name": 3}, "name is 3: it must be a text"),
        ({"name": "a\udcff"}, r"name is 'a\\udcff': it must be valid UTF-8"),
        ({"name": None}, "name is None: it must be a text"),
        ({"steps": 0}, "steps is 0: it must lie between 1 and 1000"),
        ({"steps": 10**30}, "steps is 1000.*: it must lie between 1 and 1000"),
        ({"steps": "ten"}, "steps is 'ten': it must be a whole number"),
        ({"steps": 1.5}, "steps is 1.5: it must be a whole number"),
        ({"steps": True}, "steps is True: it must be a whole number"),
        ({"rate": 0}, "rate is 0.0: it must be above 0"),
        ({"rate": float("nan")}, "rate is nan: it must be a finite number"),
        ({"rate": "1e999"}, "rate is '1e999': it must be a finite number"),
        ({"sizes": (32, 4)}, r"sizes is \(32, 4\): it must be at least 8"),
        ({"sizes": None}, "sizes is None: it must be a whole number"),
        ({"sizes": "32,x"}, "sizes is '32,x': it must be a whole number"),
        ({"folder": 1}, "folder is 1: it must be a text"),
        ({"colour": "pink"}, "colour is 'pink': it must be one of red, blue"),
        ({"colour": ["red"]}, r"colour is \['red'\]: it must be one of red, blue"),
        ({"rule": "quick"}, "rule is 'quick': available: fast, slow"),
        ({"words": ["yes", "maybe"]}, r"words is \('yes', 'maybe'\): available: no, yes"),
        ({"flip": 1}, "flip is 1: it must be true or false"),
        ({"flip": [True]}, r"flip is \[True\]: it must be true or false"),
        ({"code": "xyz"}, "code is 'xyz': invalid literal"),
        ({"mix": "third=1"}, "mix is 'third=1': wanted first=NUMBER,second=NUMBER"),
        ({"mix": "first"}, "mix is 'first': wanted first=NUMBER,second=NUMBER"),
        ({"mix": "first=-1"}, "mix is 'first=-1': first is -1.0: it must be at least 0"),
        ({"mix": 7}, "mix is 7: wanted first=NUMBER"),
    )
    def test_what_is_not_allowed_is_named(self, values, message):
        with self.assertRaisesRegex(UserError, f"^{message}"):
            Job.make({"name": "a", **values})

    def test_the_constructor_checks_too(self):
        with self.assertRaisesRegex(UserError, "steps is -1: it must lie between 1 and 1000"):
            Speed(steps=-1)
        with self.assertRaisesRegex(UserError, "steps is -1"):
            dataclasses.replace(Speed(), steps=-1)

    def test_a_missing_setting_says_what_it_is(self):
        with self.assertRaisesRegex(UserError, r"^name is missing: What it is called\.$"):
            Job.make({})

    def test_plain_values_make_an_equal_instance(self):
        given = {"sizes": (8, 9), "mix": "first=3", "colour": "blue", "rate": 3}
        job = Job.make({"name": "a", **given})
        values = job.values()
        self.assertEqual(values["mix"], {"first": 3.0, "second": 0.5})
        self.assertEqual(values["sizes"], [8, 9])
        self.assertIs(type(values["colour"]), str)
        self.assertEqual(Job.make({**values, "code": "0"}), job)

    def test_unknown_names_get_the_nearest_and_old_ones_the_new(self):
        keys = keys_of(Job)
        with self.assertRaisesRegex(UserError, "unknown setting 'stepz'; did you mean 'steps'"):
            check_names({"rate": 1, "stepz": 2}, keys)
        check_names(keys, keys)
        self.assertEqual(with_new_names({"dir": "x", "rate": 1}, keys), {"folder": "x", "rate": 1})


if __name__ == "__main__":
    absltest.main()
