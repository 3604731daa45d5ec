from absl.testing import absltest

from tofa_tf.common import machine


class MachineTest(absltest.TestCase):
    def test_one_line_names_the_processor_and_its_cores(self):
        self.assertRegex(machine.describe_machine(), r"^.+, \d+ cores$")


if __name__ == "__main__":
    absltest.main()
