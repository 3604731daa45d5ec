"""How long one more scenario of a trained supernet takes, and what int8 costs in accuracy.

    python -m benchmarks.benchmark_scenarios --workdir=runs/digits --further=20 \
        --output=benchmarks/results/scenarios_digits

The run must be trained. Scenarios are MACs budgets spread evenly over the range of the space; each
is timed from the sampler's log to the verified int8 model.
"""

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.settings import SettingsBase, setting
from tflite_export.runtimes.tflm_pool import TflmPool
from tofa_tf.deploy.budgets import parse_scenarios
from tofa_tf.deploy.deployment import Deployment
from tofa_tf.deploy.results import ScenarioResult
from tofa_tf.deploy.scenario import run_scenario
from tofa_tf.space.cost import trunk_macs
from tofa_tf.training.settings import RunFolder
from tofa_tf.training.trained_run import load_run


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """What is measured."""

    further: int = setting("How many scenarios.", 20, least=1)


_COLUMNS = ("macs", "tflite_bytes", "arena_bytes", "float_accuracy", "int8_accuracy", "seconds")


def main(place: RunFolder, output: Output, options: Options) -> None:
    """Times scenarios and compares int8 with float accuracy."""
    run = load_run(place.workdir)
    space = run.experiment.space
    low, high = trunk_macs(space, space.min_arch), trunk_macs(space, space.max_arch)
    budgets = np.geomspace(1.1 * low, high, options.further)
    made = []
    with (
        new_results(output) as results,
        tempfile.TemporaryDirectory() as temporary,
        TflmPool() as tflm,
    ):
        run = dataclasses.replace(run, folder=Path(temporary))
        for budget in budgets:
            (scenario,) = parse_scenarios(f"macs={budget:.0f}")
            # None takes over what another has verified: each is timed for itself.
            made.append(run_scenario(run, Deployment(scenario), tflm))
            print(f"{scenario.name}: {made[-1].seconds:.2f} s", flush=True)
        write_csv(results / CSV, made, _COLUMNS)
        write_table(results, _markdown(made))


def _markdown(made: Sequence[ScenarioResult]) -> list[str]:
    seconds = [m.seconds for m in made]
    lost = [100 * (m.float_accuracy - m.int8_accuracy) for m in made]
    return [
        f"# {len(made)} further scenarios",
        "",
        "| figure | median | largest |",
        "|---|---|---|",
        f"| log to verified int8 model, seconds | {np.median(seconds):.2f} | {max(seconds):.2f} |",
        f"| float minus int8 accuracy, points | {np.median(lost):.2f} | {max(lost):.2f} |",
    ]


COMMAND = Command(main, (RunFolder, Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
