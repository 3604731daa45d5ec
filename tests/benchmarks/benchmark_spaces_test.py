import csv
from pathlib import Path

import tensorflow as tf

from benchmarks.benchmark_spaces import all_arms, rival
from tests.scripts import run_script
from tofa_tf.select.standard_nets import standard_space
from tofa_tf.space.cost import cost
from tofa_tf.space.presets import get_space


class BenchmarkSpacesTest(tf.test.TestCase):
    def test_nets_of_a_space_and_one_chosen_by_hand(self):
        output = Path(self.get_temp_dir()) / "out"
        done = run_script(
            "benchmarks.benchmark_spaces",
            *("--dataset=digits", "--epochs=1", "--search_spaces=mcu_wide"),
            *("--arms=ResNet-8,mcu_wide/smallest", f"--output={output}"),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        with (output / "results.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["arm"] for row in rows], ["ResNet-8", "mcu_wide/smallest"])
        space = get_space("mcu_wide").at_resolutions((32,))
        self.assertAllClose(int(rows[0]["macs"]) / 1e6, 12.5, rtol=0.01)
        self.assertEqual(int(rows[1]["macs"]), cost(space, space.min_arch, 10).macs)
        for row in rows:
            self.assertBetween(float(row["test_top1"]), 0.05, 1.0)
        self.assertRegex((output / "README.md").read_text(), r"\| ResNet-8 \| 12.5\d M \|")

    def test_a_space_of_one_net_has_one_arm_beside_the_rival(self):
        arms = all_arms(["efficientnet_lite0"], 224)
        self.assertContainsSubset({"efficientnet_lite0/smallest"}, arms)
        self.assertLen(arms, 4)

    def test_a_rival_takes_no_more_than_resnet8(self):
        space = get_space("mcu_wide").at_resolutions((32,))
        resnet = standard_space("resnet8", 32)
        most = cost(resnet, resnet.max_arch, 10)
        own = cost(space, rival(space, 10, draws=60), 10)
        self.assertLessEqual(own.macs, most.macs)
        self.assertLessEqual(own.tflite_bytes, most.tflite_bytes)
        self.assertLessEqual(own.arena_bytes, most.arena_bytes)
        self.assertGreater(own.macs, 2 * cost(space, space.min_arch, 10).macs)

    def test_unknown_arm_lists_those_there_are(self):
        done = run_script("benchmarks.benchmark_spaces", "--output=x", "--arms=y")
        self.assertEqual(done.returncode, 1)
        self.assertStartsWith(
            done.stderr.splitlines()[-1], "error: arms: unknown arm 'y'; available: ResNet-8, "
        )


if __name__ == "__main__":
    tf.test.main()
