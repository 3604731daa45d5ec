import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.spaces_for_tests import TINY
from tflite_export.devices.boards import load_boards
from tofa_tf.common.errors import UserError
from tofa_tf.select.scenario import BOARD_RESOURCES, RESOURCES, Budget, Scenario, parse_number
from tofa_tf.space.cost import cost

SMALL, LARGE = (cost(TINY, arch, 10) for arch in (TINY.min_arch, TINY.max_arch))


class ScenarioTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(
        ("500000", 5e5), ("500k", 5e5), ("0.5M", 5e5), ("1e+6", 1e6), ("2G", 2e9)
    )
    def test_numbers(self, text, value):
        self.assertEqual(parse_number(text), value)

    @parameterized.parameters("", "0", "-1", "nan", "inf", "1T", "k")
    def test_what_is_no_positive_number(self, text):
        with self.assertRaises(ValueError):
            parse_number(text)

    @parameterized.parameters(*RESOURCES)
    def test_a_budget_is_kept_up_to_its_limit(self, resource):
        least = Budget(resource, 1.0).of(SMALL)
        self.assertLess(least, Budget(resource, 1.0).of(LARGE))
        self.assertTrue(Scenario("fits", (Budget(resource, least),)).met_by(SMALL))
        self.assertFalse(Scenario("tight", (Budget(resource, 0.99 * least),)).met_by(SMALL))

    @parameterized.parameters(*BOARD_RESOURCES)
    def test_resources_of_a_board_depend_on_it(self, resource):
        fast, slow = load_boards("stm32h743,rp2040")
        on_fast, on_slow = (Budget(resource, 1.0, board).of(SMALL) for board in (fast, slow))
        self.assertGreater(on_fast, 0)
        if resource == "latency_ms":
            self.assertGreater(on_slow, 5 * on_fast)

    def test_says_with_numbers_what_not_even_the_smallest_meets(self):
        (board,) = load_boards("rp2040")
        scenario = Scenario("x", (Budget("macs", 10e3), Budget("latency_ms", 1e-3, board)))
        with self.assertRaisesRegex(
            UserError, "'x': nothing fits; .* of tiny needs macs 32k of 10k, latency_ms@rp2040 4"
        ):
            scenario.check_within([SMALL], "tiny")


if __name__ == "__main__":
    tf.test.main()
