"""Key layouts written down independently of the importers; numbers against `golden_test.py`."""

import functools

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.spaces_for_tests import stage_arch
from tofa_tf.common.errors import UserError
from tofa_tf.nets.harvest import harvest
from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretrained.state_dict import import_state_dict
from tofa_tf.space.arch import Arch

_STATISTICS = ("weight", "bias", "running_mean", "running_var")


def _norm(key: str, channels: int) -> dict[str, tuple[int, ...]]:
    return {f"{key}.{name}": (channels,) for name in _STATISTICS}


def _squeeze_excite(key: str, mid: int, squeeze: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{key}.se.fc.reduce.weight": (squeeze, mid, 1, 1),
        f"{key}.se.fc.reduce.bias": (squeeze,),
        f"{key}.se.fc.expand.weight": (mid, squeeze, 1, 1),
        f"{key}.se.fc.expand.bias": (mid,),
    }


def once_for_all_shapes(block_name: str = "mobile_inverted_conv") -> dict[str, tuple[int, ...]]:
    """Shapes of `ofa_mbv3_w1.0` for 1000 classes."""
    shapes = {"first_conv.conv.weight": (16, 3, 3, 3), **_norm("first_conv.bn", 16)}
    key = f"blocks.0.{block_name}"
    shapes |= {f"{key}.depth_conv.conv.weight": (16, 1, 3, 3), **_norm(f"{key}.depth_conv.bn", 16)}
    shapes |= {f"{key}.point_linear.conv.weight": (16, 16, 1, 1)}
    shapes |= _norm(f"{key}.point_linear.bn", 16)
    channels, index = 16, 1
    for width, squeezes in (
        (24, ()),
        (40, (40, 64)),
        (80, ()),
        (112, (120, 168)),
        (160, (168, 240)),
    ):
        for position in range(4):
            key, mid = f"blocks.{index}.{block_name}", 6 * channels
            depthwise = f"{key}.depth_conv"
            shapes |= {f"{key}.inverted_bottleneck.conv.conv.weight": (mid, channels, 1, 1)}
            shapes |= _norm(f"{key}.inverted_bottleneck.bn.bn", mid)
            shapes |= {f"{depthwise}.conv.conv.weight": (mid, 1, 7, 7)}
            shapes |= {f"{depthwise}.conv.7to5_matrix": (25, 25)}
            shapes |= {f"{depthwise}.conv.5to3_matrix": (9, 9)}
            shapes |= _norm(f"{depthwise}.bn.bn", mid)
            if squeezes:
                shapes |= _squeeze_excite(depthwise, mid, squeezes[min(position, 1)])
            shapes |= {f"{key}.point_linear.conv.conv.weight": (width, mid, 1, 1)}
            shapes |= _norm(f"{key}.point_linear.bn.bn", width)
            channels, index = width, index + 1
    shapes |= {"final_expand_layer.conv.weight": (960, 160, 1, 1)}
    shapes |= _norm("final_expand_layer.bn", 960)
    shapes |= {"feature_mix_layer.conv.weight": (1280, 960, 1, 1)}
    return shapes | {"classifier.linear.weight": (1000, 1280), "classifier.linear.bias": (1000,)}


