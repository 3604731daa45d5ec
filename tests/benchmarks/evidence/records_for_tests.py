"""Rows of finished arms, made by hand."""

from benchmarks.evidence.records import Level, Row
from tofa_tf.select.effort import Effort


def row(
    arm: str,
    accuracies: tuple[float, ...],
    *,
    image_set: str = "digits",
    labels: int = 10,
    seed: int = 0,
    seconds: float = 60.0,
    **changes: object,
) -> Row:
    """Returns an arm whose nets have 1, 2, 4 ... MMACs and these int8 accuracies."""
    levels = tuple(
        Level(10**6 * 2**band, 1000, accuracy + 0.01, accuracy, accuracy / 2, band=band)
        for band, accuracy in enumerate(accuracies)
    )
    values = {
        "image_set": image_set,
        "labels_per_class": labels,
        "seed": seed,
        "arm": arm,
        "levels": levels,
        "effort": Effort(seconds, 64_000, 1_000, 9.5),
        "final_effort": Effort(seconds / 2, 32_000, 1_000, 5.0),
        "notes": {},
        "settings": {"steps": 2},
        "fingerprint": f"{image_set}{labels}{seed}{arm}",
        "weights": "none",
        "versions": {"keras": "3"},
        "machine": "a machine, 2 cores",
        "date": "2026-11-24",
    }
    return Row(**(values | changes))


def splits(arm: str, *accuracies: tuple[float, ...], **changes: object) -> list[Row]:
    """Returns a row of an arm for each split."""
    return [row(arm, each, seed=seed, **changes) for seed, each in enumerate(accuracies)]
