"""What measured rows say about the claims: a function for every kind of claim."""

import dataclasses
import itertools
import math
import statistics
from collections import defaultdict
from collections.abc import Sequence

from benchmarks.evidence.compare import Gain, gains, overall
from benchmarks.evidence.foreign_arms import CASES, GUARD, NO_GUARD, ORACLE, SHARES, arm_name
from benchmarks.evidence.records import Row
from benchmarks.evidence.rule_arms import mean_when_corrupted
from benchmarks.evidence.tables import mean_sd

HOLDS, PARTLY, NOT = "holds", "holds partly", "does not hold"
UNDECIDED = "undecided: one split"
# MACs at which search spaces are compared: each within two at least.
BUDGETS = (1e6, 2.5e6, 4.5e6, 7.5e6, 16e6)


@dataclasses.dataclass(frozen=True)
class Finding:
    """What rows say about a claim.

    Attributes:
        verdict: `HOLDS`, `PARTLY` or `NOT`; `UNDECIDED` where nothing has a deviation.
        figure: in one line.
        lines: of Markdown, in plain words.
    """

    verdict: str
    figure: str
    lines: tuple[str, ...] = ()


def better(arm: str, other: str, least: float, rows: Sequence[Row]) -> Finding | None:
    """Whether an arm is better by so many points, in the mean of sets, labels and levels."""
    found = gains(rows, arm, other)
    if not found:
        return None
    mean, error = overall(found)
    splits = sorted({len(gain.points) for gain in found})
    worse = [gain for gain in found if gain.mean < -max(gain.deviation, 0.05)]
    verdict = NOT if mean < least else PARTLY if worse else HOLDS
    number = splits[0] if splits[0] == splits[-1] else f"{splits[0]} to {splits[-1]}"
    figure = f"{mean:+.1f} points, standard error {error:.1f} ({number} splits)"
    if _one_split(found):
        verdict, figure = UNDECIDED, f"{mean:+.1f} points (one split)"
    return Finding(verdict, figure, (_by_cell(found), _worse(worse, len(found))))


def _one_split(found: Sequence[Gain]) -> bool:
    """Whether nothing has a deviation over splits."""
    return all(len(gain.points) == 1 for gain in found)


def _by_cell(found: Sequence[Gain]) -> str:
    cells: dict[tuple[str, object], list[Gain]] = defaultdict(list)
    for gain in found:
        cells[gain.image_set, gain.labels_per_class].append(gain)
    texts = []
    for (name, labels), levels in cells.items():
        by_split = zip(*(gain.points for gain in levels), strict=False)
        splits = [statistics.fmean(points) for points in by_split]
        texts.append(f"{name}, {labels} labels a class: {mean_sd(splits, '+')}")
    return "Mean over levels, with the standard deviation over splits: " + "; ".join(texts) + "."


def _worse(worse: Sequence[Gain], count: int) -> str:
    if not worse:
        return f"In none of {count} cases (set, labels, level) lower by more than one deviation."
    some = ", ".join(
        f"{gain.image_set} at {gain.labels_per_class} labels, level {gain.band + 1} "
        f"({gain.mean:+.1f})"
        for gain in sorted(worse, key=lambda gain: gain.mean)[:3]
    )
    return f"Lower by more than one deviation in {len(worse)} of {count} cases: {some}."


def constant_cost(rows: Sequence[Row]) -> Finding | None:
    """After how many scenarios one supernet is cheaper than a net for each."""
    places = {(row.image_set, row.labels_per_class, row.seed) for row in rows if row.arm == "tofa"}
    texts, crossovers = [], {}
    for arm in ("fine_tuned", "fine_tuned_semi", "scratch"):
        ratios, alone, by_macs = [], [], []
        for row in rows:
            place = row.image_set, row.labels_per_class, row.seed
            if row.arm == arm and place in places:
                ours = next(r for r in rows if r.arm == "tofa" and r.place[:3] == place).effort
                nets = len(row.levels)
                ratios.append(ours.seconds / (row.effort.seconds / nets))
                alone.append(row.effort.seconds / nets)
                by_macs.append(ours.gmacs / (row.effort.gmacs / nets))
        if ratios:
            crossovers[arm] = crossover = statistics.fmean(ratios)
            costs = ", ".join(f"{n}: {n / crossover:.1f}" for n in (1, 5, 20, 50))
            texts.append(
                f"Against {arm} ({statistics.fmean(alone):.0f} s a net, trials included) the "
                f"crossover is at {crossover:.1f} scenarios by the clock, at "
                f"{statistics.fmean(by_macs):.1f} by multiply-accumulates; cost of nets trained "
                "alone as a multiple of the supernet's, by number of scenarios (extrapolated "
                f"beyond 5): {costs}."
            )
    if not texts:
        return None
    figure = ", ".join(f"{most:.1f} against {arm}" for arm, most in crossovers.items())
    low, high = min(crossovers.values()), max(crossovers.values())
    verdict = HOLDS if high <= 3 else PARTLY if low <= 3 else NOT
    return Finding(verdict, f"crossover in scenarios: {figure}", tuple(texts))