def attentive_nas_shapes() -> dict[str, tuple[int, ...]]:
    """Shapes of `attentive_nas` for 1000 classes without `module.` and counters."""
    shapes = {"first_conv.conv.conv.weight": (24, 3, 3, 3), **_norm("first_conv.bn.bn", 24)}
    rows = (
        # Blocks, width, mid of the first and of the others, squeeze of the first and of the others.
        (2, 24, (24, 24), None), (5, 32, (144, 192), None), (6, 40, (192, 240), (48, 64)),
        (6, 72, (240, 432), None), (8, 128, (432, 768), (112, 192)),
        (8, 216, (768, 1296), (192, 328)), (2, 224, (1296, 1344), (328, 336)),
    )  # fmt: skip
    channels, index = 24, 0
    for blocks, width, mids, squeezes in rows:
        for position in range(blocks):
            key, mid = f"blocks.{index}.mobile_inverted_conv", mids[min(position, 1)]
            if index > 1:
                shapes |= {f"{key}.inverted_bottleneck.conv.conv.weight": (mid, channels, 1, 1)}
                shapes |= _norm(f"{key}.inverted_bottleneck.bn.bn", mid)
            shapes |= {f"{key}.depth_conv.conv.conv.weight": (mid, 1, 5, 5)}
            shapes |= _norm(f"{key}.depth_conv.bn.bn", mid)
            if squeezes:
                shapes |= _squeeze_excite(f"{key}.depth_conv", mid, squeezes[min(position, 1)])
            shapes |= {f"{key}.point_linear.conv.conv.weight": (width, mid, 1, 1)}
            shapes |= _norm(f"{key}.point_linear.bn.bn", width)
            shapes |= {f"blocks.{index}.shortcut.conv.conv.weight": (width, channels, 1, 1)}
            channels, index = width, index + 1
    shapes |= {"last_conv.final_expand_layer.conv.conv.weight": (1344, 224, 1, 1)}
    shapes |= _norm("last_conv.final_expand_layer.bn.bn", 1344)
    shapes |= {"last_conv.feature_mix_layer.conv.conv.weight": (1984, 1344, 1, 1)}
    classifier = "classifier.linear.linear"
    return shapes | {f"{classifier}.weight": (1000, 1984), f"{classifier}.bias": (1000,)}


@functools.cache
def once_for_all_tensors() -> dict[str, np.ndarray]:
    """Random weights of `ofa_mbv3_w1.0`."""
    return _drawn(once_for_all_shapes())


@functools.cache
def _once_for_all() -> Supernet:
    return import_state_dict("ofa_mbv3_w1.0", once_for_all_tensors())


