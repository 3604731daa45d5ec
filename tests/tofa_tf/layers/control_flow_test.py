import tensorflow as tf

from tofa_tf.layers.control_flow import cond


class CondTest(tf.test.TestCase):
    def _traced(self, predicate) -> list[str]:
        """The branches that become part of a graph."""
        seen = []

        def branch(name: str):
            seen.append(name)
            return tf.constant(name)

        def both(predicate):
            return cond(predicate, lambda: branch("true"), lambda: branch("false"))

        graph = tf.function(both, autograph=False)
        for value in (True, False) if isinstance(predicate, tf.Tensor) else (predicate,):
            given = tf.constant(value) if isinstance(predicate, tf.Tensor) else value
            self.assertEqual(graph(given).numpy(), b"true" if value else b"false")
        return seen

    def test_what_is_known_while_tracing_leaves_one_branch(self):
        self.assertEqual(self._traced(True), ["true"])
        self.assertEqual(self._traced(False), ["false"])

    def test_what_is_open_leaves_both_in_one_graph(self):
        self.assertEqual(self._traced(tf.constant(True)), ["true", "false"])


if __name__ == "__main__":
    tf.test.main()
