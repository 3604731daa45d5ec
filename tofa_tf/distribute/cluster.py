"""Who trains together: what the environment variable TF_CONFIG says. Loads no TensorFlow."""

import dataclasses
import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tofa_tf.common.errors import UserError

TF_CONFIG = "TF_CONFIG"
# How long a process waits for those it trains with: machines do not start at the same moment.
CONNECT_SECONDS = 600
_EXAMPLE = (
    '{"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", "index": 0}}'
)
_ADDRESS = re.compile(r"\S+:\d{1,5}")


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The processes of a training.

    Attributes:
        addresses: host:port of each, the chief's first.
        index: which of them this one is.
    """

    addresses: tuple[str, ...]
    index: int

    def to_tf_config(self) -> str:
        """Returns what `read_cluster` reads."""
        task = {"type": "worker", "index": self.index}
        return json.dumps({"cluster": {"worker": self.addresses}, "task": task})


def read_cluster(environment: Mapping[str, str] = os.environ) -> Cluster:
    """Reads TF_CONFIG; a job "chief" counts as the first worker.

    Args:
        environment: variables by name.

    Raises:
        UserError: if it is missing or makes no sense; shows what it looks like.
    """
    text = environment.get(TF_CONFIG, "")
    if not text.strip():
        raise UserError(
            f"strategy is multiworker, and the environment has no {TF_CONFIG}: every process needs "
            f"one that names all of them and itself, such as {TF_CONFIG}='{_EXAMPLE}'"
        )
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong(f"it is not JSON ({error})") from error
    jobs = _part(config, "cluster")
    if unknown := sorted(jobs.keys() - {"chief", "worker"}):
        raise _wrong(f'there is a job "{unknown[0]}"; jobs are "worker" and "chief"')
    chiefs, workers = _addresses(jobs, "chief"), _addresses(jobs, "worker")
    if len(chiefs) > 1:
        raise _wrong(f"there are {len(chiefs)} chiefs; there is one at most")
    addresses = (*chiefs, *workers)
    if not addresses:
        raise _wrong('"cluster" names no worker')
    if len(set(addresses)) < len(addresses):
        raise _wrong("two workers have one address")
    task = _part(config, "task")
    kind, index = task.get("type"), task.get("index")
    own = {"chief": chiefs, "worker": workers}.get(str(kind))
    if not own:
        raise _wrong(f'"type" of "task" is {kind!r}; it is a job of "cluster"')
    if not isinstance(index, int) or not 0 <= index < len(own):
        raise _wrong(
            f'"index" of "task" is {index!r}; of {len(own)} {kind}s it is a number from 0 to '
            f"{len(own) - 1}"
        )
    return Cluster(addresses, addresses.index(own[index]))


def check_batch(labelled_batch: int, count: int) -> None:
    """Raises a UserError unless so many processes can share a batch equally."""
    if labelled_batch % count:
        below, above = (labelled_batch // count) * count, (labelled_batch // count + 1) * count
        near = f"{below} or {above}" if below else str(above)
        raise UserError(
            f"labelled_batch is {labelled_batch}, which {count} workers cannot share equally: it "
            f"is the batch of all of them together; choose {near}, or another number of workers"
        )


def _part(config: Any, name: str) -> Mapping[str, Any]:
    part = config.get(name) if isinstance(config, dict) else None
    if not isinstance(part, dict):
        raise _wrong(f'there is no "{name}"')
    return part


def _addresses(jobs: Mapping[str, Any], job: str) -> tuple[str, ...]:
    addresses: Sequence[Any] = jobs.get(job, [])
    if not isinstance(addresses, list):
        raise _wrong(f'"{job}" is {addresses!r}; it is a list of addresses')
    for address in addresses:
        if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
            raise _wrong(f'"{job}" has the address {address!r}; it is host:port')
    return tuple(addresses)


def _wrong(what: str) -> UserError:
    return UserError(f"{TF_CONFIG} is wrong: {what}; it looks like {_EXAMPLE}")
