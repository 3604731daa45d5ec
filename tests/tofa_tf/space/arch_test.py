import json

import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.common.errors import UserError
from tofa_tf.space.arch import Arch, StageArch

_STAGE = {"width": 24, "depth": 2, "kernel": [3, 5], "expand": [3, 4.5]}
_JSON = {
    "space": "hand",
    "resolution": 48,
    "stem_width": 8,
    "stages": [{"width": 16, "depth": 1}, _STAGE],
    "feature_width": 32,
}
_ARCH = Arch(
    "hand",
    48,
    8,
    (StageArch(16, 1), StageArch(24, 2, (("kernel", (3, 5)), ("expand", (3, 4.5))))),
    32,
)


class ArchTest(tf.test.TestCase, parameterized.TestCase):
    def test_json_is_what_stands_in_files(self):
        # A list equals a tuple to absl.
        self.assertEqual(repr(_ARCH.to_json()), repr(_JSON))

    def test_what_was_read_stands_for_the_same_key(self):
        again = Arch.from_json(json.loads(json.dumps(_JSON)))
        self.assertEqual({_ARCH: "found"}[again], "found")

    def test_a_space_without_feature_layer_needs_no_width_of_it(self):
        data = {name: value for name, value in _JSON.items() if name != "feature_width"}
        self.assertEqual(Arch.from_json(data).feature_width, 0)

    def test_each_block_has_its_own_choices(self):
        stage = StageArch.make(24, 2, {"kernel": [3, 5], "expand": iter((3, 4.5))})
        self.assertEqual(stage, _ARCH.stages[1])
        self.assertEqual(stage.of_block(0), {"kernel": 3, "expand": 3})
        self.assertEqual(stage.of_block(1), {"kernel": 5, "expand": 4.5})

    @parameterized.parameters(
        ({"resolution": 48.0}, "resolution is 48.0; wanted a whole number"),
        ({"stem_width": None}, "stem_width is None; wanted a whole number"),
        ({"feature_width": "32"}, "feature_width is '32'; wanted a whole number"),
        ({"stages": [3]}, "'int' object is not iterable"),
        ({"groups": 2}, ".*unexpected keyword argument 'groups'"),
    )
    def test_a_field_that_does_not_fit_is_named(self, changes, message):
        with self.assertRaisesRegex(UserError, rf"^not an Arch \({message}.*\); wanted: "):
            Arch.from_json({**_JSON, **changes})

    @parameterized.parameters(
        # A width that is cut off would be that of another subnet.
        ({"width": 24.7}, "width is 24.7; wanted a whole number"),
        ({"width": float("inf")}, "width is inf; wanted a whole number"),
        ({"depth": True}, "depth is True; wanted a whole number"),
        ({"depth": "2"}, "depth is '2'; wanted a whole number"),
        ({"kernel": 3}, "'int' object is not iterable"),
    )
    def test_a_field_of_a_stage_that_does_not_fit_is_named(self, changes, message):
        data = {**_JSON, "stages": [{"width": 16, "depth": 1}, {**_STAGE, **changes}]}
        with self.assertRaisesRegex(UserError, rf"^not an Arch \({message}\); wanted: "):
            Arch.from_json(data)

    @parameterized.parameters("space", "resolution", "stem_width", "stages")
    def test_a_field_that_is_missing_is_named(self, name):
        data = {key: value for key, value in _JSON.items() if key != name}
        with self.assertRaisesRegex(UserError, f"^not an Arch .*'{name}'"):
            Arch.from_json(data)


if __name__ == "__main__":
    tf.test.main()
