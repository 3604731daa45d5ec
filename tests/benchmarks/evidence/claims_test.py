import dataclasses

import tensorflow as tf

from benchmarks.evidence.claims import CLAIMS
from benchmarks.evidence.findings import HOLDS, NOT, PARTLY, UNDECIDED
from tests.benchmarks.evidence.records_for_tests import row, splits

_CLAIMS = {claim.name: claim for claim in CLAIMS}


class ClaimsTest(tf.test.TestCase):
    def test_better_by_so_many_points(self):
        judge = _CLAIMS["E2a"].judge
        ridge = splits("fine_tuned", (0.50, 0.60), (0.52, 0.60))
        for accuracies, verdict in (
            (((0.52, 0.62), (0.54, 0.62)), HOLDS),
            (((0.59, 0.57), (0.61, 0.57)), PARTLY),
            (((0.505, 0.605), (0.525, 0.605)), NOT),
        ):
            finding = judge([*splits("tofa", *accuracies), *ridge])
            self.assertEqual(finding.verdict, verdict)
        self.assertIn("+0.5 points, standard error 0.0 (2 splits)", finding.figure)

    def test_crossover(self):
        rows = [row("tofa", (0.5, 0.5), seconds=300), row("fine_tuned", (0.5, 0.5), seconds=240)]
        finding = _CLAIMS["E2d"].judge(rows)
        self.assertEqual(finding.verdict, HOLDS)
        self.assertEqual(finding.figure, "crossover in scenarios: 2.5 against fine_tuned")
        # 50 nets of 120 s against 300 s.
        self.assertIn("50: 20.0", finding.lines[0])
        # Equal work of both, in two nets.
        self.assertIn("2.5 scenarios by the clock, at 2.0 by multiply-acc", finding.lines[0])
        cheap = row("fine_tuned", (0.5, 0.5), seconds=24)
        dear = row("fine_tuned_semi", (0.5, 0.5), seconds=600)
        self.assertEqual(_CLAIMS["E2d"].judge([rows[0], cheap]).verdict, NOT)
        self.assertEqual(_CLAIMS["E2d"].judge([rows[0], cheap, dear]).verdict, PARTLY)

    def test_rules_and_what_there_was_to_choose_from(self):
        spread = row("spread", (0.4, 0.5))
        more = [
            dataclasses.replace(level, float_accuracy=share, int8_accuracy=None, band=0)
            for level, share in zip(spread.levels, (0.4, 0.9), strict=True)
        ]
        rows = [
            *splits("rule_fixed", (0.6,), (0.62,), seconds=1),
            *splits("rule_best_of_random", (0.604,), (0.624,), seconds=20),
            *splits("rule_evolution", (0.62,), (0.64,), seconds=200),
            dataclasses.replace(spread, levels=tuple(more)),
        ]
        finding = _CLAIMS["E3"].judge(rows)
        self.assertEqual(finding.verdict, PARTLY)
        self.assertIn("-0.4 ± 0.0 against best of random, -2.0 ± 0.0", finding.figure)
        alone = _CLAIMS["E3"].judge([each for each in rows if each.seed == 0])
        self.assertEqual(alone.verdict, UNDECIDED)
        self.assertEqual(
            alone.figure, "-0.4 against best of random, -2.0 against evolution (one split)"
        )
        self.assertIn("fixed 1.0 s, best of random 20.0 s", finding.lines[0])
        self.assertIn("better than 50% of them", finding.lines[1])

    def test_guard(self):
        notes = {"looked_at": 50, "left_out": 20, "foreign": 19}
        rows = [
            *splits("foreign_0", (0.6,), (0.62,)),
            *splits("foreign_50", (0.55,), (0.57,)),
            *splits("foreign_50_guard", (0.595,), (0.615,), notes=notes),
            *splits("foreign_50_oracle", (0.598,), (0.618,)),
        ]
        finding = _CLAIMS["E5"].judge(rows)
        self.assertEqual(finding.verdict, HOLDS)
        self.assertEqual(finding.figure, "-0.5 points at 50 % foreign (standard error 0.0)")
        alone = _CLAIMS["E5"].judge([each for each in rows if each.seed == 0])
        self.assertEqual(alone.verdict, UNDECIDED)
        self.assertEqual(alone.figure, "-0.5 points at 50 % foreign (one split)")
        self.assertEqual(
            finding.lines[0], "Foreign: points at 50 % against none: -5.0, with the guard -0.5."
        )
        self.assertIn("left out 40 of 100 images, of which 38 were foreign", finding.lines[1])
        best = "Foreign: with exactly the foreign half left out: -0.2 points."
        self.assertEqual(finding.lines[2], best)

    def test_guard_in_two_cases(self):
        rows = [
            *splits("foreign_0", (0.6,), (0.62,)),
            *splits("foreign_50_guard", (0.595,), (0.615,)),
            *splits("vehicles_0", (0.6,)),
            *splits("vehicles_50_guard", (0.55,)),
        ]
        finding = _CLAIMS["E5"].judge(rows)
        self.assertEqual(finding.verdict, PARTLY)
        self.assertEndsWith(finding.figure, ", -5.0 points at 50 % vehicles (one split)")

    def test_objectives_and_corruptions(self):
        def with_noise(arm, share):
            (level,) = row(arm, (0.6,)).levels
            return row(arm, (), levels=(dataclasses.replace(level, corrupted={"noise_1": share}),))

        def with_noise_twice(arm, share):
            return [dataclasses.replace(with_noise(arm, share), seed=seed) for seed in (0, 1)]

        arms = {"rule_fixed": 0.3, "rule_robust": 0.35, "corruptions": 0.41}
        rows = [each for arm, share in arms.items() for each in with_noise_twice(arm, share)]
        finding = _CLAIMS["E7"].judge(rows)
        self.assertEqual(finding.verdict, HOLDS)
        self.assertEqual(
            finding.figure, "robust +5.0 ± 0.0 points in its own measure, +0.0 in accuracy"
        )
        self.assertIn("noise_1 -20.0", finding.lines[0])
        alone = _CLAIMS["E7"].judge(rows[::2])
        self.assertEqual(alone.verdict, UNDECIDED)
        # One draw has gained and the other has lost: less than the deviation between them.
        unsure = [*rows[:2], with_noise("rule_robust", 0.35)]
        unsure.append(dataclasses.replace(with_noise("rule_robust", 0.26), seed=1))
        self.assertEqual(_CLAIMS["E7"].judge(unsure).verdict, NOT)

    def test_one_split_decides_nothing(self):
        finding = _CLAIMS["E2c"].judge([row("tofa", (0.6,)), row("ridge", (0.5,))])
        self.assertEqual(finding.verdict, UNDECIDED)
        self.assertEqual(finding.figure, "+10.0 points (one split)")

    def test_spaces_at_equal_macs(self):
        def nets(arm, seed, *macs_and_accuracy):
            (level,) = row(arm, (0.5,)).levels
            levels = [
                dataclasses.replace(level, macs=macs, int8_accuracy=accuracy)
                for macs, accuracy in macs_and_accuracy
            ]
            return row(arm, (), seed=seed, levels=tuple(levels))

        # 2.5 MMACs lie half way between 1.25 and 5; the large space has no net as small as that.
        rows = [
            nets("space_mcu", 0, (1_250_000, 0.4), (5_000_000, 0.5)),
            nets("space_mcu_ds", 0, (1_250_000, 0.5), (5_000_000, 0.7)),
            nets("space_mcu_resnet", 0, (3_000_000, 0.9), (4_500_000, 0.9), (20_000_000, 0.9)),
        ]
        finding = _CLAIMS["E6"].judge(rows)
        self.assertEqual(finding.verdict, UNDECIDED)
        self.assertEqual(finding.figure, "best: mcu_ds at 2.5 MMACs, mcu_resnet at 4.5 MMACs")
        self.assertIn("At 2.5 MMACs: mcu_ds 60.0 %, mcu 45.0 %.", finding.lines)
        self.assertIn("At 7.5 MMACs: mcu_resnet 90.0 %.", finding.lines)
        twice = [*rows, nets("space_mcu", 1, (1_250_000, 0.42), (5_000_000, 0.52))]
        finding = _CLAIMS["E6"].judge(twice)
        self.assertEqual(finding.verdict, HOLDS)
        self.assertIn("At 2.5 MMACs: mcu_ds 60.0 %, mcu 46.0 ± 1.4 %.", finding.lines)


if __name__ == "__main__":
    tf.test.main()
