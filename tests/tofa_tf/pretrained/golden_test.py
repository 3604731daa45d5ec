"""Logits of the original PyTorch supernets, which are not part of the repository.

TOFA_GOLDEN_DIR names a folder with `<source>.json` (the state dict's layout and the subnets) and
`<source>.npz` (their logits). Weights and images are drawn here as they were for the originals.
"""

import json
import os
import unittest
import zlib
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.spaces_for_tests import stage_arch
from tofa_tf.nets.harvest import harvest
from tofa_tf.pretrained.state_dict import import_state_dict
from tofa_tf.space.arch import Arch
from tofa_tf.space.plan import encode

_FOLDER = os.environ.get("TOFA_GOLDEN_DIR")
_VARIANCES = {"ofa_mbv3_w1.0": (0.8, 1.2), "attentive_nas": (0.8, 1.6)}
_GAMMAS = {"ofa_mbv3_w1.0": (0.9, 1.3), "attentive_nas": (0.5, 1.1)}


def draw_tensor(source: str, key: str, shape: list[int]) -> np.ndarray:
    generator = np.random.RandomState(zlib.crc32(key.encode()))  # noqa: NPY002
    if key.endswith("running_var"):
        tensor = generator.uniform(*_VARIANCES[source], shape)
    elif key.endswith("running_mean"):
        tensor = 0.1 * generator.standard_normal(shape)
    elif key.endswith("_matrix"):
        tensor = np.eye(shape[0]) + 0.05 * generator.standard_normal(shape)
    elif len(shape) == 1 and key.endswith("weight"):
        tensor = generator.uniform(*_GAMMAS[source], shape)
    elif len(shape) == 1:
        tensor = 0.1 * generator.standard_normal(shape)
    else:
        tensor = generator.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))
    return tensor.astype(np.float32)


def once_for_all_arch(golden: dict) -> Arch:
    """Kernels and expand ratios are listed for five stages of four blocks, active or not."""
    stages = [stage_arch(16, (3,), (1,))]
    for number, (width, depth) in enumerate(zip((24, 40, 80, 112, 160), golden["d"], strict=True)):
        blocks = slice(4 * number, 4 * number + depth)
        stages.append(stage_arch(width, tuple(golden["ks"][blocks]), tuple(golden["e"][blocks])))
    return Arch("ofa_mbv3_w1.0", golden["r"], 16, tuple(stages), 1280)


def attentive_arch(golden: dict) -> Arch:
    """Everything is listed once per stage."""
    stem, *widths, feature = golden["width"]
    columns = (widths, golden["depth"], golden["kernel_size"], golden["expand_ratio"])
    stages = [stage_arch(w, (k,) * d, (e,) * d) for w, d, k, e in zip(*columns, strict=True)]
    return Arch("attentive_nas", golden["resolution"], stem, tuple(stages), feature)


@unittest.skipUnless(_FOLDER, "TOFA_GOLDEN_DIR is not set: no logits of the originals at hand")
class GoldenTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(
        ("ofa_mbv3_w1.0", once_for_all_arch), ("attentive_nas", attentive_arch)
    )
    def test_supernet_and_harvested_model_equal_the_original(self, source, read_arch):
        golden = json.loads((Path(_FOLDER) / f"{source}.json").read_text())
        logits = np.load(Path(_FOLDER) / f"{source}.npz")
        tensors = {
            key: draw_tensor(source, key, shape)
            for key, shape in golden["state_dict_layout"].items()
        }
        supernet = import_state_dict(source, tensors)
        bias = supernet.classifier.bias.numpy()
        ill_conditioned = 0
        for number, described in enumerate(golden["archs"]):
            arch = read_arch(described)
            generator = np.random.RandomState(arch.resolution)  # noqa: NPY002
            images = generator.standard_normal((2, 3, arch.resolution, arch.resolution))
            images = images.astype(np.float32).transpose(0, 2, 3, 1)
            vector = tf.constant(encode(supernet.space, arch))
            # Some subnets hardly rise above the bias, which would hide a difference.
            expected = logits[f"logits_{number}"] - bias
            largest = np.abs(expected).max()
            elastic = np.asarray(supernet(images, vector)) - bias
            harvested = np.asarray(harvest(supernet, arch)(images)) - bias
            # With random weights one image is so ill-conditioned that the last bit of its pixels
            # moves the logits by more than the tolerance: no closer than that can be asked for.
            nudged = np.asarray(supernet(np.nextafter(images, np.float32(np.inf)), vector)) - bias
            allowed = np.maximum(1e-4, np.abs(nudged - elastic).max(axis=1) / largest)
            for computed in (elastic, harvested):
                error = np.abs(computed - expected).max(axis=1) / largest
                self.assertAllLessEqual(error / allowed, 1.0)
                ill_conditioned += np.count_nonzero(error > 1e-4)
        self.assertLessEqual(ill_conditioned, 2)


if __name__ == "__main__":
    tf.test.main()
