"""Whether the models of one run are worse than those of another: a gate for CI.

Accuracy is measured on a finite number of images: a drop counts where it is more than three
standard errors of the difference, or more than what the caller allows. Sizes, arenas and latencies
have no noise; they may grow by a share that is given.
"""

import math
from collections.abc import Iterator

from tofa_tf.common.errors import UserError
from tofa_tf.deploy.judged_on import JudgedOn, others_among
from tofa_tf.deploy.limits import Limits
from tofa_tf.deploy.results import RunReport, ScenarioResult

_STANDARD_ERRORS = 3.0


def regressions(new: RunReport, old: RunReport, limits: Limits) -> tuple[str, ...]:
    """Returns one line for each way in which a run is worse than another; none if it is not.

    Args:
        new: to be judged.
        old: what it is held against.
        limits: what counts as worse.

    Raises:
        UserError: if accuracies cannot be compared: other data, other classes, another number of
            test images.
    """
    for what, ours, theirs in (
        ("data set", new.dataset, old.dataset),
        ("classes", new.class_names, old.class_names),
        ("number of test images", new.test_images, old.test_images),
    ):
        if ours != theirs:
            raise UserError(f"the runs cannot be compared: the {what} was {theirs}, and is {ours}")
    made = {scenario.name: scenario for scenario in new.scenarios}
    lines: list[str] = []
    for before in old.scenarios:
        after = made.get(before.name)
        if after is None:
            lines.append(f"{before.name}: there is no model any more")
        else:
            worse = _worse(after, before, new.test_images, limits)
            lines += [f"{before.name}: {line}" for line in worse]
    return tuple(lines)


def refuse_other_images(new: JudgedOn, old: JudgedOn) -> None:
    """Makes sure that two runs were judged on the same test images.

    Raises:
        UserError: if they were not; says how to get runs that are.
    """
    if others := others_among(new, old):
        raise UserError(
            f"the runs cannot be compared: {others} of {len(new.images)} test images are others; "
            "test images that are held out follow the seed: train with the seed of the other run, "
            "or with its split.json as split"
        )


def _worse(
    after: ScenarioResult, before: ScenarioResult, images: int, limits: Limits
) -> Iterator[str]:
    allowed = limits.accuracy_points
    shares = before.int8_accuracy, after.int8_accuracy
    points = 100 * (shares[0] - shares[1])
    noise = 100 * math.sqrt(sum(share * (1 - share) for share in shares) / images)
    limit = _STANDARD_ERRORS * noise if allowed is None else allowed
    if points > limit:
        yield (
            f"int8 accuracy fell from {shares[0]:.2%} to {shares[1]:.2%} on {images} images, by "
            f"{points:.2f} points where {limit:.2f} are allowed"
        )
    board_before, board_after = before.board, after.board
    sizes = [
        ("the .tflite file", before.tflite_bytes, after.tflite_bytes, limits.size_percent, "B"),
        ("the arena", before.arena_bytes, after.arena_bytes, limits.size_percent, "B"),
    ]
    latencies = []
    if board_before and board_after:
        used = board_before.fit.arena_used, board_after.fit.arena_used
        sizes.append(("the arena on the board", *used, limits.size_percent, "B"))
        times = board_before.latency_ms, board_after.latency_ms
        latencies.append(("the latency estimate", *times, limits.latency_percent, "ms"))
    for what, old, new, percent, unit in (*sizes, *latencies):
        if new > old * (1 + percent / 100):
            yield (
                f"{what} grew from {old:g} to {new:g} {unit}, by {100 * (new / old - 1):.1f} % "
                f"where {percent:g} % are allowed"
            )
    if board_after and not board_after.fit.fits:
        yield f"it does not fit the board: {board_after.fit.missing}"
