"""Where the processes of a training wait for each other before TensorFlow connects them.

TensorFlow itself waits for ever, and meanwhile lets nothing run in this process, not even what a
signal calls. So each process first listens at its own address and knocks at those of the others,
until all have said that they reach all. Loads no TensorFlow.
"""

import contextlib
import math
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator

from tofa_tf.common.errors import UserError, first_line
from tofa_tf.distribute.cluster import TF_CONFIG, Cluster

# What a process says to each other one: that it is there, then that all others are.
_HERE, _READY = "here", "ready"
_LINE = re.compile(rb"tofa worker (\d{1,9}) of (\d{1,9}): (here|ready)\n")
_LONGEST = 64
# Seconds: of an attempt to reach another process, between two, and between two looks at the time.
_PATIENCE, _PAUSE, _LOOK = 5.0, 0.5, 0.2
# Seconds until waiting is worth a line, and until the next one.
_FIRST_LINE, _NEXT_LINE = 3.0, 30.0


def meet(cluster: Cluster, seconds: float, lost: Callable[[], str] = str) -> None:
    """Waits until every process of a cluster reaches every other; shows whom it waits for.

    Args:
        cluster: the processes, all of which call this.
        seconds: how long to wait.
        lost: says whom it is no use to wait for, and why; nothing while there is hope.

    Raises:
        UserError: if this one cannot listen at its address, or others do not come in that time;
            says which, and what to check.
    """
    meeting = _Meeting(cluster)
    with _listening(meeting, cluster.addresses[cluster.index]):
        meeting.knock()
        began = time.monotonic()
        shown = began + _FIRST_LINE - _NEXT_LINE
        while not meeting.over.wait(_LOOK):
            if reason := lost():
                raise UserError(reason)
            now = time.monotonic()
            if now - began >= seconds:
                raise UserError(
                    f"{meeting.missing()}: not there after {seconds:g} s (connect_seconds). Is the "
                    f"same command running for each, with its own index in {TF_CONFIG}? Are the "
                    "addresses right, and does no firewall keep these ports closed?"
                )
            if now - shown >= _NEXT_LINE:
                shown, left = now, math.ceil(began + seconds - now)
                print(
                    f"waiting for {meeting.missing()}; {left} s left", file=sys.stderr, flush=True
                )


class _Meeting:
    """What a process knows of the others.

    Attributes:
        over: is set once all reach all, and all know.
    """

    def __init__(self, cluster: Cluster):
        self.over = threading.Event()
        self._cluster = cluster
        self._others = frozenset(range(len(cluster.addresses))) - {cluster.index}
        self._lock = threading.Lock()
        # Of the others: who has answered each of the two, who has said that all are there.
        self._answered: dict[str, set[int]] = {_HERE: set(), _READY: set()}
        self._ready: set[int] = set()
        self._reasons = dict.fromkeys(self._others, "")
        self._all_are_here, self._ended = threading.Event(), threading.Event()

    def knock(self) -> None:
        """Begins to tell all others that this process is there."""
        for other in self._others:
            # Nobody waits for these threads at the end: a name server can take its time.
            threading.Thread(target=self._tell, args=(other,), daemon=True).start()

    def listen(self, listener: socket.socket) -> None:
        """Lets the others in, until `end`."""
        while not self._ended.is_set():
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def end(self) -> None:
        """Ends what the two above have begun."""
        self._ended.set()
        self._all_are_here.set()

    def missing(self) -> str:
        """Names those that have not answered, or do not reach all, with what is known of it."""
        with self._lock:
            away = sorted(self._others - self._answered[_HERE])
            named = [self._named(i, self._reasons[i]) for i in away] or [
                self._named(i, "it does not reach all others") for i in self._others - self._ready
            ]
        return ", ".join(named) or "the last answer"

    def _answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(_PATIENCE)
            other, count, word = _read(connection)
            if other not in self._others or count != len(self._cluster.addresses):
                return
            # It may leave once it has the answer, and so may this process once that is noted.
            connection.sendall(self._line(word))
            if word == _READY:
                self._note(self._ready, other)

    def _tell(self, other: int) -> None:
        for word in (_HERE, _READY):
            while not self._told(other, word):
                if self._ended.wait(_PAUSE):
                    return
            self._note(self._answered[word], other)
            self._all_are_here.wait()

    def _told(self, other: int, word: str) -> bool:
        """Says a word to another process, and whether it has answered."""
        host, _, port = self._cluster.addresses[other].rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), _PATIENCE) as connection:
                connection.sendall(self._line(word))
                index, count, _ = _read(connection)
        # A port above 65535 is an OverflowError, a host of strange letters a UnicodeError.
        except (OSError, OverflowError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or first_line(error)
        else:
            expected = (other, len(self._cluster.addresses))
            reason = (
                f"worker {index} of {count} answers there" if (index, count) != expected else ""
            )
        with self._lock:
            self._reasons[other] = reason
        return not reason

    def _note(self, known: set[int], other: int) -> None:
        with self._lock:
            known.add(other)
            if self._answered[_HERE] == self._others:
                self._all_are_here.set()
            if self._answered[_READY] == self._ready == self._others:
                self.over.set()

    def _line(self, word: str) -> bytes:
        index, count = self._cluster.index, len(self._cluster.addresses)
        return f"tofa worker {index} of {count}: {word}\n".encode()

    def _named(self, other: int, reason: str) -> str:
        address = self._cluster.addresses[other]
        return f"worker {other} ({address}{': ' if reason else ''}{reason})"


@contextlib.contextmanager
def _listening(meeting: _Meeting, address: str) -> Iterator[None]:
    """Keeps the port of this process open for the others meanwhile."""
    port, both = int(address.rpartition(":")[2]), socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both else socket.AF_INET
    try:
        # At all addresses of this machine, as TensorFlow does after it.
        listener = socket.create_server(("", port), family=family, dualstack_ipv6=both)
    except (OSError, OverflowError) as error:
        raise UserError(
            f"cannot listen at {address} ({getattr(error, 'strerror', None) or error}): end what "
            f"else listens there, or choose another port in {TF_CONFIG}"
        ) from error
    with listener:
        listener.settimeout(_LOOK)
        thread = threading.Thread(target=meeting.listen, args=(listener,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            meeting.end()
            thread.join()


def _read(connection: socket.socket) -> tuple[int, int, str]:
    """Reads who says what: the number of the process, of how many, and its word."""
    with connection.makefile("rb") as file:
        found = _LINE.fullmatch(file.readline(_LONGEST))
    if found is None:
        raise ConnectionError("what listens there is no worker that waits for others")
    return int(found[1]), int(found[2]), found[3].decode()
