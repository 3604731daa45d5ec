"""Makes what one would make without a supernet, and shows it beside the nets of a run.

tofa baseline runs/photos --baselines=ridge,fine_tuned

The figures go into `baselines.json` of the run, too, from which its report draws them.
"""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from tflite_export.common.command import Command
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.app.main import run
from tofa_tf.training.settings import RunFolder

if TYPE_CHECKING:
    from tofa_tf.space.arch import Arch
    from tofa_tf.training.trained_run import TrainedRun


def _names() -> list[str]:
    from tofa_tf.select.alone import BASELINES  # loads TensorFlow

    return list(BASELINES)


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """What the run is compared with."""

    baselines: tuple[str, ...] = setting(
        "Ways to make a net of its own: ridge (frozen features), self_trained (the same, and "
        "unlabelled images), fine_tuned (labels only, tuned), fine_tuned_semi, scratch, "
        "scratch_semi, resnet8, mobilenet_v2_035.",
        ("ridge", "fine_tuned"), choices=_names, heading="Comparison",
    )  # fmt: skip
    levels: int = setting("Nets at even ratios of MACs.", 3, least=2, heading="Comparison")


def main(place: RunFolder, options: Options) -> None:
    """Prints one line for each net, and writes the report again with what was measured."""
    from tofa_tf.deploy.report import write_report
    from tofa_tf.deploy.results import REPORT, read_run_report
    from tofa_tf.training.sampling import spread_archs
    from tofa_tf.training.trained_run import load_run

    trained = load_run(Path(place.workdir))
    print("| MACs | made by | test accuracy, float | seconds |\n|---|---|---|---|", flush=True)
    for arch in spread_archs(trained.experiment.space, options.levels):
        _print_level(trained, arch, options)
    if (trained.folder / REPORT).exists():
        write_report(read_run_report(trained.folder), trained.folder)


def _print_level(trained: "TrainedRun", arch: "Arch", options: Options) -> None:
    from tofa_tf.deploy.baseline_results import BaselineResult, read_baselines, write_baselines
    from tofa_tf.nets.answers import answers
    from tofa_tf.select.alone import baseline_folder, make_alone
    from tofa_tf.space.cost import cost
    from tofa_tf.training.evaluate import accuracy

    experiment = trained.experiment
    macs = cost(experiment.space, arch, experiment.num_classes, experiment.channels).macs
    _print_line(macs, "this run", accuracy(trained.supernet, arch, experiment), "for all nets")
    for name in options.baselines:
        folder = baseline_folder(trained.folder, name, arch)
        made = make_alone(name, experiment, arch, folder)
        right = answers(made.model, experiment.test_images(arch.resolution))
        share = float((right == experiment.dataset.test.labels).mean())
        _print_line(made.cost.macs, name, share, f"{made.effort.seconds:.0f}")
        result = BaselineResult(
            name, made.cost.macs, made.cost.weight_bytes, share, made.effort.seconds
        )
        write_baselines(read_baselines(trained.folder).with_one(result), trained.folder)


def _print_line(macs: int, name: str, share: float, seconds: str) -> None:
    print(f"| {macs / 1e6:.2f} M | {name} | {share:.1%} | {seconds} |", flush=True)


COMMAND = Command(main, (RunFolder, Options), positional=("workdir",))

if __name__ == "__main__":
    run("baseline")
