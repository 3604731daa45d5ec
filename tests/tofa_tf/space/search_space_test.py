import dataclasses
import json
import random

import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.spaces_for_tests import TEST_SPACES
from tflite_export.common.errors import TofaError
from tofa_tf.blocks import FAMILIES
from tofa_tf.blocks.basic_residual import BasicResidual
from tofa_tf.blocks.inverted_bottleneck import InvertedBottleneck
from tofa_tf.common.errors import UserError
from tofa_tf.space.arch import Arch, StageArch
from tofa_tf.space.presets import SPACES, get_space
from tofa_tf.space.search_space import Head, SearchSpace, Stage, Stem
from tofa_tf.training.sampling import random_arch


class SearchSpaceTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(*((name,) for name in SPACES))
    def test_corners_are_points_of_the_space(self, name):
        space = get_space(name)
        space.validate(space.min_arch)
        space.validate(space.max_arch)

    @parameterized.parameters(*((name,) for name in SPACES))
    def test_random_archs_are_valid_and_survive_json(self, name):
        space = get_space(name)
        for seed in range(20):
            arch = random_arch(space, random.Random(seed))
            space.validate(arch)
            again = Arch.from_json(json.loads(json.dumps(arch.to_json())))
            self.assertEqual(again, arch)
            self.assertEqual(hash(again), hash(arch))

    @parameterized.parameters(*SPACES)
    def test_tables_survive_json(self, name):
        space = get_space(name)
        again = SearchSpace.from_json(json.loads(json.dumps(space.to_json())))
        self.assertEqual(again, space)

    def test_json_says_what_is_wrong(self):
        data = get_space("mcu").to_json()
        data["stages"][1]["block"]["kernels"] = [3, 4]
        with self.assertRaisesRegex(UserError, "mcu, stage 2: kernel size 4: odd sizes only"):
            SearchSpace.from_json(data)
        data["stages"][1]["depths"] = "deep"
        with self.assertRaisesRegex(TofaError, r"stages\[1\].depths is 'deep'; wanted a list"):
            SearchSpace.from_json(data)

    def test_every_block_family_is_in_a_space_of_the_tests(self):
        families = {stage.block.FAMILY for space in TEST_SPACES.values() for stage in space.stages}
        self.assertEqual(families, set(FAMILIES))

    def _changed(self, **changes):
        arch = get_space("mcu").max_arch
        stages = list(arch.stages)
        stages[2] = StageArch.from_json({**stages[2].to_json(), **changes})
        return dataclasses.replace(arch, stages=tuple(stages))

    def test_errors_name_place_value_and_choices(self):
        space = get_space("mcu")
        for arch, message in (
            (self._changed(kernel=(9, 3)), "stage 3: kernel 9 is not one of 3, 5, 7"),
            (self._changed(width=31), "stage 3: width 31 is not one of 24, 32"),
            (self._changed(expand=(3, 5)), "stage 3: expand 5 is not one of 3, 4"),
            (self._changed(expand=(3,)), "stage 3: 1 values of expand, depth 2"),
            (
                self._changed(depth=4, kernel=(3,) * 4, expand=(3,) * 4),
                "stage 3: depth 4 is not one of 1, 2",
            ),
            (self._changed(groups=(2, 2)), r"stage 3: choices .*'groups'.*wanted .*'kernel'"),
            (get_space("mcu_ds").max_arch, "of search space 'mcu_ds', not of 'mcu'"),
            (
                dataclasses.replace(space.max_arch, resolution=33),
                "mcu: resolution 33 is not one of 32, ",
            ),
            (
                dataclasses.replace(space.max_arch, stages=space.max_arch.stages[:4]),
                "mcu has 5 stages, the Arch has 4",
            ),
        ):
            with self.assertRaisesRegex(UserError, message):
                space.validate(arch)

    def test_stagewise_space_refuses_blockwise_choices(self):
        space = dataclasses.replace(get_space("mcu"), blockwise=False)
        space.validate(space.max_arch)
        with self.assertRaisesRegex(UserError, "mcu has one kernel per stage"):
            space.validate(self._changed(kernel=(3, 5)))

    def test_resolutions_can_be_narrowed(self):
        space = get_space("mcu").at_resolutions((48, 32))
        self.assertEqual(space.resolutions, (32, 48))
        self.assertEqual(space.min_arch.resolution, 32)
        with self.assertRaisesRegex(UserError, "resolution 33 is not one of"):
            space.at_resolutions((33,))

    def test_runs_take_32_pixels_where_nothing_is_said(self):
        wide = get_space("mcu_wide")
        for sizes, expected in (((24, 32, 64), 32), ((48, 96), 48), ((24,), 24)):
            self.assertEqual(wide.at_resolutions(sizes).default_resolution, expected)
        self.assertEqual(wide.default_resolution, 32)

    def test_expand_one_is_no_choice_among_others(self):
        stage = Stage((8,), (1,), 1, InvertedBottleneck((3,), (1, 3)))
        with self.assertRaisesRegex(UserError, "mcu, stage 1: expand ratio 1"):
            dataclasses.replace(get_space("mcu"), stages=(stage,))

    def test_absurd_tables_are_refused(self):
        space = get_space("mcu")
        for changes, message in (
            ({"padding": "valid"}, "mcu: padding 'valid'"),
            ({"resolutions": ()}, "mcu: resolutions .*positive whole numbers"),
            ({"name": "mcu\n"}, r"name 'mcu\\n' cannot be printed"),
            ({"resolutions": (2**17,)}, "mcu: resolutions .*up to 65536"),
            ({"stages": (Stage((8,), (2**11,), 1, BasicResidual()),)}, "stage 1 depths .*to 1024"),
            (
                {"stages": (Stage((8,), (1,), 1, BasicResidual((1e308,))),)},
                "stage 1: expand .*above 0, at most 65536",
            ),
            ({"resolutions": (32.5,)}, "mcu: resolutions .*positive whole numbers"),
            ({"stages": (Stage((8,), (1,), 0, BasicResidual()),)}, "mcu: stage 1 stride"),
            ({"stages": (Stage((8,), (1,), 1, BasicResidual((-1,))),)}, "stage 1: expand .*above"),
            (
                {
                    "stages": (
                        Stage((8,), (1,), 1, InvertedBottleneck((3,), (3,), expand_scales=(0,))),
                    )
                },
                "stage 1: expand_scales .*above",
            ),
            ({"head": Head(feature_widths=(0,))}, "mcu: feature widths"),
            ({"head": Head(expand=float("nan"))}, "mcu: head expand nan: from 0 to 65536"),
            ({"pixel_std": (128.0, 0.0, 128.0)}, "mcu: pixel_std and bn_epsilon"),
            ({"pixel_mean": (128.0, float("nan"), 128.0)}, "mcu: pixel_mean has to be finite"),
            ({"bn_momentum": 2.0}, "bn_momentum from 0 to below 1"),
            ({"stem": Stem((8,), "relu6", kernel=2)}, "kernel size 2: odd sizes only"),
            ({"stem": Stem((8,), "relu6", stride=-1)}, "mcu: stem stride"),
            ({"stem": Stem((8, 8), "relu6")}, "mcu: stem widths .*each once"),
            ({"stem": Stem((8,), "gelu")}, "unknown activation 'gelu'"),
        ):
            with self.assertRaisesRegex(UserError, message):
                dataclasses.replace(space, **changes)

    def test_stem_keeps_the_size_of_small_images(self):
        stem = get_space("mcu_ds").stem
        self.assertEqual([stem.stride_at(pixels) for pixels in (32, 48, 64)], [1, 1, 2])
        self.assertEqual((stem.strides((32, 64)), stem.strides((64, 96))), ((1, 2), (2,)))

    def test_normalisation_of_grey_images_is_the_mean_over_colours(self):
        space = get_space("attentive_nas")
        self.assertEqual(space.normalisation(3), (space.pixel_mean, space.pixel_std))
        (mean,), (std,) = space.normalisation(1)
        self.assertAllClose((mean, std), (114.495, 57.63), rtol=1e-6)

    def test_unknown_space_lists_the_known(self):
        with self.assertRaisesRegex(UserError, "unknown search space 'mcv'; available: .*mcu"):
            get_space("mcv")

    def test_arch_from_foreign_json_is_refused(self):
        with self.assertRaisesRegex(UserError, "not an Arch"):
            Arch.from_json({"resolution": 32})
        with self.assertRaisesRegex(UserError, "not an Arch"):
            Arch.from_json({**get_space("mcu").min_arch.to_json(), "groups": 2})


if __name__ == "__main__":
    tf.test.main()
