from pathlib import Path

import tensorflow as tf
from absl.testing import parameterized

from tests.scripts import run_script
from tests.tofa_tf.pretrained.state_dict_test import once_for_all_tensors
from tests.tofa_tf.pretrained.torch_zip import write_state_dict
from tofa_tf.common.errors import UserError
from tofa_tf.nets.supernet import Supernet
from tofa_tf.nets.weights_file import load_weights
from tofa_tf.pretrained.convert_checkpoint import convert_checkpoint
from tofa_tf.space.presets import get_space


class ConvertTest(tf.test.TestCase, parameterized.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir())
        self.checkpoint = self.folder / "x.pth"
        self.output = self.folder / "supernet.weights.h5"

    def _convert(self, **changes):
        arguments = {"checkpoint": self.checkpoint, "output": self.output, **changes}
        convert_checkpoint("ofa_mbv3_w1.0", **arguments)

    def test_writes_what_the_supernet_loads(self):
        tensors = once_for_all_tensors()
        write_state_dict(self.checkpoint, tensors)
        self._convert()
        supernet = Supernet(get_space("ofa_mbv3_w1.0"), 1000)
        supernet.build()
        load_weights(supernet, self.output)
        self.assertAllEqual(supernet.classifier.kernel, tensors["classifier.linear.weight"].T)
        stem = tensors["first_conv.conv.weight"]
        self.assertAllEqual(supernet.stem.conv.kernel, stem.transpose(2, 3, 1, 0))
        self.assertSameElements(
            [p.name for p in self.folder.iterdir()], ["x.pth", self.output.name]
        )
        before = self.output.read_bytes()
        with self.assertRaisesRegex(
            UserError, "exists: choose another output or allow to overwrite"
        ):
            self._convert()
        self.assertEqual(self.output.read_bytes(), before)
        self._convert(overwrite=True, num_classes=3)
        self.assertLess(self.output.stat().st_size, len(before))

    @parameterized.parameters(
        ({"num_classes": 0}, "num_classes is 0: it must be at least 1"),
        ({"output": "x.h5"}, "output is .x.h5.: the name must end in .weights.h5"),
        ({"checkpoint": "none.pth"}, "cannot read none.pth: No such file"),
    )
    def test_bad_arguments(self, values, message):
        with self.assertRaisesRegex(UserError, message):
            self._convert(**values)
        self.assertFalse(self.output.exists())

    def test_script_ends_with_one_line(self):
        self.checkpoint.write_bytes(b"PK no archive")
        result = run_script(
            "tofa_tf.pretrained.convert",
            "--source=ofa_mbv3_w1.0",
            f"--checkpoint={self.checkpoint}",
            f"--output={self.output}",
        )
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, "^error: .*x.pth is damaged or not a PyTorch .*\n$")
        self.assertFalse(self.output.exists())


if __name__ == "__main__":
    tf.test.main()
