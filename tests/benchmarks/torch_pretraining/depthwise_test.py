import os

import numpy as np
import pytest
import tensorflow as tf
from absl.testing import parameterized

# Kernels run in Python, where there is no GPU; asked for before Triton is imported.
os.environ.setdefault("TRITON_INTERPRET", "1")
torch = pytest.importorskip("torch", reason="PyTorch is not installed; no other part needs it")
pytest.importorskip("triton", reason="Triton is not installed; it comes with PyTorch for GPUs")
if tuple(map(int, np.__version__.split(".")[:2])) >= (2, 4):
    pytest.skip("Triton 3.6 interprets kernels with numpy below 2.4", allow_module_level=True)

from benchmarks.torch_pretraining.depthwise import depthwise_conv2d  # noqa: E402


class DepthwiseTest(tf.test.TestCase, parameterized.TestCase):
    # Even maps have their padding behind them alone where the stride is 2.
    @parameterized.parameters((8, 3, 1, 6), (40, 5, 1, 4), (40, 3, 2, 6), (8, 5, 2, 7))
    def test_output_and_both_gradients(self, channels, size, stride, side):
        torch.manual_seed(0)
        x = torch.randn(2, channels, side, side).contiguous(memory_format=torch.channels_last)
        kernel = torch.randn(channels, 1, size, size, requires_grad=True)
        x.requires_grad_()
        padding = (-(-side // stride) - 1) * stride + size - side
        before = padding // 2
        found = depthwise_conv2d(x, kernel, stride, before)
        padded = torch.nn.functional.pad(x, (before, padding - before) * 2)
        expected = torch.nn.functional.conv2d(padded, kernel, stride=stride, groups=channels)
        upstream = torch.randn_like(expected)
        ours = torch.autograd.grad(found, (x, kernel), upstream)
        theirs = torch.autograd.grad(expected, (x, kernel), upstream)
        for a, b in zip((found, *ours), (expected, *theirs), strict=True):
            self.assertAllClose(a.detach().numpy(), b.detach().numpy(), atol=1e-4)


if __name__ == "__main__":
    tf.test.main()
