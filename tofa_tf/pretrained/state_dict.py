"""Imports the weights of a public PyTorch net, given as numpy arrays by name."""

from collections.abc import Iterable, Mapping

import numpy as np
from absl import logging

from tofa_tf.common.errors import UserError
from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretrained import attentive_nas, efficientnet_lite, once_for_all
from tofa_tf.pretrained.layout import CheckpointKind, Entry
from tofa_tf.space.presets import get_space

SOURCES: dict[str, CheckpointKind] = {
    **once_for_all.SOURCES,
    **attentive_nas.SOURCES,
    **efficientnet_lite.SOURCES,
}

# Keys named one by one in an error.
_SHOWN = 4


def check_source(source: str) -> None:
    """Raises a UserError unless `source` is one of `SOURCES`."""
    if source not in SOURCES:
        raise UserError(f"unknown source {source!r}; available: {', '.join(sorted(SOURCES))}")


def import_state_dict(
    source: str, tensors: Mapping[str, np.ndarray], num_classes: int | None = None
) -> Supernet:
    """Makes a supernet of the tensors of a public checkpoint.

    The moving statistics of batch norm come along, but are those of whichever subnet ran last
    (AttentiveNAS: of none): harvested subnets want recalibration, as always.

    Args:
        source: a name of `SOURCES`.
        tensors: arrays as PyTorch orders them, by the names of the checkpoint.
        num_classes: outputs of the classifier; as in the checkpoint by default. With another
            number the classifier stays freshly initialised.

    Raises:
        UserError: if the source is unknown, or tensors are missing, unknown, of another shape, or
            hold NaN or infinity.
    """
    check_source(source)
    form = SOURCES[source]
    tensors = {canonical_key(key): array for key, array in tensors.items() if not _unused(key)}
    classes = np.size(tensors.get(f"{form.classifier}.bias", ()))
    supernet = Supernet(get_space(form.space), num_classes or classes or 1)
    supernet.build()
    entries = list(form.layout(supernet))
    new_classifier = classes > 0 and supernet.num_classes != classes
    if new_classifier:
        entries = [_without_classifier(entry, form) for entry in entries]
    check(source, entries, tensors)
    for entry in entries:
        if entry.variable is not None:
            entry.variable.assign(entry.to_keras(np.asarray(tensors[entry.key], np.float32)))
    logging.warning("%s: %s", source, form.licence)
    if new_classifier:
        logging.warning(
            "%s: the classifier for %d classes is new; the checkpoint's is for %d.",
            source, supernet.num_classes, classes,
        )  # fmt: skip
    return supernet


def canonical_key(key: str) -> str:
    """The one name of a tensor that different versions of a checkpoint name differently."""
    return key.removeprefix("module.").replace(".mobile_inverted_conv.", ".conv.")


def check(source: str, entries: Iterable[Entry], tensors: Mapping[str, np.ndarray]) -> None:
    """Compares what there is with what is wanted.

    Raises:
        UserError: lists what is missing, unknown, of another shape, or not finite.
    """
    known = {entry.key: entry for entry in entries}
    used = {key: entry for key, entry in known.items() if entry.variable is not None}
    misshapen = [
        f"{key} {np.shape(tensors[key])} instead of {entry.shape}"
        for key, entry in used.items()
        if key in tensors and np.shape(tensors[key]) != entry.shape
    ]
    findings = (
        ("missing", [key for key in used if key not in tensors]),
        ("unknown", [key for key in tensors if key not in known]),
        ("of another shape", misshapen),
        ("with NaN or infinity", [k for k in used if k in tensors and not _finite(tensors[k])]),
    )
    found = [f"{len(keys)} tensors {what}: {_some(keys)}" for what, keys in findings if keys]
    if found:
        raise UserError(f"not a checkpoint of {source} ({len(used)} tensors): {'; '.join(found)}")


def _finite(tensor: np.ndarray) -> bool:
    """Whether all numbers are such that float32 can hold them."""
    with np.errstate(over="ignore"):
        return bool(np.isfinite(np.asarray(tensor, np.float32)).all())


def _some(keys: list[str]) -> str:
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return ", ".join(keys[:_SHOWN]) + more


def _unused(key: str) -> bool:
    """Counters, and statistics that AttentiveNAS saves but never reads."""
    return key.endswith(".num_batches_tracked") or ".bn_tracking." in key


def _without_classifier(entry: Entry, form: CheckpointKind) -> Entry:
    if entry.key.startswith(f"{form.classifier}."):
        return Entry(entry.key, None)
    return entry
