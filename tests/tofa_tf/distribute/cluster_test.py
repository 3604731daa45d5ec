import json

from absl.testing import absltest, parameterized

from tofa_tf.common.errors import UserError
from tofa_tf.distribute.cluster import Cluster, check_batch, read_cluster

_PAIR = {"worker": ["a:1", "b:2"]}


def _environment(cluster: object = None, task: object = None) -> dict[str, str]:
    config = {"cluster": cluster or _PAIR, "task": task or {"type": "worker", "index": 1}}
    return {"TF_CONFIG": json.dumps(config)}


class ClusterTest(parameterized.TestCase):
    def test_workers_in_their_order(self):
        cluster = read_cluster(_environment())
        self.assertEqual(cluster, Cluster(("a:1", "b:2"), 1))
        self.assertEqual(read_cluster({"TF_CONFIG": cluster.to_tf_config()}), cluster)

    def test_a_chief_is_the_first_worker(self):
        jobs = {"chief": ["c:3"], "worker": ["a:1"]}
        for task, index in ((("chief", 0), 0), (("worker", 0), 1)):
            environment = _environment(jobs, dict(zip(("type", "index"), task, strict=True)))
            self.assertEqual(read_cluster(environment), Cluster(("c:3", "a:1"), index))

    @parameterized.parameters(
        ({}, "the environment has no TF_CONFIG: every process needs one .*host1:2222"),
        ({"TF_CONFIG": "{"}, "it is not JSON"),
        ({"TF_CONFIG": "[]"}, 'there is no "cluster"'),
        ({"TF_CONFIG": '{"cluster": {"worker": ["a:1"]}}'}, 'there is no "task"'),
        (_environment({"worker": "a:1"}), "it is a list of addresses"),
        (_environment({"worker": ["a"]}), "has the address 'a'; it is host:port"),
        (_environment({"worker": ["a:1", "a:1"]}), "two workers have one address"),
        (_environment({"worker": [], "chief": []}), "names no worker"),
        (_environment({"ps": ["a:1"], **_PAIR}), 'there is a job "ps"'),
        (_environment({"chief": ["a:1", "b:1"]}), "there are 2 chiefs"),
        (_environment(task={"type": "worker", "index": 2}), '"index" of "task" is 2; of 2 workers'),
        (_environment(task={"type": "worker", "index": "0"}), '"index" of "task" is \'0\''),
        (_environment(task={"type": "chief", "index": 0}), "is 'chief'; it is a job of"),
        (_environment(task={"type": "ps", "index": 0}), '"type" of "task" is \'ps\''),
    )
    def test_says_what_is_wrong(self, environment, message):
        with self.assertRaisesRegex(UserError, message) as caught:
            read_cluster(environment)
        self.assertIn('{"cluster": {"worker": ', str(caught.exception))

    def test_the_batch_is_shared_equally(self):
        check_batch(32, 4)
        with self.assertRaisesRegex(UserError, "labelled_batch is 32, which 3 .* choose 30 or 33"):
            check_batch(32, 3)
        with self.assertRaisesRegex(UserError, "choose 4,"):
            check_batch(2, 4)


if __name__ == "__main__":
    absltest.main()
