import signal
import subprocess
import sys
from unittest import mock

import tensorflow as tf

from tofa_tf.common.errors import UserError
from tofa_tf.distribute import connect
from tofa_tf.distribute.cluster import Cluster
from tofa_tf.distribute.replicas import ALONE

_PAIR = Cluster(("a:1", "b:2"), 1)
_THREE = Cluster(("a:1", "b:2", "c:3"), 1)
_HEARTBEAT = "Collective ops is aborted by: RPC: /tensorflow.CoordinationService/Heartbeat"
# As TensorFlow does while it connects: native code to which no signal of Python gets through.
_STUCK = """
import ctypes
from tflite_export.common.signals import end_on_signals
from tofa_tf.common.interrupt import ended_by_signals
end_on_signals()
with ended_by_signals():
    print("stuck", flush=True)
    ctypes.PyDLL(None).sleep(60)
"""


class ConnectTest(tf.test.TestCase):
    def test_a_lost_worker_is_one_line_however_it_is_noticed(self):
        for error in (
            tf.errors.UnavailableError,
            tf.errors.AbortedError,
            tf.errors.CancelledError,
            tf.errors.DeadlineExceededError,
        ):
            self.assertStartsWith(
                self._said(_PAIR, error(None, None, _HEARTBEAT)),
                "worker 0 (a:1) is lost: the same command, started again on all machines, ",
            )
        lost = tf.errors.UnavailableError(None, None, "/job:worker/replica:0/task:2 is away")
        self.assertStartsWith(self._said(_THREE, lost), "worker 2 (c:3) is lost")
        unknown = tf.errors.DeadlineExceededError(None, None, _HEARTBEAT)
        self.assertStartsWith(self._said(_THREE, unknown), "a worker is lost")

    def test_signals_end_native_code_that_waits(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            stuck = subprocess.Popen([sys.executable, "-c", _STUCK], stdout=subprocess.PIPE)
            assert stuck.stdout is not None
            self.assertEqual(stuck.stdout.readline(), b"stuck\n")
            stuck.send_signal(number)
            stuck.communicate(timeout=10)
            self.assertEqual(stuck.returncode, -number)

    def _said(self, cluster: Cluster, error: tf.errors.OpError) -> str:
        with (
            mock.patch.object(connect, "_connect", lambda *_: ALONE),
            self.assertRaises(UserError) as caught,
            connect.connected(cluster, 6),
        ):
            raise error
        return str(caught.exception)


if __name__ == "__main__":
    tf.test.main()
