import dataclasses

import tensorflow as tf

from tests.tofa_tf.distribute.threads import in_threads
from tests.tofa_tf.trained import experiment
from tofa_tf.common.errors import UserError
from tofa_tf.distribute.replicas import Replicas
from tofa_tf.training.equal import check_equal


class EqualTest(tf.test.TestCase):
    def _said(self, others: dict) -> list[str]:
        made = experiment()

        def check(replicas: Replicas) -> str:
            changes = {} if replicas.is_chief else others
            try:
                check_equal(dataclasses.replace(made, **changes), replicas)
            except UserError as error:
                return str(error)
            return ""

        return in_threads(2, check)

    def test_equal_experiments_pass(self):
        self.assertEqual(self._said({}), ["", ""])

    def test_all_learn_who_differs_and_in_what(self):
        made = experiment()
        parts = {**made.split.parts, "test": {}}
        for what, change in (
            ("settings", {"config": dataclasses.replace(made.config, seed=1)}),
            ("images or labels", {"split": dataclasses.replace(made.split, parts=parts)}),
        ):
            said = self._said(change)
            self.assertEqual(said[0], said[1])
            self.assertStartsWith(said[0], f"worker 1 has other {what} than the chief: ")


if __name__ == "__main__":
    tf.test.main()
