"""Several processes on this machine."""

import contextlib
import socket

from tofa_tf.distribute.cluster import Cluster


def local_clusters(count: int) -> list[Cluster]:
    """Returns the cluster of so many processes on this machine as each of them sees it.

    Args:
        count: of processes; each gets a port that is free now.
    """
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("localhost", 0))
        addresses = tuple(f"localhost:{each.getsockname()[1]}" for each in sockets)
    return [Cluster(addresses, index) for index in range(count)]
