import dataclasses
import shutil
from pathlib import Path

import tensorflow as tf

from tests.tofa_tf.trained import SMALL, deployed_copy, trained_copy
from tflite_export.devices.boards import load_boards
from tofa_tf.common.workdir import sha256
from tofa_tf.deploy.deploy import deploy
from tofa_tf.deploy.deployment import Deployment, make_deployments
from tofa_tf.deploy.results import REPORT, RunReport
from tofa_tf.select.scenario import Budget, Scenario

MEDIUM = Deployment(Scenario("medium", (Budget("macs", 70e3),)))
# Less than the smallest subnet has.
DUST = Deployment(Scenario("dust", (Budget("macs", 1e3),)))


class DeployTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir()) / "run"
        self.trained, self.small = deployed_copy(self.folder)

    def test_the_report_says_what_was_trained_and_made(self):
        deployed = deploy(self.trained, [SMALL, MEDIUM])
        report = RunReport.read(self.folder / REPORT)
        self.assertEqual(report, deployed.report)
        self.assertEqual(report.scenarios, deployed.results)
        self.assertEqual([r.asked for r in report.scenarios], [SMALL.asked, MEDIUM.asked])
        experiment = self.trained.experiment
        self.assertEqual(report.settings, experiment.settings.to_json())
        self.assertEqual(report.weights_sha256, sha256(self.folder / "supernet.weights.h5"))
        self.assertEqual(report.class_names, tuple("0123456789"))
        self.assertEqual(
            (report.labelled_images, report.unlabelled_images, report.test_images), (50, 1388, 359)
        )
        self.assertGreater(report.training_seconds, 0)
        self.assertEqual(report.versions["keras"], tf.keras.version())
        for name in ("report.md", "report.html", "accuracy.png"):
            self.assertGreater((self.folder / name).stat().st_size, 0, name)

    def test_one_deployment_that_fails_costs_the_others_nothing(self):
        said = []
        deployed = deploy(self.trained, [DUST, MEDIUM], say=said.append)
        self.assertEqual(said, ["[1/2] dust", "[2/2] medium"])
        self.assertEqual([result.name for result in deployed.results], ["medium"])
        (failure,) = deployed.failures
        self.assertRegex(failure, "^scenario 'dust': nothing fits; the smallest subnet")
        self.assertEqual(RunReport.read(self.folder / REPORT).not_fitting, (failure,))

    def test_where_all_fail_there_is_no_report(self):
        run = trained_copy(self.folder.with_name("none"))
        deployed = deploy(run, [DUST])
        self.assertEmpty(deployed.results)
        self.assertFalse((run.folder / REPORT).exists())

    def test_a_further_deployment_keeps_what_was_made_and_reports_it(self):
        model = self.folder / self.small.tflite
        written = model.stat().st_mtime_ns
        # Of killed processes, for models that nobody asks for any more.
        left = (self.folder / "scenarios" / name for name in (".making/b", ".small.old.12"))
        for path in left:
            shutil.copytree(model.parent, path)
        second = deploy(self.trained, [MEDIUM])
        self.assertEqual([r.name for r in second.report.scenarios], ["medium", "small"])
        self.assertEqual(second.report.scenarios[1], self.small)
        self.assertEqual(len(second.results), 1)
        names = [path.name for path in (self.folder / "scenarios").iterdir()]
        self.assertCountEqual(names, ["medium", "small"])
        self.assertEqual(model.stat().st_mtime_ns, written)
        other = dataclasses.replace(self.trained, weights_sha256="0" * 64)
        self.assertEmpty(deploy(other, [DUST]).report.scenarios)

    def test_boards_with_their_npus_are_reported_side_by_side(self):
        boards = load_boards("rp2040,nano33ble")
        deployments = make_deployments([], boards, npu="ethos-u55-128")
        deployed = deploy(self.trained, [SMALL, *deployments], platforms=["make"])
        by_budget, first, second = deployed.results
        self.assertEqual(first.sha256, second.sha256)
        self.assertEqual([npu.config for npu in first.npus], ["ethos-u55-128"])
        self.assertEmpty(by_budget.npus)
        text = (self.folder / "report.md").read_text(encoding="utf-8")
        self.assertIn("latency, estimate", text)
        self.assertIn("latency on the NPU, estimate", text)
        page = (self.folder / "report.html").read_text(encoding="utf-8")
        self.assertRegex(page, r"on ethos-u55-128 at \d+ MHz: estimate [\d.]+ ms")
        for result in deployed.results:
            project = (self.folder / result.tflite).parent / "firmware" / "make"
            self.assertTrue((project / "README.md").exists(), result.name)


if __name__ == "__main__":
    tf.test.main()
