import socket

from absl.testing import absltest

from tofa_tf.distribute.local import local_clusters


class LocalClustersTest(absltest.TestCase):
    def test_every_process_knows_all_and_its_own_place(self):
        clusters = local_clusters(3)
        self.assertEqual([each.index for each in clusters], [0, 1, 2])
        (addresses,) = {each.addresses for each in clusters}
        self.assertLen(set(addresses), 3)

    def test_ports_are_free(self):
        (cluster,) = local_clusters(1)
        host, port = cluster.addresses[0].split(":")
        with socket.socket() as one:
            one.bind((host, int(port)))


if __name__ == "__main__":
    absltest.main()
