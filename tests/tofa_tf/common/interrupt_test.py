import contextlib
import signal
import threading

from absl.testing import absltest, parameterized

from tflite_export.common import signals
from tofa_tf.common.interrupt import deferred_interrupt, ended_by_signals

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


def _handlers() -> list:
    return [signal.getsignal(number) for number in _NUMBERS]


class InterruptTest(parameterized.TestCase):
    def setUp(self):
        super().setUp()
        for number in _NUMBERS:
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        # Nothing that comes by itself: what is put back can be told from a default.
        self.own = [lambda number, frame: None, lambda number, frame: None]
        for number, handler in zip(_NUMBERS, self.own, strict=True):
            signal.signal(number, handler)

    @parameterized.parameters(*_NUMBERS)
    def test_the_first_signal_is_told_and_nothing_else(self, number):
        with deferred_interrupt() as came:
            self.assertFalse(came())
            signal.raise_signal(number)
            self.assertTrue(came())
        self.assertEqual(_handlers(), self.own)

    @parameterized.product(first=_NUMBERS, second=_NUMBERS)
    def test_the_second_signal_acts_at_once(self, first, second):
        with self.assertRaises(KeyboardInterrupt), deferred_interrupt():
            signal.raise_signal(first)
            signal.raise_signal(second)
        self.assertEqual(_handlers(), self.own)

    def test_one_block_knows_nothing_of_an_earlier_one(self):
        with deferred_interrupt():
            signal.raise_signal(signal.SIGINT)
        with deferred_interrupt() as came:
            self.assertFalse(came())

    def test_a_signal_that_python_dropped_ends_the_next_long_work(self):
        self.addCleanup(signals._came.clear)
        signals.end_on_signals()
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        with self.assertRaises(KeyboardInterrupt), deferred_interrupt():
            self.fail("work was begun")

    @parameterized.parameters(deferred_interrupt, ended_by_signals)
    def test_handlers_are_put_back_where_work_fails(self, block):
        with self.assertRaises(ZeroDivisionError), block():
            self.assertNotIn(signal.getsignal(signal.SIGINT), self.own)
            raise ZeroDivisionError
        self.assertEqual(_handlers(), self.own)

    def test_the_system_itself_ends_the_process_where_native_code_waits(self):
        with ended_by_signals():
            self.assertEqual(_handlers(), [signal.SIG_DFL, signal.SIG_DFL])
        self.assertEqual(_handlers(), self.own)

    @parameterized.parameters(deferred_interrupt, ended_by_signals)
    def test_another_thread_changes_no_handler(self, block):
        seen = []

        def work():
            with block() as came:
                seen.append((_handlers(), came() if came else False))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        self.assertEqual(seen, [(self.own, False)])


if __name__ == "__main__":
    absltest.main()
