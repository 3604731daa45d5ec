"""The method's claims: what each says, the figure that decides it, and who judges it."""

import dataclasses
from collections.abc import Callable, Sequence

from benchmarks.evidence.findings import (
    Finding,
    better,
    constant_cost,
    guard,
    robust,
    rule,
    spaces,
)
from benchmarks.evidence.records import Row


@dataclasses.dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes:
        name: such as E1.
        text: what is claimed.
        wanted: the figure that decides.
        study: whose command measures it.
        judge: from the rows to what they say; None where they say nothing yet.
    """

    name: str
    text: str
    wanted: str
    study: str
    judge: Callable[[Sequence[Row]], Finding | None]


CLAIMS = (
    Claim(
        "E1",
        "Unlabelled images make every net better.",
        "mean gain above 0",
        "accuracy_cifar10",
        lambda rows: better("tofa", "tofa_labels", 0.0, rows),
    ),
    Claim(
        "E1t",
        "A large teacher makes every net better still.",
        "mean gain at least 3 points",
        "teacher",
        lambda rows: better("tofa_teacher", "tofa", 3.0, rows),
    ),
    Claim(
        "E2a",
        "At least as good as nets fine-tuned one by one on the labels.",
        "mean gain at least 1 point",
        "individual",
        lambda rows: better("tofa", "fine_tuned", 1.0, rows),
    ),
    Claim(
        "E2b",
        "At least as good as nets trained one by one by the same semi-supervised loss.",
        "mean gain at least -0.5 points",
        "individual",
        lambda rows: better("tofa", "fine_tuned_semi", -0.5, rows),
    ),
    Claim(
        "E2c",
        "Better than the pre-trained features as they are, with a ridge regression.",
        "mean gain at least 3 points",
        "accuracy_cifar10",
        lambda rows: better("tofa", "ridge", 3.0, rows),
    ),
    Claim(
        "E2d",
        "Constant cost over any number of scenarios.",
        "crossover at 3 scenarios at most",
        "individual",
        constant_cost,
    ),
    Claim(
        "E3",
        "A rule that measures nothing chooses as well as a search.",
        "within 0.5 points of the best of 20, within 1.0 of evolution",
        "rules",
        rule,
    ),
    Claim(
        "E5",
        "Foreign images among the unlabelled ones do little harm, with the guard.",
        "at most 1 point lost at 50 %",
        "foreign",
        guard,
    ),
    Claim("E6", "Which search space is best is known.", "a ranking", "spaces", spaces),
    Claim(
        "E7",
        "The fixed rule can look at more than mean accuracy.",
        "gains in its own measure, beyond their standard error",
        "robustness",
        robust,
    ),
)
