import tensorflow as tf

from tflite_export.devices.boards import known_boards, load_boards
from tofa_tf.common.errors import UserError
from tofa_tf.deploy.budgets import board_scenario, parse_scenarios
from tofa_tf.select.fixed_rule import candidates
from tofa_tf.space.cost import cost
from tofa_tf.space.names import DEFAULT_SPACE
from tofa_tf.space.presets import get_space
from tofa_tf.training.sampling import SandwichSampler

SPACE = get_space("mcu").at_resolutions((32,))


def _log(steps: int, seed: int = 0):
    sampler = SandwichSampler(SPACE, seed)
    entries = [(step, arch) for step in range(steps) for _, arch in sampler.archs(step)]
    return list(reversed(entries))


class CandidatesTest(tf.test.TestCase):
    def test_takes_the_most_recent_that_fits_and_is_in_the_band(self):
        (scenario,) = parse_scenarios("macs=1M")
        log = _log(60)
        chosen = next(candidates(scenario, log, SPACE, 10))
        self.assertEqual(chosen.origin, "log")
        self.assertBetween(chosen.cost.macs, 0.8e6, 1e6)
        # Nothing sampled later qualifies.
        for step, arch in log:
            if (step, arch) == (chosen.step, chosen.arch):
                break
            self.assertFalse(0.8e6 <= cost(SPACE, arch, 10).macs <= 1e6)

    def test_a_larger_image_may_be_the_cheaper_one(self):
        # Below 48 pixels the stem has stride 1.
        space = get_space("mcu_wide").at_resolutions((40, 48))
        small, large = (cost(space, low, 10).macs for low, _ in space.corners)
        self.assertGreater(small, large)
        (scenario,) = parse_scenarios(f"macs={1.1 * large:.0f}")
        chosen = next(candidates(scenario, [], space, 10))
        self.assertEqual(chosen.arch.resolution, 48)
        self.assertTrue(scenario.met_by(chosen.cost))
        (beyond,) = parse_scenarios(f"macs={0.9 * large:.0f}")
        with self.assertRaisesRegex(UserError, "nothing fits; .* needs macs 46"):
            next(candidates(beyond, [], space, 10))

    def test_keeps_every_budget(self):
        (scenario,) = parse_scenarios("flash_kib=128,arena_kib=28,macs=1.1M")
        found = []
        for candidate in candidates(scenario, _log(200), SPACE, 10):
            self.assertTrue(scenario.met_by(candidate.cost))
            found.append(candidate)
            if len(found) == 5:
                break
        self.assertLen({candidate.arch for candidate in found}, len(found))

    def test_candidates_of_the_log_come_most_recent_first(self):
        (scenario,) = parse_scenarios("macs=2M")
        steps = []
        for candidate in candidates(scenario, _log(100), SPACE, 10):
            if candidate.origin != "log":
                break
            steps.append(candidate.step)
        self.assertEqual(steps, sorted(steps, reverse=True))
        self.assertGreater(len(steps), 3)

    def test_draws_when_the_log_has_nothing_in_range(self):
        (scenario,) = parse_scenarios("macs=1M")
        drawn = next(candidates(scenario, [], SPACE, 10, seed=1))
        self.assertEqual((drawn.origin, drawn.step), ("drawn", None))
        self.assertBetween(drawn.cost.macs, 0.8e6, 1e6)
        again = next(candidates(scenario, [], SPACE, 10, seed=1))
        self.assertEqual(drawn, again)

    def test_takes_the_best_below_when_nothing_can_be_in_the_band(self):
        # So little arena that half of the MACs cannot be spent.
        (scenario,) = parse_scenarios("macs=4M,arena_kib=19")
        (best,) = list(candidates(scenario, [], SPACE, 10))
        self.assertLess(best.cost.macs, 0.8 * 4e6)
        self.assertLessEqual(best.cost.arena_bytes, 19 * 1024)

    def test_no_subnet_is_proposed_twice(self):
        # Hardly more than the smallest net, which the log has.
        smallest = cost(SPACE, SPACE.min_arch, 10).macs
        (scenario,) = parse_scenarios(f"macs={1.01 * smallest:.0f}")
        archs = [chosen.arch for chosen in candidates(scenario, _log(3), SPACE, 10)]
        self.assertIn(SPACE.min_arch, archs)
        self.assertLen(set(archs), len(archs))

    def test_a_budget_beyond_the_space_takes_the_largest_net(self):
        (scenario,) = parse_scenarios("macs=1G")
        chosen = next(candidates(scenario, _log(1), SPACE, 10))
        self.assertGreaterEqual(chosen.cost.macs, 0.8 * cost(SPACE, SPACE.max_arch, 10).macs)

    def test_boards_that_have_a_second_get_different_nets_and_all_are_in_time(self):
        space = get_space(DEFAULT_SPACE).at_resolutions((64,))
        sampler = SandwichSampler(space, seed=0)
        log = [(step, arch) for step in reversed(range(300)) for _, arch in sampler.archs(step)]
        names = ",".join(f"{name}@1000ms" for name in known_boards())
        found = set()
        for board in load_boards(names):
            best = next(candidates(board_scenario(board), log, space, num_classes=10))
            self.assertLessEqual(best.cost.latency_ms(board), 1000, board.name)
            found.add(best.arch)
        self.assertGreaterEqual(len(found), 6)

    def test_says_with_numbers_when_nothing_fits(self):
        for text, message in (
            ("macs=100k", r"'macs_100k': nothing fits.* mcu needs macs 376k of 100k; raise"),
            ("flash_kib=20,arena_kib=9", r"flash_kib 3\d\.\d of 20, arena_kib 1\d\.\d of 9"),
            ("params=1G,arena_kib=1", r"needs arena_kib 1\d\.\d of 1;"),
        ):
            (scenario,) = parse_scenarios(text)
            with self.assertRaisesRegex(UserError, message):
                next(candidates(scenario, _log(5), SPACE, 10))


if __name__ == "__main__":
    tf.test.main()
