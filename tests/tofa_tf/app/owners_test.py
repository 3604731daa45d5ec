"""Flags of one command that are given to another."""

import subprocess
import sys

from absl.testing import absltest, parameterized

from tofa_tf.app.main import _owners

_PROGRAM = "import sys; from tofa_tf.app.main import main; main(['tofa', *sys.argv[1:]])"


class OwnersTest(parameterized.TestCase):
    @parameterized.parameters(
        ("boards", ["tofa plan", "tofa deploy", "tofa run", "tofa export"]),
        ("labels_per_class", ["tofa train", "tofa run", "tofa pretrain"]),
        ("noself_training", ["tofa train", "tofa run", "tofa pretrain"]),
        ("unlabeled", ["tofa plan", "tofa train", "tofa run", "tofa pretrain"]),
        ("baud", ["tofa check-log"]),
        ("nothing", []),
    )
    def test_which_commands_take_a_flag(self, flag, owners):
        self.assertEqual(_owners(flag), owners)

    def test_one_line_names_them(self):
        command = [sys.executable, "-c", _PROGRAM, "train", "photos/", "--boards", "rp2040"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(
            done.stderr,
            "error: --boards belongs to tofa plan, tofa deploy, tofa run and tofa export, not to "
            "tofa train\n",
        )


if __name__ == "__main__":
    absltest.main()
