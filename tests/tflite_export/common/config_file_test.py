import dataclasses
import tempfile
import tomllib
from pathlib import Path

from absl.testing import absltest, parameterized

from tflite_export.common.config_file import read_config, to_toml
from tflite_export.common.errors import UserError
from tflite_export.common.settings import SettingsBase, keys_of, setting


@dataclasses.dataclass(frozen=True)
class Job(SettingsBase):
    name: str = setting("What it is called.", "")
    steps: int = setting("How long.", 10)
    folder: str = setting("Where it is.", "", alias="dir")


class ConfigFileTest(parameterized.TestCase):
    def setUp(self):
        super().setUp()
        self.path = Path(self.enterContext(tempfile.TemporaryDirectory())) / "run.toml"

    def test_settings_by_new_and_old_names(self):
        self.path.write_text('steps = 20  # long\ndir = "photos/"\n')
        self.assertEqual(read_config(self.path, keys_of(Job)), {"steps": 20, "folder": "photos/"})

    def test_files_of_windows(self):
        self.path.write_bytes(b"\xef\xbb\xbfsteps = 20\r\n")
        self.assertEqual(read_config(self.path, keys_of(Job)), {"steps": 20})

    @parameterized.parameters(
        ("stepz = 3", "run.toml: unknown setting 'stepz'; did you mean 'steps'"),
        ("[train]\nsteps = 3", "run.toml: unknown setting 'train'; did you mean 'name'"),
        ("steps 3", "run.toml is no TOML: "),
        ("a = " + "[" * 100_000, "run.toml is no TOML"),
        ("name = '\udcff'", "run.toml is no TOML: "),
    )
    def test_files_that_cannot_be_read_as_asked(self, content, message):
        self.path.write_text(content, errors="surrogateescape")
        with self.assertRaisesRegex(UserError, message):
            read_config(self.path, keys_of(Job))

    def test_a_missing_file(self):
        with self.assertRaisesRegex(UserError, "cannot read .*run.toml: No such file"):
            read_config(self.path, keys_of(Job))

    def test_all_plain_values_are_written_so_that_toml_reads_them_equal(self):
        values = {
            "text": 'quote " backslash \\ line\nend \x7f ä 😀',
            "whole": -3,
            "number": 5e-05,
            "large": 1e22,
            "yes": True,
            "list": [1, 2, 3],
            "texts": ["a", "b c"],
            "empty": [],
            "table": {"first": 1.0, "second": [{"deep": "x"}]},
            "nothing": None,
        }
        read = tomllib.loads(to_toml(values))
        self.assertEqual(read, {k: v for k, v in values.items() if v is not None})
        self.assertIs(type(read["number"]), float)
        self.assertIs(type(read["large"]), float)


if __name__ == "__main__":
    absltest.main()