def rule(rows: Sequence[Row]) -> Finding | None:
    """How far the fixed rule stays behind those that measure."""
    wanted = {"rule_best_of_random": 0.5, "rule_evolution": 1.0}
    found = {name: gains(rows, "rule_fixed", name) for name in (*wanted, "rule_zero_shot")}
    found = {name: each for name, each in found.items() if each}
    if not found:
        return None
    means = {name: overall(each) for name, each in found.items()}
    single = all(_one_split(each) for each in found.values())
    figure = ", ".join(
        f"{mean:+.1f}{'' if single else f' ± {error:.1f}'} against "
        f"{name.removeprefix('rule_').replace('_', ' ')}"
        for name, (mean, error) in means.items()
    )
    missed = [name for name, most in wanted.items() if name in means and means[name][0] < -most]
    verdict = HOLDS if not missed else PARTLY if len(missed) < len(wanted) else NOT
    if single:
        verdict, figure = UNDECIDED, f"{figure} (one split)"
    times = {
        name: statistics.fmean(
            row.effort.seconds / len(row.levels) for row in rows if row.arm == name
        )
        for name in ("rule_fixed", *found)
    }
    seconds = ", ".join(
        f"{name.removeprefix('rule_').replace('_', ' ')} {time:.1f} s"
        for name, time in times.items()
    )
    lines = (f"Time for a scenario: {seconds}.", *_percentiles(rows))
    return Finding(verdict, figure, lines)


def _percentiles(rows: Sequence[Row]) -> tuple[str, ...]:
    """Where the rule's choice stands among random subnets of its band."""
    shares, spreads = [], []
    for row in rows:
        if row.arm != "spread":
            continue
        rule = [r for r in rows if r.arm == "rule_fixed" and r.place[:3] == row.place[:3]]
        for choice in rule[0].levels if rule else ():
            others = [each.accuracy for each in row.levels if each.band == choice.band]
            shares.append(statistics.fmean(other < choice.accuracy for other in others))
            if len(others) > 1:
                spreads.append(100 * statistics.stdev(others))
    if not shares:
        return ()
    spread = f"{statistics.fmean(spreads):.1f}" if spreads else "0"
    return (
        f"Random subnets of one band differ by a standard deviation of {spread} points; the rule's "
        f"choice is better than {statistics.fmean(shares):.0%} of them in the mean.",
    )


def guard(rows: Sequence[Row]) -> Finding | None:
    """What foreign images cost, with and without the guard, in every case of what is foreign."""
    figures, lines, good, singles = [], [], [], []
    for name in CASES:
        found = gains(rows, arm_name(name, 50, GUARD), arm_name(name, 0, NO_GUARD))
        if not found:
            continue
        half, error = overall(found)
        singles.append(_one_split(found))
        good.append(half >= -1.0)
        margin = "one split" if singles[-1] else f"standard error {error:.1f}"
        figures.append(f"{half:+.1f} points at 50 % {name} ({margin})")
        lines += [f"{name.capitalize()}: {line}" for line in _foreign_lines(name, rows)]
    if not figures:
        return None
    lines.append("How well features tell such images: [results/guard](results/guard/README.md).")
    verdict = HOLDS if all(good) else PARTLY if any(good) else NOT
    return Finding(UNDECIDED if all(singles) else verdict, ", ".join(figures), tuple(lines))


