"""Every fault of the corpus: one clear line, exit code 1, the same words from the library."""

import contextlib
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf
from absl.testing import parameterized

import tofa_tf as tofa
from tests.corpus import deploying, exporting, reading, training
from tests.corpus.case import BY_LIBRARY, Case, Outcome, by_command, by_process
from tests.corpus.found import FOUND
from tests.corpus.room import Room
from tests.tofa_tf.trained import tiny_space
from tofa_tf.app.main import COMMANDS

CASES = (*training.CASES, *deploying.CASES, *exporting.CASES, *reading.CASES)
_ENDING = tuple(case for case in CASES if not case.goes_on)
_GOING_ON = tuple(case for case in CASES if case.goes_on)
_BY_LIBRARY = tuple(case for case in _ENDING if case.in_python and case.command in BY_LIBRARY)
_BENCHMARK = "benchmarks.benchmark_tflite"
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

    def _end(self, case: Case) -> Outcome:
        if case.output:
            return by_process(case.command, case.settings, case.output)
        training = _BEFORE_TRAINING if case.command == "run" else {}
        settings = self._placed({**training, **case.settings})
        with case.around.around(self.room.placed):
            return by_command(case.command, settings)

    def _check_warnings(self, lines: list[str]) -> None:
        self.assertTrue(all(line.lower().startswith("warning:") for line in lines), lines)

    def _check_said(self, ended: Outcome, messages: Sequence[str]) -> None:
        said = "\n".join([*ended.lines, *ended.further])
        for message in messages:
            self.assertIn(message, said)

    @parameterized.named_parameters(_named(_ENDING))
    def test_by_the_command(self, case):
        ended = self._end(case)
        *before, line = ended.lines
        self.assertEqual(ended.code, 1, ended.lines)
        begins = "interrupted: " if case.around.terminated_in else "error: "
        self.assertStartsWith(line, begins)
        self.assertIn(case.message, line)
        self._check_warnings(before)
        self._check_said(ended, case.also)

    @parameterized.named_parameters(_named(_GOING_ON))
    def test_said_by_the_way(self, case):
        ended = self._end(case)
        self.assertEqual(ended.code, 0, ended.lines)
        self._check_warnings(ended.lines)
        self._check_said(ended, (case.message, *case.also))

    @parameterized.named_parameters(_named(_BY_LIBRARY))
    def test_by_the_library(self, case):
        call = BY_LIBRARY[case.command]
        settings = self._placed(case.settings)
        with (
            case.around.around(self.room.placed),
            contextlib.redirect_stderr(io.StringIO()),
            self.assertRaises(tofa.TofaError) as said,
        ):
            call(self.room["root"], settings)
        message = str(said.exception)
        self.assertIn(case.message, message)
        # Those who call a function have no flags.
        self.assertNotIn("--", message)

    def test_the_corpus_is_large_and_of_commands_that_there_are(self):
        self.assertGreaterEqual(len(CASES), 60)
        self.assertLen({case.name for case in CASES}, len(CASES))
        self.assertContainsSubset({case.command for case in CASES}, {*COMMANDS, _BENCHMARK})
        self.assertTrue(all(len(case.message) > 8 for case in CASES))

    def test_whatever_was_found_once_has_a_case(self):
        self.assertEqual({case.found for case in CASES} - {0}, set(FOUND))


if __name__ == "__main__":
    tf.test.main()
