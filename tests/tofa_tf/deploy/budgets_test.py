import tensorflow as tf

from tflite_export.devices.boards import load_boards
from tflite_export.devices.fit import estimate_fit
from tflite_export.devices.latency import estimate_latency
from tofa_tf.common.errors import UserError
from tofa_tf.deploy.budgets import board_scenario, parse_scenarios
from tofa_tf.select.scenario import Budget, Scenario
from tofa_tf.space.cost import cost
from tofa_tf.space.presets import get_space

SPACE = get_space("mcu").at_resolutions((32,))


class ParseTest(tf.test.TestCase):
    def test_reads_budgets_in_order(self):
        scenarios = parse_scenarios("macs=0.5M; flash_kib=96, arena_kib=64 ;params=30k;")
        self.assertEqual(
            scenarios,
            [
                Scenario("macs_0.5M", (Budget("macs", 500000.0),)),
                Scenario(
                    "flash_kib_96-arena_kib_64",
                    (Budget("flash_kib", 96.0), Budget("arena_kib", 64.0)),
                ),
                Scenario("params_30k", (Budget("params", 30000.0),)),
            ],
        )

    def test_reads_limits_on_a_board(self):
        slow, fast = parse_scenarios("latency_ms@rp2040=80;fps@rp2040=20,flash_kib=64")
        (board,) = load_boards("rp2040")
        self.assertEqual(
            slow, Scenario("latency_ms_rp2040_80", (Budget("latency_ms", 80.0, board),))
        )
        # At least 20 frames a second is at most 50 ms a frame.
        budgets = (Budget("latency_ms", 50.0, board), Budget("flash_kib", 64.0))
        self.assertEqual(fast, Scenario("fps_rp2040_20-flash_kib_64", budgets))
        self.assertEqual(slow.budgets[0].name, "latency_ms@rp2040")
        figures = cost(SPACE, SPACE.min_arch, 10)
        expected = estimate_latency(figures.graph, board).latency_ms
        self.assertEqual(slow.budgets[0].of(figures), expected)

    def test_says_what_it_cannot_read(self):
        for text, message in (
            ("", "no scenario given"),
            ("ram=5", "cannot read 'ram=5'.*macs, params, flash_kib, arena_kib, latency_ms@BOARD"),
            ("macs", "cannot read 'macs'"),
            ("macs@rp2040=1M", "cannot read 'macs@rp2040=1M'"),
            ("latency_ms=5", "cannot read 'latency_ms=5'"),
            ("fps@tricorder=5", "unknown board 'tricorder'; known are .*rp2040"),
            ("macs=", "'' is not a positive number"),
            ("macs=-1", "'-1' is not a positive number"),
            ("macs=1T", "'1T' is not a positive number"),
            ("macs=nan", "'nan' is not a positive number"),
            (f"macs={300 * '0'}1M", "its name becomes a folder; allowed are 1 to 100 letters"),
            ("macs=\u0661M", "its name becomes a folder"),
            ("macs=1M,macs=2M", "macs is given twice"),
            ("macs=1M;macs=1M", "scenario 'macs_1M' is given twice"),
        ):
            with self.assertRaisesRegex(UserError, message):
                parse_scenarios(text)

    def test_name_has_no_spaces(self):
        (scenario,) = parse_scenarios("macs =\n1e+6 ,arena_kib= 64")
        self.assertEqual(scenario.name, "macs_1e+6-arena_kib_64")

    def test_name_is_that_of_a_folder(self):
        for name in ("..", "", "/tmp/x", "a/../../b", "a\n"):
            with self.assertRaisesRegex(UserError, "its name becomes a folder"):
                Scenario(name, ())


class BoardScenarioTest(tf.test.TestCase):
    def test_flash_and_arena_are_those_of_the_board(self):
        (board,) = load_boards("nano33ble")
        scenario = board_scenario(board)
        self.assertEqual(
            [(budget.resource, budget.limit * 1024) for budget in scenario.budgets],
            [
                ("flash_kib", board.flash_available_bytes),
                ("arena_kib", board.arena_available_bytes),
            ],
        )
        figures = cost(SPACE, SPACE.max_arch, 10)
        fit = estimate_fit(figures.graph, board)
        flash, arena = (budget.of(figures) for budget in scenario.budgets)
        self.assertEqual((flash * 1024, arena * 1024), (fit.flash_used, fit.arena_used))
        self.assertTrue(scenario.met_by(figures))

    def test_a_limit_of_latency_comes_first(self):
        (board,) = load_boards("rp2040@100ms")
        budget = board_scenario(board).budgets[0]
        self.assertEqual((budget.resource, budget.limit), ("latency_ms", 100))
        with self.assertRaisesRegex(UserError, r"needs latency_ms@rp2040_1ms [\d.]+ of 1; raise"):
            (impossible,) = load_boards("rp2040@1ms")
            board_scenario(impossible).check_within([cost(SPACE, SPACE.min_arch, 10)], "mcu")


if __name__ == "__main__":
    tf.test.main()
