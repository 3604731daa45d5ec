"""Fails if the models of a run are worse than those of another: a gate for CI.

    tofa check runs/new --against=runs/released

Compares every scenario of the other run by its name: int8 accuracy, where the drop has to be more
than the number of test images leaves open, size, arena and latency estimate. Ends with exit code 1
and one line for each regression. Runs with other test images are refused, and another seed gets
other subnets: the gate is for runs of one seed (BUILD.md says what to do where seeds differ).
"""

import dataclasses

from tflite_export.common.command import Command
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.app.main import run
from tofa_tf.deploy.limits import Limits
from tofa_tf.training.settings import RunFolder


@dataclasses.dataclass(frozen=True)
class Against(SettingsBase):
    """What the run is held against."""

    against: str = setting("Folder of the run that is good enough.", heading="Run")


def main(place: RunFolder, other: Against, limits: Limits) -> None:
    """Prints the comparison; raises a UserError on a regression."""
    from pathlib import Path

    from tflite_export.common.console import warn
    from tofa_tf.common.errors import UserError
    from tofa_tf.deploy.compare import compare_runs
    from tofa_tf.deploy.judged_on import read_judged_on
    from tofa_tf.deploy.regressions import refuse_other_images, regressions
    from tofa_tf.deploy.results import read_run_report

    names = (other.against, place.workdir)
    old, new = (read_run_report(Path(name)) for name in names)
    worse = regressions(new, old, limits)
    before, now = (
        read_judged_on(Path(name), report) for name, report in zip(names, (old, new), strict=True)
    )
    if before and now:
        refuse_other_images(now, before)
    else:
        warn("a run has lost its split.json: of the test images only the number is known to agree")
    print(compare_runs(dict(zip(names, (old, new), strict=True))))
    if worse:
        raise UserError("; ".join(worse))
    print(f"\nPASS: no model of {place.workdir} is worse than that of {other.against}")


COMMAND = Command(main, (RunFolder, Against, Limits), positional=("workdir",), tensorflow=False)

if __name__ == "__main__":
    run("check")
