import dataclasses
import enum
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import tensorflow as tf
from absl.testing import parameterized

from tflite_export.common.errors import TofaError
from tflite_export.common.json_data import JsonRecord, to_json


class Way(enum.StrEnum):
    SHORT = "short"
    LONG = "long"


@dataclasses.dataclass(frozen=True)
class Part(JsonRecord):
    size: int
    shares: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True)
class Colour:
    """Has a form of its own."""

    red: int

    def to_json(self) -> str:
        return f"#{self.red:02x}"

    @staticmethod
    def from_json(data: Any) -> "Colour":
        if not isinstance(data, str) or not data.startswith("#"):
            raise TofaError(f"no colour: {data!r}")
        return Colour(int(data[1:], 16))


@dataclasses.dataclass(frozen=True)
class Whole(JsonRecord):
    name: str
    ready: bool
    way: Way
    parts: tuple[Part, ...]
    pair: tuple[str, float]
    best: Part | None
    counts: Mapping[str, int]
    note: Mapping[str, Any]
    limit: float | None = None
    share: Literal["all"] | int = "all"
    colours: tuple[Colour, ...] = (Colour(255),)


WHOLE = Whole(
    name="a ± b",
    ready=True,
    way=Way.LONG,
    parts=(Part(1, (0.5, 1.0)), Part(2)),
    pair=("macs", 1e6),
    best=None,
    counts={"CONV_2D": 3},
    note={"free": [1, {"of": "form"}]},
)
DATA = {
    "name": "a ± b",
    "ready": True,
    "way": "long",
    "parts": [{"size": 1, "shares": [0.5, 1.0]}, {"size": 2, "shares": []}],
    "pair": ["macs", 1e6],
    "best": None,
    "counts": {"CONV_2D": 3},
    "note": {"free": [1, {"of": "form"}]},
    "limit": None,
    "share": "all",
    "colours": ["#ff"],
}


class JsonDataTest(tf.test.TestCase, parameterized.TestCase):
    def test_a_record_is_plain_data_and_comes_back_equal(self):
        self.assertEqual(WHOLE.to_json(), DATA)
        self.assertEqual(Whole.from_json(json.loads(json.dumps(WHOLE.to_json()))), WHOLE)
        self.assertIs(Whole.from_json(DATA).way, Way.LONG)

    def test_fields_with_a_default_may_be_missing_and_whole_numbers_are_numbers(self):
        data = {key: value for key, value in DATA.items() if key != "limit"}
        self.assertEqual(Whole.from_json(data), WHOLE)
        self.assertEqual(Whole.from_json({**DATA, "limit": 3}).limit, 3.0)
        self.assertEqual(Whole.from_json({**DATA, "share": 3}).share, 3)
        self.assertEqual(Whole.from_json({**DATA, "best": {"size": 7}}).best, Part(7))

    @parameterized.parameters(
        ({"name": 3}, "name is 3; wanted a text"),
        ({"ready": 1}, "ready is 1; wanted true or false"),
        ({"way": "wide"}, "way is 'wide'; wanted one of short, long"),
        ({"way": ["long"]}, "way is .*; wanted one of short, long"),
        ({"parts": {}}, "parts is {}; wanted a list"),
        ({"parts": [{"size": 1}, {"size": True}]}, r"parts\[1\].size is True; wanted a whole"),
        ({"parts": [{"size": 1.0}]}, r"parts\[0\].size is 1.0; wanted a whole number"),
        ({"parts": [{"size": 10**40}]}, r"parts\[0\].size is 1000*; wanted a whole number"),
        ({"limit": -(10**400)}, r"limit is -10*\.\.\.; wanted a number"),
        ({"parts": [{"shares": []}]}, r"the field 'parts\[0\].size' is missing"),
        ({"parts": [{"size": 1, "shares": [None]}]}, r"parts\[0\].shares\[0\] is None; wanted a n"),
        ({"pair": ["macs"]}, r"pair is \['macs'\]; wanted a list of 2"),
        ({"best": [1]}, r"best is \[1\]; wanted the fields of a Part"),
        ({"best": {"size": 1, "colour": 2}}, "unknown field 'best.colour'; known: size, shares"),
        ({"counts": {"ADD": "x"}}, "counts.ADD is 'x'; wanted a whole number"),
        ({"counts": [1]}, "counts is .*; wanted an object"),
        ({"share": "some"}, "share is 'some'; wanted one of all"),
        ({"colours": ["#ff", 3]}, r"colours\[1\]: no colour: 3"),
        ({"limit": "x" * 100}, r"limit is 'xx*\.\.\.; wanted a number"),
    )
    def test_what_does_not_fit_is_named(self, changes, message):
        with self.assertRaisesRegex(TofaError, f"^{message}"):
            Whole.from_json({**DATA, **changes})

    @parameterized.parameters(([],), (None,), ("text",))
    def test_what_is_no_record_at_all_is_said(self, data):
        with self.assertRaisesRegex(TofaError, "the record is .*; wanted the fields of a Whole"):
            Whole.from_json(data)

    def test_objects_without_a_form_are_a_mistake_of_the_program(self):
        with self.assertRaisesRegex(TypeError, "object has no form in JSON"):
            to_json((1, object()))

    def test_files_name_themselves(self):
        path = Path(self.get_temp_dir()) / "whole.json"
        path.write_text(json.dumps(DATA), encoding="utf-8")
        self.assertEqual(Whole.read(path), WHOLE)
        for content, message in (
            (b'{"name": ', "is damaged: it is not JSON"),
            (b"\xff", "is damaged: it is not JSON"),
            (b"[" * 100_000, "is damaged: it is not JSON"),
            (b'{"name": 1}', ": the field 'ready' is missing"),
        ):
            path.write_bytes(content)
            with self.assertRaisesRegex(TofaError, f"{path}.*{message}"):
                Whole.read(path)
        path.unlink()
        with self.assertRaisesRegex(TofaError, f"cannot read {path}: No such file"):
            Whole.read(path)


if __name__ == "__main__":
    tf.test.main()
