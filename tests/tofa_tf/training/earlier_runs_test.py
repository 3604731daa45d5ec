"""Runs that were made before some of today's settings came."""

import json
import tempfile
from pathlib import Path

from absl.testing import absltest, parameterized

from tflite_export.common.folders import mark
from tflite_export.common.settings import keys_of
from tofa_tf.common.errors import UserError
from tofa_tf.common.workdir import CONFIG, LATER_SETTINGS, RUN, close_workdir, open_workdir
from tofa_tf.training.extension import shorter_run
from tofa_tf.training.settings import Settings

_BY_DEFAULT = Settings.make({"dataset": "digits", "steps": 5})
_AS_EARLIER = Settings.make({"dataset": "digits", "steps": 5, "self_training": False})


class EarlierRunsTest(parameterized.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.addCleanup(close_workdir, self.folder)

    def _write(self, settings: Settings, *lacking: str) -> None:
        values = {k: v for k, v in settings.to_json().items() if k not in lacking}
        (self.folder / CONFIG).write_text(json.dumps(values))
        mark(self.folder, RUN)

    @parameterized.parameters(
        (["mixed_precision"], _BY_DEFAULT),
        (["mixed_precision", "self_training"], _AS_EARLIER),
        ([], _BY_DEFAULT),
    )
    def test_later_settings_have_the_values_that_the_run_was_made_with(self, lacking, expected):
        self._write(_BY_DEFAULT, *lacking)
        self.assertEqual(Settings.of_run(self.folder), expected)

    @parameterized.parameters("steps", "foreign", "test")
    def test_what_nobody_knows_of_an_earlier_run_is_not_guessed(self, lacking):
        self._write(_BY_DEFAULT, lacking)
        with self.assertRaisesRegex(UserError, "is the run of another version: train it anew"):
            Settings.of_run(self.folder)

    def test_it_is_continued_and_extended_as_it_was_made(self):
        self._write(_BY_DEFAULT, *LATER_SETTINGS)
        with self.assertRaisesRegex(UserError, "self_training is False there, True here"):
            open_workdir(self.folder, _BY_DEFAULT.to_json(), overwrite=False)
        self.assertEqual(
            open_workdir(self.folder, _AS_EARLIER.to_json(), overwrite=False), self.folder
        )
        longer = {**_AS_EARLIER.to_json(), "steps": 9}
        self.assertEqual(shorter_run(self.folder, longer), _AS_EARLIER.to_json())

    def test_later_settings_are_settings(self):
        keys = keys_of(Settings)
        for name, value in LATER_SETTINGS.items():
            self.assertIs(type(value), keys[name].type)


if __name__ == "__main__":
    absltest.main()
