"""The commands that are disturbed: a run, an export, a report; and both of the first made again."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.torture.inputs import MODEL, REPRESENTATIVE, SPACE

# What each command writes, below the folder of a round.
RUN = "run"
EXPORT = "export"
# The stages of a round, see `stages`.
FIRST = "first"
AGAIN = "again"
_BUDGETS = ("macs=60k", "macs=100k")
_SCENARIOS = tuple(f"{RUN}/scenarios/{budget.replace('=', '_')}" for budget in _BUDGETS)
_TRAINING = ("digits", "--labels_per_class=5", "--labelled_batch=8", "--unlabelled_ratio=1")
# Checkpoints and records so close to each other that a kill meets them.
_OFTEN = ("--checkpoint_every_steps=3", "--log_every_steps=2")


@dataclass(frozen=True)
class Job:
    """One command of a round.

    Attributes:
        name: of the job; no other one has it.
        command: as `tofa COMMAND`.
        arguments: by the folder of the round and that of the inputs.
        made: what is there once it has ended, and then not made again; empty: it may run again.
        replaces: finished folders of the stage before, each whole until its successor is.
    """

    name: str
    command: str
    arguments: Callable[[Path, Path], list[str]]
    made: str = ""
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stage:
    """Commands after which the folder of a round is compared.

    Attributes:
        name: of the stage.
        jobs: the commands, in their order.
    """

    name: str
    jobs: tuple[Job, ...]


def stages(steps: int) -> tuple[Stage, ...]:
    """Returns the commands of a round: everything is made, then made again in another way.

    Args:
        steps: of the training.
    """

    def run(folder: Path, inputs: Path) -> list[str]:
        net = (f"--search_space={inputs / SPACE}", f"--steps={steps}")
        models = (f"--scenarios={';'.join(_BUDGETS)}", "--firmware=make")
        return [*_TRAINING, *_OFTEN, *net, *models, f"--workdir={folder / RUN}"]

    def export(folder: Path, inputs: Path) -> list[str]:
        how = [f"--representative={inputs / REPRESENTATIVE}", "--boards=rp2040", "--firmware=pico"]
        return [str(inputs / MODEL), *how, f"--output={folder / EXPORT}"]

    def report(folder: Path, inputs: Path) -> list[str]:
        del inputs
        return [str(folder / RUN)]

    # Other models, which get firmware of their own.
    def run_again(folder: Path, inputs: Path) -> list[str]:
        return [*run(folder, inputs), "--quantization=qat"]

    # The very same model, whose firmware is taken over.
    def export_again(folder: Path, inputs: Path) -> list[str]:
        return [*export(folder, inputs), "--quantization=auto", "--overwrite"]

    first = (
        Job("run", "run", run),
        Job("export", "export", export, EXPORT),
        Job("report", "report", report),
    )
    again = (
        Job("run again", "run", run_again, replaces=_SCENARIOS),
        Job("export again", "export", export_again, replaces=(EXPORT,)),
    )
    return Stage(FIRST, first), Stage(AGAIN, again)
