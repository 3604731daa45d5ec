"""Real processes: one that native code keeps, and one that has lost the worker it connects with."""

import subprocess
import sys
import time

from absl.testing import absltest

from tofa_tf.distribute.deadline import ended_after
from tofa_tf.distribute.local import local_clusters
from tofa_tf.distribute.meeting import meet

# As TensorFlow does while it connects: native code during which no thread of Python runs.
_STUCK = """
import ctypes
from tofa_tf.distribute.deadline import ended_after
with ended_after(0.3, "error: too late"):
    ctypes.PyDLL(None).sleep(60)
"""
_CONNECT = """
import sys
from tflite_export.common import quiet_tensorflow
from tflite_export.common.cli import guarded
from tofa_tf.distribute.cluster import Cluster
from tofa_tf.distribute.connect import connected
cluster = Cluster(tuple(sys.argv[1:]), 0)
guarded(lambda: connected(cluster, 8, 4).__enter__())
"""


class DeadlineTest(absltest.TestCase):
    def test_native_code_that_waits_is_ended_with_one_line(self):
        ended = self._python(_STUCK)
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertEqual(ended.stderr, "error: too late\n")

    def test_in_time_nothing_is_said(self):
        code = _STUCK.replace("0.3", "60").replace("sleep(60)", "sleep(0)")
        ended = self._python(code)
        self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (0, "", ""))

    def test_is_over_with_the_block(self):
        with self.assertRaisesRegex(ValueError, "^mine$"), ended_after(0.2, "never"):
            raise ValueError("mine")
        time.sleep(0.4)

    def test_a_worker_that_is_lost_between_meeting_and_connecting(self):
        own, other = local_clusters(2)
        with subprocess.Popen(
            [sys.executable, "-c", _CONNECT, *own.addresses], stderr=subprocess.PIPE, text=True
        ) as waiting:
            # It has come, and does nothing any more.
            meet(other, 60)
            _, errors = waiting.communicate(timeout=60)
        self.assertEqual(waiting.returncode, 1, errors)
        self.assertRegex(
            errors.splitlines()[-1],
            r"^error: not connected 4 s \(connect_seconds\) after all workers had come: worker 1 "
            r"\(localhost:\d+\) was lost meanwhile; start the same command again",
        )

    def _python(self, code: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
        )


if __name__ == "__main__":
    absltest.main()
