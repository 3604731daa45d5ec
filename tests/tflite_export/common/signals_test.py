import contextlib
import os
import signal

from absl.testing import absltest, parameterized

from tflite_export.common import signals


class SignalsTest(parameterized.TestCase):
    @parameterized.parameters(signal.SIGINT, signal.SIGTERM)
    def test_a_signal_ends_the_work_and_is_never_lost(self, number):
        for each in (signal.SIGINT, signal.SIGTERM):
            self.addCleanup(signal.signal, each, signal.getsignal(each))
        self.addCleanup(signals._came.clear)
        signals.end_on_signals()
        signals.check_signals()
        # As where Python itself drops the exception.
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        with self.assertRaises(KeyboardInterrupt):
            signals.check_signals()


if __name__ == "__main__":
    absltest.main()
