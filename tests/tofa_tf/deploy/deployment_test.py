import contextlib
import dataclasses
import io

import tensorflow as tf

from tests.tofa_tf.spaces_for_tests import OFA_LIKE, TINY
from tflite_export.common.errors import ExportError
from tflite_export.convert.quantization_settings import Method, QatSettings, Quantization
from tflite_export.devices.boards import load_boards
from tofa_tf.common.errors import UserError
from tofa_tf.deploy.deployment import Deployment, check_deployments, make_deployments
from tofa_tf.select.scenario import Budget, Scenario

SMALL = Scenario("small", (Budget("macs", 60e3),))


class DeploymentTest(tf.test.TestCase):
    def test_boards_follow_scenarios_with_the_npus_asked_for_and_their_own(self):
        boards = load_boards("rp2040,alif_e7")
        ways = Quantization(Method.AUTO, 0.25)
        made = make_deployments([SMALL], boards, ways, npu="ethos-u55-64")
        self.assertEqual([d.scenario.name for d in made], ["small", "rp2040", "alif_e7"])
        self.assertEqual([d.board for d in made], [None, *boards])
        self.assertEqual({d.quantization for d in made}, {ways})
        self.assertEqual(
            [d.npus for d in made],
            [("ethos-u55-64",), ("ethos-u55-64",), ("ethos-u55-64", boards[1].npu)],
        )
        own = make_deployments([], boards, npu=boards[1].npu)
        self.assertEqual([d.npus for d in own], [(boards[1].npu,)] * 2)

    def test_another_purpose_asks_for_another_model(self):
        board = load_boards("rp2040")[0]
        asked = Deployment(SMALL, board).asked
        self.assertEqual(asked, Deployment(SMALL, board, npus=("ethos-u55-64",)).asked)
        for other in (
            Deployment(Scenario("small", (Budget("macs", 50e3),)), board),
            Deployment(SMALL),
            Deployment(SMALL, dataclasses.replace(board, sram_kib=128)),
            Deployment(SMALL, board, Quantization(Method.QAT)),
            Deployment(SMALL, board, rule="best_of_random"),
            Deployment(SMALL, board, objective="worst_class"),
        ):
            self.assertNotEqual(asked, other.asked)

    def test_settings_count_where_their_method_uses_them(self):
        def same(method: Method, **changes) -> bool:
            first = Quantization(method)
            second = dataclasses.replace(first, **changes)
            return Deployment(SMALL, None, first).asked == Deployment(SMALL, None, second).asked

        other_seed = QatSettings(seed=1)
        self.assertTrue(same(Method.PTQ, tolerance=9.0, qat=other_seed))
        self.assertTrue(same(Method.QAT, tolerance=9.0))
        self.assertFalse(same(Method.QAT, qat=other_seed))
        self.assertFalse(same(Method.AUTO, tolerance=9.0))
        self.assertFalse(same(Method.AUTO, qat=other_seed))

    def test_what_nothing_can_fit_is_refused_with_the_numbers(self):
        beyond = Deployment(Scenario("dust", (Budget("macs", 1e3),)))
        with self.assertRaisesRegex(UserError, "'dust': nothing fits; .* needs macs 32k of 1k"):
            check_deployments([Deployment(SMALL), beyond], TINY, num_classes=10)

    def test_boards_that_nothing_fits_are_named_and_refused_when_it_is_all_of_them(self):
        board = load_boards("rp2040")[0]
        dust = Deployment(Scenario("dust", (Budget("flash_kib", 1.0),)), board)
        with contextlib.redirect_stderr(io.StringIO()) as said:
            check_deployments([dust, Deployment(SMALL, board)], TINY, num_classes=10)
        self.assertRegex(said.getvalue(), r"^warning: scenario 'dust': nothing fits; .* of 1;")
        with self.assertRaisesRegex(UserError, "'dust': nothing fits.*; scenario 'dust'"):
            check_deployments([dust, dust], TINY, num_classes=10)

    def test_layers_that_cannot_be_trained_in_8_bits_are_refused(self):
        qat = Deployment(SMALL, quantization=Quantization(Method.QAT))
        large = dataclasses.replace(qat, scenario=Scenario("large", (Budget("macs", 1e9),)))
        check_deployments([qat], TINY, num_classes=10)
        check_deployments([Deployment(large.scenario)], OFA_LIKE, num_classes=10)
        with self.assertRaisesRegex(ExportError, "quanti[sz]ation-aware"):
            check_deployments([large], OFA_LIKE, num_classes=10)


if __name__ == "__main__":
    tf.test.main()
