import dataclasses

from absl.testing import absltest, parameterized

from tests.tflite_export.flatbuffers_by_hand import chain
from tests.tflite_export.full_report import REPORT
from tflite_export.devices.boards import load_boards
from tflite_export.devices.fit import fit, largest_arena
from tflite_export.firmware.model_facts import facts_of_report
from tflite_export.graph.arena import aligned
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.input_spec import InputSpec
from tflite_export.rejection import Rejection
from tflite_export.task import OutputRule, Task

_TFLITE = chain(["RELU"])
_FILE = read_tflite(_TFLITE)
# Vector kernels keep sums of its weights.
_DENSE = chain(["FULLY_CONNECTED"])
_DENSE_FILE = read_tflite(_DENSE)
_SIZES = REPORT.verification.arena_bytes, REPORT.verification.nonpersistent_bytes


class ModelFactsTest(parameterized.TestCase):
    def test_what_the_report_says_goes_into_the_code(self):
        rejection = Rejection((0.25,))
        report = dataclasses.replace(REPORT, rejection=rejection)
        facts = facts_of_report(report, _TFLITE, "ab12")
        self.assertEqual((facts.file, facts.model_id), (_FILE, "ab12"))
        self.assertEqual(facts.rule, OutputRule(Task.BINARY, 0.5))
        self.assertEqual((facts.class_names, facts.spec), (("no", "yes"), REPORT.input_spec))
        self.assertIs(facts.rejection, rejection)

    @parameterized.parameters("k210,rp2040", "rp2040,k210", "rp2040")
    def test_the_arena_is_enough_for_each_of_the_boards(self, names):
        boards = load_boards(names)
        facts = facts_of_report(REPORT, _TFLITE, "", boards)
        needed = [fit(_FILE, *_SIZES, board).arena_used for board in boards]
        self.assertLen(set(needed), len(boards))
        self.assertEqual(facts.arena_bytes, max(needed))
        self.assertEqual(facts.boards, names.replace(",", ", "))

    def test_cores_without_vectors_need_not_reserve_what_those_with_them_do(self):
        boards = load_boards("corstone300,nano33ble")
        facts = facts_of_report(REPORT, _DENSE, "", boards)
        vectors, plain = (fit(_DENSE_FILE, *_SIZES, board).arena_used for board in boards)
        self.assertGreater(vectors, plain)
        self.assertEqual((facts.arena_bytes, facts.plain_arena_bytes), (vectors, plain))
        alone = facts_of_report(REPORT, _DENSE, "", boards[:1])
        self.assertEqual((alone.arena_bytes, alone.plain_arena_bytes), (vectors, vectors))

    def test_make_has_one_runtime_of_the_boards_several(self):
        (board,) = load_boards("nano33ble")
        facts = facts_of_report(REPORT, _TFLITE, "", [board], "make")
        alone = dataclasses.replace(board, platforms={"make": ""})
        self.assertEqual(facts.arena_bytes, fit(_FILE, *_SIZES, alone).arena_used)
        self.assertLess(facts.arena_bytes, fit(_FILE, *_SIZES, board).arena_used)
        # The Python package counts its recording; nothing but the slack of boards is added.
        used = REPORT.verification.arena_bytes
        self.assertEqual(facts.host_arena_bytes, aligned(used + 256))
        other = facts_of_report(REPORT, _TFLITE, "", [board], "zephyr")
        self.assertEqual(other.host_arena_bytes, REPORT.memory.arena_budget_bytes)

    def test_without_boards_the_arena_is_enough_for_all(self):
        facts = facts_of_report(REPORT, _TFLITE, "")
        self.assertEqual(facts.arena_bytes, largest_arena(_FILE, *_SIZES))
        self.assertEqual(facts.boards, "any known board")

    @parameterized.parameters(
        (3072, 0),
        # Twelve requests of 16 bytes; structs of the input and the output, asked for twice, of 88
        # bytes with one scale and zero point each in 8 more, less what stays of the two.
        (16, 12 * 16 + 4 * (88 + 4 + 4) - 2 * (96 + 8) - 16),
    )
    def test_the_arena_of_a_pc_has_room_for_planning(self, nonpersistent, missing):
        checked = dataclasses.replace(REPORT.verification, nonpersistent_bytes=nonpersistent)
        report = dataclasses.replace(REPORT, verification=checked)
        facts = facts_of_report(report, _TFLITE, "")
        self.assertEqual(facts.host_arena_bytes, REPORT.memory.arena_budget_bytes + missing)

    def test_values_that_nobody_described_are_taken_as_they_are(self):
        report = dataclasses.replace(REPORT, input_spec=None)
        self.assertEqual(facts_of_report(report, _TFLITE, "").spec, InputSpec((4,)))


if __name__ == "__main__":
    absltest.main()
