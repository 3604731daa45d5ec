import enum
from pathlib import Path

from absl.testing import absltest, parameterized

from tflite_export.common.setting_types import converted


class _Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class ConvertedTest(parameterized.TestCase):
    @parameterized.parameters(
        (int, "7", 7), (int, 7, 7), (float, "0.5", 0.5), (float, 2, 2.0),
        (bool, "true", True), (bool, False, False), (str, Path("a/b"), "a/b"),
        (tuple[int, ...], "1,2", (1, 2)), (tuple[int, ...], [3], (3,)), (tuple[int, ...], 4, (4,)),
        (tuple[str, ...], "", ()), (_Colour, "red", _Colour.RED),
        (float | None, None, None), (float | None, "1", 1.0),
    )  # fmt: skip
    def test_values(self, kind, given, wanted):
        made = converted(kind, given)
        self.assertEqual(made, wanted)
        self.assertIs(type(made), type(wanted))

    @parameterized.parameters(
        (int, "1.5", "a whole number"), (int, True, "a whole number"), (int, 1.5, "a whole number"),
        (float, "x", "it must be a number"), (float, "nan", "a finite number"),
        (bool, "yes", "true or false"), (str, 3, "a text"), (str, "\udcff", "valid UTF-8"),
        (_Colour, "green", "one of red, blue"), (float | None, "x", "it must be a number"),
        (tuple[int, ...], "1,x", "a whole number"),
    )  # fmt: skip
    def test_what_cannot_be(self, kind, given, message):
        with self.assertRaisesRegex(ValueError, message):
            converted(kind, given)


if __name__ == "__main__":
    absltest.main()
