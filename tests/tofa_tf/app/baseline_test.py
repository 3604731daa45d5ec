"""The command without a training: what it prints and keeps of nets that others make."""

import contextlib
import io
import tempfile
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized

from tests.tofa_tf.spaces_for_tests import TINY
from tflite_export.common.settings import keys_of
from tofa_tf.app import baseline
from tofa_tf.app.baseline import Options
from tofa_tf.common.errors import UserError
from tofa_tf.deploy.baseline_results import BaselineResult, read_baselines
from tofa_tf.select.alone import BASELINES
from tofa_tf.space.cost import cost
from tofa_tf.training.settings import RunFolder

_MADE = SimpleNamespace(
    model="net",
    cost=SimpleNamespace(macs=1_234_000, weight_bytes=77),
    effort=SimpleNamespace(seconds=12.6),
)


class BaselineTest(parameterized.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        experiment = SimpleNamespace(
            space=TINY,
            num_classes=10,
            channels=1,
            test_images=lambda resolution: resolution,
            dataset=SimpleNamespace(test=SimpleNamespace(labels=np.array([1, 2, 3, 4]))),
        )
        run = SimpleNamespace(folder=self.folder, experiment=experiment, supernet="supernet")
        self.right = [1, 2, 3, 0]
        for name, made in (
            ("tofa_tf.training.trained_run.load_run", lambda path: run),
            ("tofa_tf.select.alone.make_alone", lambda *_: _MADE),
            ("tofa_tf.nets.answers.answers", lambda *_: np.array(self.right)),
            ("tofa_tf.training.evaluate.accuracy", lambda *_: 0.5),
        ):
            self.enterContext(mock.patch(name, made))

    def _main(self, *names: str) -> list[str]:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            baseline.main(RunFolder(str(self.folder)), Options(names, levels=2))
        return printed.getvalue().splitlines()

    def test_a_line_for_the_run_and_each_baseline_at_every_level(self):
        lines = self._main("ridge", "scratch")
        self.assertLen(lines, 2 + 2 * 3)
        self.assertEqual(lines[0], "| MACs | made by | test accuracy, float | seconds |")
        for arch, own, *others in ((TINY.min_arch, *lines[2:5]), (TINY.max_arch, *lines[5:])):
            macs = cost(TINY, arch, 10, 1).macs / 1e6
            self.assertEqual(own, f"| {macs:.2f} M | this run | 50.0% | for all nets |")
            self.assertEqual(
                others, [f"| 1.23 M | {name} | 75.0% | 13 |" for name in ("ridge", "scratch")]
            )

    def test_figures_are_kept_and_measured_anew_replaced(self):
        self._main("ridge")
        expected = BaselineResult("ridge", 1_234_000, 77, 0.75, 12.6)
        self.assertEqual(read_baselines(self.folder).baselines, (expected,))
        self.right = [0, 0, 0, 4]
        self._main("ridge", "scratch")
        kept = read_baselines(self.folder).baselines
        self.assertEqual(
            {(one.name, one.float_accuracy) for one in kept}, {("ridge", 0.25), ("scratch", 0.25)}
        )

    @parameterized.parameters(
        ({"baselines": "guess"}, "baselines is .*guess.*: available: "),
        ({"levels": 1}, "levels is 1: it must be at least 2"),
    )
    def test_refused(self, given, message):
        with self.assertRaisesRegex(UserError, message):
            Options.make(given)

    def test_help_names_every_baseline(self):
        said = keys_of(Options)["baselines"].about.help
        for name in BASELINES:
            self.assertIn(name, said)


if __name__ == "__main__":
    absltest.main()