def _foreign_lines(name: str, rows: Sequence[Row]) -> list[str]:
    """What the other arms of a case of foreign images say."""

    def change(percent: int, guard: str) -> str | None:
        found = gains(rows, arm_name(name, percent, guard), arm_name(name, 0, NO_GUARD))
        return f"{overall(found)[0]:+.1f}" if found else None

    lines = []
    for percent in SHARES[1:]:
        plain, kept = change(percent, NO_GUARD), change(percent, GUARD)
        if plain or kept:
            lines.append(
                f"points at {percent} % against none: {plain or 'not measured'}, with the "
                f"guard {kept or 'not measured'}."
            )
    of_guard = [row for row in rows if row.arm == arm_name(name, 50, GUARD)]
    if notes := [row.notes for row in of_guard if row.notes]:
        total = {what: sum(note[what] for note in notes) for what in notes[0]}
        lines.append(
            f"at 50 % the guard left out {total['left_out']} of {total['looked_at']} images, "
            f"of which {total['foreign']} were foreign."
        )
    if best := change(50, ORACLE):
        lines.append(f"with exactly the foreign half left out: {best} points.")
    return lines


def spaces(rows: Sequence[Row]) -> Finding | None:
    """Which space is best at equal MACs: spaces reach from and to different ones."""
    found = [row for row in rows if row.arm.startswith("space_")]
    if not found:
        return None
    lines, firsts = [], []
    for macs in BUDGETS:
        order = sorted(_accuracies_at(macs, found).items(), key=lambda item: -item[1][0])
        texts = (f"{name} {mean_sd(splits)} %" for name, (_, splits) in order)
        lines.append(f"At {macs / 1e6:g} MMACs: {', '.join(texts)}.")
        if len(order) > 1:
            firsts.append(f"{order[0][0]} at {macs / 1e6:g} MMACs")
    verdict = HOLDS if len({row.seed for row in found}) > 1 else UNDECIDED
    return Finding(verdict, f"best: {', '.join(firsts) or 'one space only'}", tuple(lines))


def _accuracies_at(macs: float, found: Sequence[Row]) -> dict[str, tuple[float, list[float]]]:
    """Returns mean and splits, in percent, of each space that has nets on both sides of `macs`.

    Between two nets accuracy is taken to grow with the logarithm of MACs.
    """
    by_space: dict[str, list[float]] = defaultdict(list)
    for row in found:
        nets = sorted((math.log(level.macs), level.accuracy) for level in row.levels)
        for (low, worse), (high, other) in itertools.pairwise(nets):
            if low <= math.log(macs) < high:
                share = worse + (other - worse) * (math.log(macs) - low) / (high - low)
                by_space[row.arm.removeprefix("space_")].append(100 * share)
    return {name: (statistics.fmean(splits), splits) for name, splits in by_space.items()}


def robust(rows: Sequence[Row]) -> Finding | None:
    """What an objective gains in its own measure, and what it costs in mean accuracy."""
    figures, sure, single = [], [], False
    for name, measure in (
        ("rule_worst_class", lambda level: level.worst_class),
        ("rule_robust", mean_when_corrupted),
    ):
        found = gains(rows, name, "rule_fixed", measure)
        if not found:
            continue
        own, error = overall(found)
        cost, _ = overall(gains(rows, name, "rule_fixed"))
        single = single or _one_split(found)
        sure.append(own > error)
        margin = "(one split)" if _one_split(found) else f"± {error:.1f}"
        what = name.removeprefix("rule_").replace("_", " ")
        figures.append(
            f"{what} {own:+.1f} {margin} points in its own measure, {cost:+.1f} in accuracy"
        )
    if not figures:
        return None
    verdict = HOLDS if all(sure) else PARTLY if any(sure) else NOT
    return Finding(UNDECIDED if single else verdict, "; ".join(figures), _corruptions(rows))


def _corruptions(rows: Sequence[Row]) -> tuple[str, ...]:
    losses: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row.arm == "corruptions":
            for level in row.levels:
                for name, share in level.corrupted.items():
                    losses[name].append(100 * (share - level.float_accuracy))
    if not losses:
        return ()
    texts = (f"{name} {statistics.fmean(points):+.1f}" for name, points in losses.items())
    return (f"Points lost by corruption and strength, all levels: {', '.join(texts)}.",)
