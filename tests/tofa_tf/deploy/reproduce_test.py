import dataclasses
import html
import re
import shlex
from pathlib import Path

import tensorflow as tf

from tests.tofa_tf.deploy.results_for_tests import NPU, REPORT, RESULT
from tflite_export.common.config_file import to_toml
from tflite_export.convert.quantization_settings import Int8Settings
from tflite_export.devices.boards import load_boards
from tofa_tf.app import deploy, run
from tofa_tf.deploy.deployment import Deployment
from tofa_tf.deploy.html_report import html_report
from tofa_tf.deploy.reproduce import reproduction
from tofa_tf.deploy.results import RunReport, ScenarioResult
from tofa_tf.deploy.settings import DeploySettings
from tofa_tf.deploy.targets import read_deployments
from tofa_tf.training.settings import Settings

_SEED = 7
_SETTINGS = Settings.make({"dataset": "digits", "steps": 400, "seed": _SEED})
_OWN = """
[mine]
core = "cortex-m4"
clock_mhz = 80
kernels = "cmsis_nn"
sram_kib = 128
sram_reserved_kib = 0
flash_kib = 512
flash_reserved_kib = 32
platforms = { zephyr = "mine" }
measurements = [{ model = "ab", measured_ms = 12.5, estimated_ms = 10.0 }]
"""
_BUDGETS = "macs=0.5M;flash_kib=96,arena_kib=64;fps@rp2040=30,params=30k;latency_ms@rp2040=1e2"


def _result(deployment: Deployment, **changes) -> ScenarioResult:
    return dataclasses.replace(RESULT, name=deployment.name, asked=deployment.asked, **changes)


class ReproduceTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir()) / self.id()
        self.folder.mkdir()
        (self.folder / "config.toml").write_text(to_toml(_SETTINGS.to_json()))

    def _report(self, *results: ScenarioResult) -> RunReport:
        settings = _SETTINGS.to_json()
        return dataclasses.replace(REPORT, settings=settings, seed=_SEED, scenarios=results)

    def _deployed_again(self, report: RunReport) -> list[Deployment]:
        """Reads the lines of the page as the commands do."""
        page = html_report(report, self.folder, "a title", [])
        lines, *files = re.findall("<pre>(.*?)</pre>", page.split("How to reproduce")[1], re.S)
        for name, content in zip(re.findall(r"board file (\S+) is", page), files, strict=True):
            (self.folder / name).write_text(html.unescape(content))
        deployments = []
        first, *others = [shlex.split(html.unescape(line)) for line in lines.split("\n")]
        self.assertEqual(first[:3], ["tofa", "run", "digits"])
        settings, place, models = run.COMMAND.parse(first[1:])
        self.assertEqual(settings, _SETTINGS)
        self.assertEqual(place.workdir, f"{self.folder}_again")
        deployments += self._read(models)
        for line in others:
            self.assertEqual(line[:2], ["tofa", "deploy"])
            place, models = deploy.COMMAND.parse(line[1:])
            self.assertEqual(place.workdir, f"{self.folder}_again")
            deployments += self._read(models)
        return deployments

    def _read(self, models: DeploySettings) -> list[Deployment]:
        own = [name for name in models.boards.split(",") if name.endswith(".json")]
        boards = models.boards
        for name in own:
            boards = boards.replace(name, str(self.folder / name))
        return read_deployments(dataclasses.replace(models, boards=boards), _SEED)

    def test_the_lines_ask_for_the_same_models(self):
        mine = self.folder / "mine.toml"
        mine.write_text(_OWN)
        qat = Int8Settings("auto", 0.25)
        for settings in (
            DeploySettings(scenarios=_BUDGETS),
            DeploySettings(boards="rp2040@100ms,nano33ble@30fps,esp32s3", scenarios=_BUDGETS),
            DeploySettings(boards=f"rp2040,{mine}@50ms", int8=qat, rule="evolution"),
            DeploySettings(boards=str(mine), objective="robust"),
        ):
            asked = read_deployments(settings, _SEED)
            report = self._report(*map(_result, asked))
            self.assertCountEqual(self._deployed_again(report), asked)

    def test_each_other_way_of_deploying_has_a_line_of_its_own(self):
        asked = [
            *read_deployments(DeploySettings(scenarios="macs=1M"), _SEED),
            *read_deployments(DeploySettings(boards="rp2040", int8=Int8Settings("qat")), _SEED),
            *read_deployments(DeploySettings(scenarios="macs=2M"), _SEED),
        ]
        report = self._report(*map(_result, asked))
        self.assertLen(reproduction(report, self.folder).commands, 2)
        self.assertCountEqual(self._deployed_again(report), asked)

    def test_npus_that_are_no_part_of_the_board(self):
        (asked,) = read_deployments(DeploySettings(scenarios="macs=1M"), _SEED)
        report = self._report(_result(asked, npus=(NPU,)))
        (line,) = reproduction(report, self.folder).commands
        self.assertIn("--vela=ethos-u55-128", line)

    def test_a_changed_board_is_no_longer_the_known_one(self):
        (board,) = load_boards("rp2040@100ms")
        (asked,) = read_deployments(DeploySettings(boards="rp2040@100ms"), _SEED)
        changed = dataclasses.replace(asked, board=dataclasses.replace(board, clock_mhz=200))
        made = reproduction(self._report(_result(changed)), self.folder)
        self.assertIn("--boards=rp2040_100ms.json", made.commands[0])
        self.assertEqual(list(made.board_files), ["rp2040_100ms.json"])

    def test_a_name_that_no_command_line_gives(self):
        budgets = {"macs": 1e6}
        asked = dataclasses.replace(RESULT.asked, budgets=budgets)
        named = dataclasses.replace(RESULT, name="the_usual", asked=asked)
        (line,) = reproduction(self._report(named), self.folder).commands
        self.assertIn("--scenarios=macs=1000000.0", line)

    def test_where_to_run_it(self):
        self.assertIn(
            "in the folder in which this run was begun",
            html_report(self._report(RESULT), self.folder, "a title", []),
        )
        (line,) = reproduction(self._report(), Path("runs/x")).commands
        self.assertEqual(
            line, "tofa train digits --config=runs/x/config.toml --workdir=runs/x_again"
        )
        (line,) = reproduction(self._report(), Path(".")).commands
        name = Path.cwd().name
        self.assertEndsWith(line, f"--config=../{name}/config.toml --workdir=../{name}_again")

    def test_a_run_on_arrays(self):
        report = dataclasses.replace(self._report(RESULT), settings={"dataset": "arrays"})
        self.assertEmpty(reproduction(report, self.folder).commands)
        page = html_report(report, self.folder, "a title", [])
        self.assertIn("The images were arrays of a program", page)


if __name__ == "__main__":
    tf.test.main()
