"""One arm against another: paired by set, labels, split and level."""

import dataclasses
import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from benchmarks.evidence.records import Level, Row
from tofa_tf.data.labels import LabelsPerClass


@dataclasses.dataclass(frozen=True)
class Gain:
    """How much better one arm is than another on one set, number of labels and level.

    Attributes:
        image_set: name of the set.
        labels_per_class: of both.
        band: the level.
        points: difference in percentage points for each split that both have.
    """

    image_set: str
    labels_per_class: LabelsPerClass
    band: int
    points: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over splits."""
        return statistics.fmean(self.points)

    @property
    def deviation(self) -> float:
        """Standard deviation over splits; 0 of one split."""
        return statistics.stdev(self.points) if len(self.points) > 1 else 0.0


def gains(
    rows: Iterable[Row],
    arm: str,
    other: str,
    measure: Callable[[Level], float] = lambda level: level.accuracy,
) -> list[Gain]:
    """Returns the gains of an arm over another, of all splits that both have finished."""
    rows = list(rows)
    found: dict[tuple[str, LabelsPerClass, int], list[float]] = defaultdict(list)
    theirs = {(r.image_set, r.labels_per_class, r.seed): r for r in rows if r.arm == other}
    for row in rows:
        place = row.image_set, row.labels_per_class, row.seed
        if row.arm != arm or place not in theirs:
            continue
        mine, others = by_band(row, measure), by_band(theirs[place], measure)
        for band in mine.keys() & others.keys():
            points = 100 * (mine[band] - others[band])
            found[row.image_set, row.labels_per_class, band].append(points)
    return [Gain(*where, tuple(found[where])) for where in sorted(found, key=str)]


def by_band(
    row: Row, measure: Callable[[Level], float] = lambda level: level.accuracy
) -> dict[int, float]:
    """Returns the accuracy of each level; the mean where an arm has several nets of one."""
    nets = defaultdict(list)
    for level in row.levels:
        nets[level.band].append(measure(level))
    return {band: statistics.fmean(values) for band, values in nets.items()}


def overall(found: Sequence[Gain]) -> tuple[float, float]:
    """Returns the mean gain and its standard error over splits.

    Every set and number of labels counts the same. Levels of a split are not independent of each
    other, so a split's mean over levels is one observation. The variance is pooled: where there is
    one split, splits are taken to differ as much as elsewhere.
    """
    cells: dict[tuple[str, LabelsPerClass], list[Gain]] = defaultdict(list)
    for gain in found:
        cells[gain.image_set, gain.labels_per_class].append(gain)
    means, counts, squares = [], [], []
    for levels in cells.values():
        splits = [
            statistics.fmean(each) for each in zip(*(gain.points for gain in levels), strict=False)
        ]
        means.append(statistics.fmean(splits))
        counts.append(len(splits))
        squares.append(sum((split - means[-1]) ** 2 for split in splits))
    variance = sum(squares) / max(1, sum(counts) - len(counts))
    error = math.sqrt(sum(variance / count for count in counts)) / len(means)
    return statistics.fmean(means), error
