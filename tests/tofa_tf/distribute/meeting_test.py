import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from absl.testing import absltest

from tofa_tf.common.errors import UserError
from tofa_tf.distribute import meeting
from tofa_tf.distribute.cluster import Cluster
from tofa_tf.distribute.local import local_clusters
from tofa_tf.distribute.meeting import meet

_WAIT = """
import sys
from tflite_export.common.cli import guarded
from tflite_export.common.signals import end_on_signals
from tofa_tf.distribute.cluster import Cluster
from tofa_tf.distribute.meeting import meet
end_on_signals()
guarded(lambda: meet(Cluster(tuple(sys.argv[1:]), 0), 300))
"""


class MeetingTest(absltest.TestCase):
    def test_all_leave_once_the_last_has_come_and_their_ports_are_free_again(self):
        clusters = local_clusters(4)
        with ThreadPoolExecutor(4) as pool:
            early = [pool.submit(meet, cluster, 60) for cluster in clusters[:3]]
            time.sleep(0.7)
            self.assertFalse(any(each.done() for each in early))
            meet(clusters[3], 60)
            for each in early:
                each.result(timeout=5)
        for cluster in clusters:
            port = int(cluster.addresses[cluster.index].partition(":")[2])
            socket.create_server(("", port)).close()

    def test_names_those_that_do_not_come_and_why(self):
        one, two, other = local_clusters(3)
        addresses = (*one.addresses, "nowhere.invalid:1", "localhost:99999")
        with ThreadPoolExecutor(2) as pool:
            both = [pool.submit(meet, Cluster(addresses, i), 2) for i in (0, 1)]
            messages = [str(each.exception()) for each in both]
        for message in messages:
            self.assertRegex(
                message,
                rf"^worker 2 \({other.addresses[2]}: Connection refused\), worker 3 \(nowhere."
                r"invalid:1: .*\), worker 4 \(localhost:99999: .*\): not there after 2 s "
                r"\(connect_seconds\)\. Is the same command .* TF_CONFIG\? .* firewall",
            )
            self.assertNotIn("worker 0", message)
            self.assertNotIn("worker 1", message)

    def test_whoever_else_listens_there_is_no_worker(self):
        for answer, said in (
            (lambda line: line, "worker 0 of 2 answers there"),
            (lambda line: b"", "what listens there is no worker that waits for others"),
            (lambda line: b"HTTP/1.1 200 OK\r\n", "what listens there is no worker"),
        ):
            own, other = local_clusters(2)
            with self._listener(other) as listener:
                threading.Thread(target=self._serve, args=(listener, answer), daemon=True).start()
                with self.assertRaisesRegex(UserError, rf"worker 1 \(localhost:\d+: {said}"):
                    meet(own, 1)

    def test_workers_of_different_clusters_do_not_meet(self):
        three = local_clusters(3)
        two = Cluster(three[0].addresses[:2], 1)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(meet, two, 2)
            with self.assertRaisesRegex(UserError, "worker 1 .*no worker.*worker 2 .*refused"):
                meet(three[0], 2)

    def test_one_that_does_not_reach_all_is_named_by_those_that_do(self):
        first, second, third = local_clusters(3)
        lost = Cluster((third.addresses[0], "localhost:1", third.addresses[2]), 2)
        with ThreadPoolExecutor(2) as pool:
            waiting = [pool.submit(meet, cluster, 3) for cluster in (second, lost)]
            with self.assertRaisesRegex(
                UserError, r"^worker 2 \(localhost:\d+: it does not reach all others\): not there"
            ):
                meet(first, 2)
            self.assertIn("worker 1 (localhost:1: ", str(waiting[1].exception()))

    def test_a_port_that_is_taken(self):
        own, _ = local_clusters(2)
        with (
            self._listener(own),
            self.assertRaisesRegex(UserError, r"cannot listen at localhost:\d+ \(Address already"),
        ):
            meet(own, 1)
        with self.assertRaisesRegex(UserError, r"cannot listen at localhost:70000 \(.*65535"):
            meet(Cluster(("localhost:70000", own.addresses[1]), 0), 1)

    def test_says_whom_it_waits_for(self):
        own, other = local_clusters(2)
        with (
            mock.patch.object(meeting, "_FIRST_LINE", 0.5),
            contextlib.redirect_stderr(io.StringIO()) as shown,
            self.assertRaises(UserError),
        ):
            meet(own, 2)
        self.assertEqual(
            shown.getvalue(),
            f"waiting for worker 1 ({other.addresses[1]}: Connection refused); 2 s left\n",
        )

    def test_signals_end_the_wait_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            own, _ = local_clusters(2)
            waiting = subprocess.Popen(
                [sys.executable, "-c", _WAIT, *own.addresses],
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
            assert waiting.stderr is not None
            self.assertStartsWith(waiting.stderr.readline(), "waiting for worker 1")
            waiting.send_signal(number)
            _, errors = waiting.communicate(timeout=5)
            self.assertEqual(waiting.returncode, 1)
            self.assertStartsWith(errors, "interrupted: ")

    def _listener(self, cluster: Cluster) -> socket.socket:
        port = int(cluster.addresses[cluster.index].partition(":")[2])
        return socket.create_server(("localhost", port))

    def _serve(self, listener: socket.socket, answer: Callable[[bytes], bytes]) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.sendall(answer(connection.recv(64)))


if __name__ == "__main__":
    absltest.main()
