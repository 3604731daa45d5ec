import tensorflow as tf
from absl.testing import parameterized

from tflite_export.convert.quantization_settings import Int8Settings, Method
from tofa_tf.common.errors import UserError
from tofa_tf.deploy.settings import DeploySettings
from tofa_tf.deploy.targets import read_deployments


class TargetsTest(tf.test.TestCase, parameterized.TestCase):
    def test_budgets_come_first_then_boards(self):
        models = DeploySettings(
            boards="rp2040@20fps,nano33ble", scenarios="macs=1M", int8=Int8Settings("auto", 2)
        )
        made = read_deployments(models, seed=7)
        self.assertEqual([one.name for one in made], ["macs_1M", "rp2040_20fps", "nano33ble"])
        self.assertEqual([bool(one.board) for one in made], [False, True, True])
        for one in made:
            asked = one.quantization
            self.assertEqual((asked.method, asked.tolerance), (Method.AUTO, 2.0))
            self.assertEqual(asked.qat.seed, 7)

    def test_nothing_asked_for(self):
        with self.assertRaisesRegex(UserError, "nothing to deploy to: name boards, .* or budgets"):
            read_deployments(DeploySettings(), seed=0)


if __name__ == "__main__":
    tf.test.main()
