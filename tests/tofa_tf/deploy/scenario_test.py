import contextlib
import dataclasses
import io
import json
from pathlib import Path
from unittest import mock

import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.trained import SMALL, deployed_copy
from tflite_export.convert.quantization_settings import Method, QatSettings, Quantization
from tflite_export.devices.boards import load_boards
from tflite_export.devices.latency import estimate_latency
from tflite_export.exporting.export_folder import read_report
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.runtimes.tflm_pool import TflmPool
from tofa_tf.common.errors import UserError
from tofa_tf.common.workdir import sha256
from tofa_tf.deploy import scenario
from tofa_tf.deploy.deployment import Deployment
from tofa_tf.deploy.results import ScenarioResult
from tofa_tf.deploy.scenario import finished_result, missed_budgets, run_scenario
from tofa_tf.select.scenario import Budget, Scenario
from tofa_tf.space.arch import Arch
from tofa_tf.space.cost import cost


class ScenarioTest(tf.test.TestCase, parameterized.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tflm = TflmPool()
        cls.tflm.__enter__()
        cls.addClassCleanup(cls.tflm.__exit__, None, None, None)

    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir()) / "run"
        self.trained, self.small = deployed_copy(self.folder)

    def _run(self, deployment: Deployment, *others: ScenarioResult) -> ScenarioResult:
        return run_scenario(self.trained, deployment, self.tflm, others)

    def _finished(self, result: ScenarioResult) -> ScenarioResult | None:
        output = (self.folder / result.tflite).parent
        return finished_result(output, self.trained.weights_sha256)

    def _written_at(self, result: ScenarioResult) -> int:
        return (self.folder / result.tflite).stat().st_mtime_ns

    def test_the_verified_model_keeps_every_budget(self):
        limits = {"macs": 60e3, "flash_kib": 40.0, "arena_kib": 24.0, "params": 5e3}
        result = self._run(
            Deployment(Scenario("all", tuple(Budget(*limit) for limit in limits.items())))
        )
        model = self.folder / result.tflite
        used = {
            "macs": result.macs,
            "params": result.params,
            "flash_kib": model.stat().st_size / 1024,
            "arena_kib": result.verification.arena_bytes / 1024,
        }
        for resource, limit in limits.items():
            self.assertLessEqual(used[resource], limit, resource)
        made = self.trained.experiment
        predicted = cost(made.space, result.arch, made.num_classes, made.channels)
        self.assertEqual((predicted.macs, predicted.params), (result.macs, result.params))
        self.assertEqual(result.tflite_bytes, model.stat().st_size)
        self.assertEqual(result.sha256, sha256(model))
        self.assertEqual(result.weights_sha256, self.trained.weights_sha256)
        self.assertEqual((result.origin, result.verification.examples), ("log", 359))
        self.assertIn((result.sampled_at_step, result.arch), list(self.trained.sampled))
        for name in ("arch.json", "model_data.cc", "model_data.h", "report.json"):
            self.assertTrue(model.with_name(name).exists(), name)
        arch = json.loads(model.with_name("arch.json").read_text())
        self.assertEqual(Arch.from_json(arch), result.arch)
        self.assertEqual(self._finished(result), result)

    def test_budgets_are_held_against_the_verified_file(self):
        board, model = load_boards("rp2040")[0], self.folder / self.small.tflite
        report, tflite = read_report(model.parent), model.read_bytes()
        used = {
            "flash_kib": len(tflite) / 1024,
            "arena_kib": self.small.verification.arena_bytes / 1024,
            "latency_ms": estimate_latency(read_tflite(tflite), board).latency_ms,
        }
        for resource, amount in used.items():
            on_board = board if resource == "latency_ms" else None
            for share, missed in ((1.01, ""), (0.99, "^" + resource)):
                budget = Budget(resource, share * amount, on_board)
                text = missed_budgets(Scenario("x", (budget,)), report, tflite)
                self.assertRegex(text, missed or "^$")

    def test_subnets_that_were_not_trained_are_drawn_where_the_log_has_none(self):
        run = dataclasses.replace(self.trained, sampled=())
        drawn = Deployment(Scenario("drawn", (Budget("macs", 60e3),)))
        result = run_scenario(run, drawn, self.tflm)
        self.assertEqual((result.origin, result.sampled_at_step), ("drawn", None))
        self.assertLessEqual(result.macs, 60e3)

    def test_a_finished_scenario_is_kept_and_a_damaged_model_made_again(self):
        written = self._written_at(self.small)
        self.assertEqual(self._run(SMALL), self.small)
        self.assertEqual(self._written_at(self.small), written)
        model = self.folder / self.small.tflite
        whole = model.read_bytes()
        model.write_bytes(whole[:100])
        self.assertIsNone(self._finished(self.small))
        self._run(SMALL)
        self.assertEqual(model.read_bytes(), whole)

    def test_one_that_lacks_a_file_or_has_a_damaged_report_is_made_again(self):
        first = self._run(SMALL)
        output = (self.folder / first.tflite).parent
        for name, content, said in (
            ("report.json", b'{"format": 3, "sha', "report.json is damaged"),
            ("report.json", None, "cannot read "),
            ("labels.txt", b"", ""),
            ("model_data.cc", None, ""),
            ("model_data.cc", b"// edited", "model_data.cc is damaged or was changed"),
            ("labels.txt", b"one\ntwo\n", "labels.txt is damaged or was changed"),
            ("preprocessing.json", b"{}", "preprocessing.json is damaged or was changed"),
            ("arch.json", None, "arch.json is damaged or was changed"),
            ("sample.png", b"", "sample.png is damaged or was changed"),
        ):
            whole = (output / name).read_bytes()
            (output / name).unlink()
            if content is not None:
                (output / name).write_bytes(content)
            with contextlib.redirect_stderr(io.StringIO()) as warned:
                self.assertIsNone(self._finished(first), name)
            self.assertIn(said, warned.getvalue())
            (output / name).write_bytes(whole)
        self.assertEqual(self._finished(first), first)

    def test_a_report_that_says_something_else_is_made_again(self):
        first = self._run(SMALL)
        report = (self.folder / first.tflite).with_name("report.json")
        data = json.loads(report.read_text())
        data["verification"]["examples"] = 10**6
        report.write_text(json.dumps(data))
        with contextlib.redirect_stderr(io.StringIO()) as warned:
            self.assertIsNone(self._finished(first))
        self.assertIn("report.json is damaged or was changed", warned.getvalue())

    def test_one_of_an_earlier_version_without_hashes_counts(self):
        first = self._run(SMALL)
        record = (self.folder / first.tflite).with_name("scenario.json")
        data = json.loads(record.read_text())
        del data["files"]
        record.write_text(json.dumps(data))
        self.assertEqual(self._finished(first), dataclasses.replace(first, files={}))

    def test_a_finished_one_stays_until_its_successor_is_whole(self):
        other = dataclasses.replace(SMALL, board=load_boards("rp2040")[0])
        with (
            mock.patch.object(scenario, "_evaluate", side_effect=KeyboardInterrupt),
            self.assertRaises(KeyboardInterrupt),
        ):
            self._run(other)
        self.assertEqual(self._finished(self.small), self.small)
        self.assertIsNotNone(self._run(other).board)
        self.assertEqual([path.name for path in (self.folder / "scenarios").iterdir()], ["small"])

    def test_with_other_weights_it_counts_as_not_made(self):
        output = (self.folder / self.small.tflite).parent
        self.assertIsNone(finished_result(output, "0" * 64))

    @parameterized.parameters(
        ("{", "is not JSON"),
        ("[]", "wanted the fields of a ScenarioResult"),
        ('{"format": 1, "name": "small"}', "format 1, where this version"),
        ('{"format": 3}', "the field 'name' is missing"),
    )
    def test_a_damaged_or_old_record_is_made_anew_with_a_warning(self, text, message):
        output = self.folder / "scenarios" / "small"
        (output / "scenario.json").write_text(text)
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            self.assertIsNone(finished_result(output, self.trained.weights_sha256))
        pattern = f"^warning: {output}/scenario.json.*{message}.*; the scenario counts as not made$"
        self.assertRegex(said.getvalue().strip(), pattern)

    def test_an_equal_subnet_is_verified_once(self):
        boards = [
            Deployment(Scenario(board.name, (Budget("flash_kib", 64.0),)), board)
            for board in load_boards("rp2040,nano33ble")
        ]
        first = self._run(boards[0])
        second = self._run(boards[1], first)
        self.assertEqual(second.sha256, first.sha256)
        self.assertEqual(second.verification, first.verification)
        # It is the one figure that no two measurements share.
        self.assertEqual(second.pc_ms, first.pc_ms)
        self.assertEqual([r.board.fit.board for r in (first, second)], ["rp2040", "nano33ble"])
        self.assertNotEqual(second.board.latency_ms, first.board.latency_ms)
        for result in (first, second):
            fit = result.board.fit
            # A kibibyte of planning's temporaries at least, and TFLite Micro's code.
            self.assertBetween(fit.flash_used, 77 * 1024, fit.flash_available)
            self.assertBetween(fit.arena_used, 4 * 1024, fit.arena_available)

    def test_the_estimate_keeps_the_limit_of_the_latency(self):
        board = load_boards("rp2040")[0]
        free = self._run(Deployment(Scenario("free", (Budget("macs", 1e9),)), board))
        limit = 0.8 * free.board.latency_ms
        limited_board = load_boards(f"rp2040@{limit:.3f}ms")[0]
        limited = self._run(Deployment(Scenario("limited", (Budget("macs", 70e3),)), limited_board))
        self.assertLess(limited.board.latency_ms, limit)
        self.assertLess(limited.macs, free.macs)

    def test_further_npus_are_compiled_for_without_a_new_verification(self):
        self.assertEmpty(self.small.npus)
        asked = dataclasses.replace(SMALL, npus=("ethos-u55-128",))
        second = self._run(asked)
        (npu,) = second.npus
        self.assertEqual((npu.config, npu.npu_share), ("ethos-u55-128", 1.0))
        compiled = (self.folder / second.tflite).with_name(npu.file)
        self.assertEqual(compiled.stat().st_size, npu.tflite_bytes)
        self.assertEqual(second.verification, self.small.verification)
        self.assertEqual(second.pc_ms, self.small.pc_ms)
        written = self._written_at(second)
        self.assertEqual(self._run(SMALL), second)
        self.assertEqual(self._written_at(second), written)

    def test_another_quantization_makes_the_model_again_and_once(self):
        qat = Quantization(Method.QAT, qat=QatSettings(steps=3))
        asked = dataclasses.replace(SMALL, quantization=qat)
        # A subnet that another scenario has by another way of quantisation is no twin.
        trained = self._run(asked, self.small)
        self.assertEqual(trained.quantization.used, "qat")
        self.assertEqual(trained.quantization.qat_steps, 3)
        self.assertNotEqual(trained.sha256, self.small.sha256)
        for answers in (trained.quantization.ptq, trained.quantization.qat):
            self.assertBetween(answers.accuracy, 0.0, 1.0)
        written = self._written_at(trained)
        self.assertEqual(self._run(asked), trained)
        self.assertEqual(self._written_at(trained), written)
        self.assertEqual(self._run(SMALL).sha256, self.small.sha256)

    def test_what_does_not_fit_is_said_and_nothing_left(self):
        space = self.trained.experiment.space
        experiment = self.trained.experiment
        least = cost(space, space.min_arch, experiment.num_classes, experiment.channels).macs
        board = load_boards("esp32s3")[0]
        tight = dataclasses.replace(board, sram_kib=board.sram_reserved_kib + 4)
        deployment = Deployment(Scenario("tight", (Budget("macs", least),)), tight)
        with self.assertRaisesRegex(
            UserError, "'tight': none of . verified subnets fits: .* KiB of SRAM for the arena"
        ):
            self._run(deployment)
        self.assertFalse((self.folder / "scenarios" / "tight").exists())


if __name__ == "__main__":
    tf.test.main()
