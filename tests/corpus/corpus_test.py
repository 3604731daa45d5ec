"""Every fault of the corpus: one clear line, exit code 1, the same words from the library."""

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import tensorflow as tf
from absl.testing import parameterized

import tofa_tf as tofa
from tests.corpus import deploying, exporting, reading, training
from tests.corpus.case import BY_LIBRARY, Case, by_command
from tests.corpus.room import Room
from tests.tofa_tf.trained import tiny_space
from tofa_tf.app.main import COMMANDS

CASES = (*training.CASES, *deploying.CASES, *exporting.CASES, *reading.CASES)
_BY_LIBRARY = tuple(case for case in CASES if case.in_python and case.command in BY_LIBRARY)
# `tofa run` trains too; it has to refuse what cannot be deployed before it does.
_BEFORE_TRAINING = {"dataset": "digits", "search_space": "tiny", "steps": 2, "workdir": "{root}/b"}


def _named(cases: tuple[Case, ...]) -> list[tuple[str, Case]]:
    return [(case.name.replace(" ", "_"), case) for case in cases]


class CorpusTest(tf.test.TestCase, parameterized.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.enterClassContext(tiny_space())
        cls.room = Room(Path(cls.enterClassContext(tempfile.TemporaryDirectory())))

    def tearDown(self):
        super().tearDown()
        root = self.room["root"]
        # Nothing was begun, and nothing of the user's was touched.
        for name in ("run", "b", "exported", "converted.weights.h5"):
            self.assertFalse((root / name).exists(), f"{name} was made")
        if "foreign" in self.room:
            self.assertLen(list(self.room["foreign"].iterdir()), 2)
        if "trained" in self.room:
            self.assertTrue((self.room["trained"] / "supernet.weights.h5").exists())

    def _placed(self, settings: dict) -> dict:
        return {name: self.room.placed(value) for name, value in settings.items()}

    @contextlib.contextmanager
    def _surroundings(self, case: Case) -> Iterator[None]:
        with mock.patch.dict(os.environ, case.environment), contextlib.ExitStack() as stack:
            if case.temporary:
                place = str(self.room.placed(case.temporary))
                stack.enter_context(mock.patch.object(tempfile, "tempdir", place))
            yield

    @parameterized.named_parameters(_named(CASES))
    def test_by_the_command(self, case):
        training = _BEFORE_TRAINING if case.command == "run" else {}
        with self._surroundings(case):
            ended = by_command(case.command, self._placed({**training, **case.settings}))
        *before, line = ended.lines
        self.assertEqual(ended.code, 1, ended.lines)
        self.assertStartsWith(line, "error: ")
        self.assertIn(case.message, line)
        self.assertTrue(all(each.lower().startswith("warning:") for each in before), before)

    @parameterized.named_parameters(_named(_BY_LIBRARY))
    def test_by_the_library(self, case):
        call = BY_LIBRARY[case.command]
        with (
            self._surroundings(case),
            contextlib.redirect_stderr(io.StringIO()),
            self.assertRaises(tofa.TofaError) as said,
        ):
            call(self.room["root"], self._placed(case.settings))
        message = str(said.exception)
        self.assertIn(case.message, message)
        # Those who call a function have no flags.
        self.assertNotIn("--", message)

    def test_the_corpus_is_large_and_of_commands_that_there_are(self):
        self.assertGreaterEqual(len(CASES), 60)
        self.assertLen({case.name for case in CASES}, len(CASES))
        self.assertContainsSubset({case.command for case in CASES}, COMMANDS)
        self.assertTrue(all(len(case.message) > 8 for case in CASES))


if __name__ == "__main__":
    tf.test.main()