def _drawn(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    return {key: generator.random(shape, np.float32) for key, shape in shapes.items()}


class StateDictTest(tf.test.TestCase, parameterized.TestCase):
    def test_once_for_all_lands_where_it_belongs(self):
        tensors, supernet = once_for_all_tensors(), _once_for_all()
        self.assertLen(supernet.weights, len(tensors))
        self.assertEqual(supernet.num_classes, 1000)
        key = "blocks.5.mobile_inverted_conv"
        block = supernet.blocks[5]
        expand = tensors[f"{key}.inverted_bottleneck.conv.conv.weight"]
        self.assertAllEqual(block.parts["expand"].conv.kernel[0, 0], expand[:, :, 0, 0].T)
        depthwise = tensors[f"{key}.depth_conv.conv.conv.weight"]
        self.assertAllEqual(block.parts["depthwise"].conv.kernel[2, 5, 3, 0], depthwise[3, 0, 2, 5])
        variance = tensors[f"{key}.depth_conv.bn.bn.running_var"]
        self.assertAllEqual(block.parts["depthwise"].bn.moving_variance, variance)
        stem = tensors["first_conv.conv.weight"]
        self.assertAllEqual(supernet.stem.conv.kernel[0, 2, 1, 5], stem[5, 1, 0, 2])
        reduce = tensors[f"{key}.depth_conv.se.fc.reduce.weight"]
        self.assertAllEqual(block.parts["se_reduce"].conv.kernel[0, 0], reduce[:, :, 0, 0].T)
        classifier = tensors["classifier.linear.weight"]
        self.assertAllEqual(supernet.classifier.kernel, classifier.T)

    def test_kernels_of_a_harvested_subnet_went_through_the_matrices(self):
        tensors, supernet = once_for_all_tensors(), _once_for_all()
        arch = supernet.space.min_arch
        stage = stage_arch(24, (3, 5), (3, 3))
        arch = Arch("ofa_mbv3_w1.0", 96, 16, (arch.stages[0], stage, *arch.stages[2:]), 1280)
        model = harvest(supernet, arch)
        key = "blocks.{}.mobile_inverted_conv.depth_conv.conv"
        for index, size, mid in ((1, 3, 48), (2, 5, 72)):
            kernel = tensors[f"{key.format(index)}.conv.weight"][:mid, 0].astype(np.float64)
            five = tensors[f"{key.format(index)}.7to5_matrix"].astype(np.float64)
            three = tensors[f"{key.format(index)}.5to3_matrix"].astype(np.float64)
            cut = kernel[:, 1:6, 1:6].reshape(mid, 25) @ five.T
            if size == 3:
                cut = cut.reshape(mid, 5, 5)[:, 1:4, 1:4].reshape(mid, 9) @ three.T
            expected = cut.reshape(mid, size, size).transpose(1, 2, 0)
            harvested = model.get_layer(f"stage2_block{index - 1}_depthwise_conv").get_weights()[0]
            self.assertAllClose(harvested[..., 0], expected, rtol=1e-5)

    def test_attentive_nas_as_released(self):
        released = {f"module.{k}": v for k, v in _drawn(attentive_nas_shapes()).items()}
        kept = len(released)
        for key in [key for key in released if key.endswith("running_mean")]:
            statistics = key.removesuffix(".running_mean")
            tracking = f"{statistics.removesuffix('.bn')}.bn_tracking"
            released[f"{statistics}.num_batches_tracked"] = np.array(7)
            for number in (0, 1):
                for name in ("running_mean", "running_var"):
                    released[f"{tracking}.{number}.{name}"] = released[key]
                released[f"{tracking}.{number}.num_batches_tracked"] = np.array(7)
        self.assertLen(released, 1468)
        with self.assertLogs("absl", "WARNING") as logs:
            supernet = import_state_dict("attentive_nas", released, num_classes=10)
        self.assertIn("CC-BY-NC 4.0", logs.output[0])
        self.assertIn("the classifier for 10 classes is new", logs.output[1])
        self.assertEqual(supernet.num_classes, 10)
        self.assertEqual(supernet.classifier.kernel.shape, (1984, 10))
        # 30 of the 37 shortcuts are the identity in every subnet, and their convolutions unused.
        self.assertLen(supernet.weights, kept - 30)
        key = "module.blocks.27.shortcut.conv.conv.weight"
        projection = supernet.blocks[27].parts["shortcut_projection"].conv.kernel
        self.assertAllEqual(projection[0, 0], released[key][:, :, 0, 0].T)

    def test_new_name_of_blocks(self):
        tensors = dict(
            zip(once_for_all_shapes("conv"), once_for_all_tensors().values(), strict=True)
        )
        renamed = import_state_dict("ofa_mbv3_w1.0", tensors)
        for a, b in zip(renamed.weights, _once_for_all().weights, strict=True):
            self.assertAllEqual(a, b)

    def test_what_does_not_fit_is_listed(self):
        tensors = dict(once_for_all_tensors())
        del tensors["first_conv.bn.bias"]
        tensors["extra.weight"] = np.zeros(3)
        tensors["feature_mix_layer.conv.weight"] = np.zeros((1280, 900, 1, 1))
        tensors["classifier.linear.bias"] = np.full(1000, np.nan, np.float32)
        tensors["first_conv.bn.weight"] = np.full(16, 1e300)
        with self.assertRaisesRegex(
            UserError,
            r"not a checkpoint of ofa_mbv3_w1.0 \(411 tensors\): "
            r"1 tensors missing: first_conv.bn.bias; 1 tensors unknown: extra.weight; "
            r"1 tensors of another shape: feature_mix_layer.conv.weight \(1280, 900, 1, 1\) "
            r"instead of \(1280, 960, 1, 1\); "
            r"2 tensors with NaN or infinity: first_conv.bn.weight, classifier.linear.bias$",
        ):
            import_state_dict("ofa_mbv3_w1.0", tensors)

    def test_other_architecture_and_unknown_source(self):
        with self.assertRaisesRegex(UserError, "370 tensors of another shape: .* and 366 more$"):
            import_state_dict("ofa_mbv3_w1.2", once_for_all_tensors())
        with self.assertRaisesRegex(UserError, "411 tensors missing"):
            import_state_dict("ofa_mbv3_w1.0", {})
        with self.assertRaisesRegex(
            UserError, "'ofa'; available: attentive_nas, efficientnet_lite0, ofa_m"
        ):
            import_state_dict("ofa", {})


if __name__ == "__main__":
    tf.test.main()
