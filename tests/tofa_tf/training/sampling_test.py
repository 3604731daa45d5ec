import contextlib
import io
import math
import random
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.spaces_for_tests import TEST_SPACES
from tofa_tf.space.cost import trunk_macs
from tofa_tf.space.presets import get_space
from tofa_tf.training.sampling import (
    SamplerLog,
    SandwichSampler,
    _lines_backwards,
    random_arch,
    spread_archs,
)


class SandwichSamplerTest(tf.test.TestCase, parameterized.TestCase):
    def test_is_largest_smallest_and_random(self):
        space = get_space("mcu")
        archs = SandwichSampler(space, seed=0, num_random=3).archs(7)
        self.assertLen(archs, 5)
        self.assertEqual(archs[:2], [("max", space.max_arch), ("min", space.min_arch)])
        self.assertEqual([role for role, _ in archs[2:]], ["random"] * 3)

    def test_is_a_pure_function_of_seed_and_step(self):
        space = get_space("mcu")
        a, b, other = (SandwichSampler(space, seed=s) for s in (3, 3, 4))
        b.archs(1)
        self.assertEqual(a.archs(5), b.archs(5))
        self.assertNotEqual(a.archs(5), a.archs(6))
        self.assertNotEqual(a.archs(5), other.archs(5))

    @parameterized.parameters("mcu", *TEST_SPACES)
    def test_is_stratified_over_macs_where_uniform_draws_are_not(self, name):
        space = TEST_SPACES.get(name) or get_space(name)
        low, high = (math.log(trunk_macs(space, arch)) for arch in (space.min_arch, space.max_arch))

        def shares(archs):
            positions = [(math.log(trunk_macs(space, arch)) - low) / (high - low) for arch in archs]
            return np.histogram(positions, bins=5, range=(0, 1))[0] / len(positions)

        sampler = SandwichSampler(space, seed=0)
        drawn = shares([arch for step in range(100) for _, arch in sampler.archs(step)[2:]])
        # A fifth where choices are plenty; a small space cannot hit every target.
        self.assertGreater(drawn.min(), 0.08)
        if name == "mcu":
            generator = random.Random(0)
            uniform = shares([random_arch(space, generator) for _ in range(200)])
            self.assertLess(min(uniform[0], uniform[-1]), 0.02)

    @parameterized.parameters("mcu", "attentive_nas")
    def test_spread_archs_are_at_even_ratios_of_macs(self, name):
        space = get_space(name)
        archs = spread_archs(space, 5)
        self.assertEqual((archs[0], archs[-1]), (space.min_arch, space.max_arch))
        logs = np.log([trunk_macs(space, arch) for arch in archs])
        step = (logs[-1] - logs[0]) / 4
        self.assertAllClose(np.diff(logs), [step] * 4, atol=0.1 * step)

    def test_tilt_reaches_both_ends(self):
        space = get_space("mcu")
        self.assertEqual(random_arch(space, random.Random(0), 0.0), space.min_arch)
        self.assertEqual(random_arch(space, random.Random(0), 1.0), space.max_arch)


class SamplerLogTest(tf.test.TestCase):
    def test_gives_back_the_most_recent_first(self):
        space = get_space("mcu")
        sampler = SandwichSampler(space, seed=0)
        log = SamplerLog(Path(self.get_temp_dir()) / "sampled.jsonl")
        self.assertEqual(list(log), [])
        for step in range(3):
            log.add(step, [arch for _, arch in sampler.archs(step)])
        entries = list(log)
        self.assertEqual([step for step, _ in entries], [2] * 4 + [1] * 4 + [0] * 4)
        self.assertEqual(entries[0][1], sampler.archs(2)[-1][1])
        self.assertEqual(entries[-1][1], space.max_arch)

    def test_damaged_lines_are_passed_over_with_one_warning(self):
        log = SamplerLog(Path(self.get_temp_dir()) / "damaged.jsonl")
        sampler = SandwichSampler(get_space("mcu"), seed=0)
        for step in range(2):
            log.add(step, [arch for _, arch in sampler.archs(step)])
        entries, whole = list(log), log.path.read_bytes()
        said = io.StringIO()
        for damage in (
            b"[]", b'"text"', b"\xff", b"{", b"[" * 100_000, b'{"step": 1}',
            b'{"step": "1", "archs": []}', b'{"step": 1, "archs": [{"resolution": 3}]}',
            whole.splitlines()[0][:100],
        ):  # fmt: skip
            log.path.write_bytes(damage + b"\n" + whole + damage)
            with contextlib.redirect_stderr(said):
                self.assertEqual(list(log), entries)
        self.assertEqual(
            said.getvalue(), f"warning: {log.path}: lines that are damaged are passed over\n"
        )

    def test_reads_a_long_log_in_blocks(self):
        path = Path(self.get_temp_dir()) / "long.jsonl"
        lines = [f"{number}:" + "x" * (number * 7 % 50) for number in range(100)]
        path.write_text("\n".join(lines) + "\n")
        for block_bytes in (1, 10, 64, 1 << 16):
            backwards = [line.decode() for line in _lines_backwards(path, block_bytes)]
            self.assertEqual(backwards, lines[::-1])


if __name__ == "__main__":
    tf.test.main()
