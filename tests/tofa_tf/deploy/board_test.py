import dataclasses

import tensorflow as tf

from tests.tofa_tf.spaces_for_tests import TINY
from tflite_export.devices.boards import load_boards
from tofa_tf.deploy.board import board_scenario
from tofa_tf.select.fixed_rule import RESOURCES
from tofa_tf.space.cost import cost


class BoardTest(tf.test.TestCase):
    def test_flash_without_code_and_sram_become_budgets(self):
        board = load_boards("rp2040")[0]
        scenario = board_scenario(board, TINY)
        limits = dict(scenario.budgets)
        self.assertEqual(scenario.name, "rp2040")
        # 256 KiB of SRAM, 8 of them reserved; 2048 of flash, 32 reserved and the code beside them.
        self.assertEqual(limits["arena_kib"], 248.0)
        self.assertBetween(limits["flash_kib"], 2048 - 32 - 128, 2048 - 32 - 48)
        roomier = dataclasses.replace(board, flash_kib=4096)
        self.assertEqual(
            dict(board_scenario(roomier, TINY).budgets)["flash_kib"] - limits["flash_kib"], 2048
        )

    def test_a_limit_of_the_latency_comes_first_and_grows_with_the_limit(self):
        tight, loose = (
            board_scenario(load_boards(f"rp2040@{limit}ms")[0], TINY) for limit in (2, 200)
        )
        (resource, least), (same, most) = tight.budgets[0], loose.budgets[0]
        self.assertEqual(resource, same)
        self.assertLess(least, most)
        largest = RESOURCES[resource](cost(TINY, TINY.max_arch, num_classes=10))
        self.assertBetween(largest, least, most)


if __name__ == "__main__":
    tf.test.main()
