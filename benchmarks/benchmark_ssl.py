"""Semi-supervised against labelled-only training: equal steps, batches, augmentation and loss.

    python -m benchmarks.benchmark_ssl --dataset=digits --labels_per_class=5 --steps=300 \
        --splits=3 --output=benchmarks/results/ssl_digits

Takes every flag of tofa_tf.train; each split is one seed. The labelled-only run sees as many images
a step, but only the labelled ones, in weak and strong views. Reported is the float test accuracy of
the largest, a middle and the smallest subnet.
"""

import dataclasses
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.markdown import escaped
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.common.progress import Progress
from tofa_tf.space.cost import cost
from tofa_tf.training.evaluate import accuracy
from tofa_tf.training.experiment import load_experiment
from tofa_tf.training.sampling import spread_archs
from tofa_tf.training.settings import Settings
from tofa_tf.training.trained_run import train_or_load


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """What this benchmark takes besides a training's settings."""

    splits: int = setting("Label splits, one seed each, counted from seed.", 3, least=1)


_METHODS = {"semi-supervised": False, "labelled-only": True}


def main(settings: Settings, output: Output, options: Options) -> None:
    """Trains two supernets a split and compares their subnets."""
    with new_results(output) as folder:
        rows = []
        for seed in range(settings.train.seed, settings.train.seed + options.splits):
            for method, labelled_only in _METHODS.items():
                rows += _measure(settings, seed, method, labelled_only)
        write_csv(folder / CSV, rows)
        write_table(folder, _markdown(rows, settings, options.splits))


def _measure(settings: Settings, seed: int, method: str, labelled_only: bool) -> list[dict]:
    config = dataclasses.replace(settings.train, seed=seed)
    experiment = load_experiment(
        dataclasses.replace(settings, train=config, labelled_only=labelled_only)
    )
    print(f"seed {seed}, {method}", flush=True)
    with tempfile.TemporaryDirectory() as folder, Progress(experiment.config.steps) as progress:
        supernet = train_or_load(experiment, Path(folder), progress.step).supernet
    space = experiment.space
    nets = spread_archs(space, 3)
    archs = dict(zip(("min", "mid", "max") if len(nets) > 1 else ("max",), nets, strict=True))
    rows = [
        {
            "seed": seed,
            "method": method,
            "steps": experiment.config.steps,
            "net": name,
            "macs": cost(space, arch, experiment.num_classes, experiment.channels).macs,
            "test_accuracy": accuracy(supernet, arch, experiment),
        }
        for name, arch in archs.items()
    ]
    print("  ".join(f"{row['net']} {row['test_accuracy']:.2%}" for row in rows), flush=True)
    return rows


def _markdown(rows: list[dict], settings: Settings, splits: int) -> list[str]:
    lines = [
        f"# Semi-supervised against labelled-only: {escaped(settings.dataset)}, "
        f"{settings.labels_per_class} labels a class",
        "",
        "| net | MACs | semi-supervised | labelled-only | gain |",
        "|---|---|---|---|---|",
    ]
    for net in reversed(dict.fromkeys(row["net"] for row in rows)):
        means, texts = {}, {}
        for method in _METHODS:
            values = [
                100 * r["test_accuracy"] for r in rows if (r["net"], r["method"]) == (net, method)
            ]
            means[method] = np.mean(values)
            texts[method] = f"{np.mean(values):.2f} ± {np.std(values):.2f} %"
        net_macs = next(r["macs"] for r in rows if r["net"] == net)
        gain = means["semi-supervised"] - means["labelled-only"]
        lines.append(
            f"| {net} | {net_macs / 1e6:.2f} M | {texts['semi-supervised']} | "
            f"{texts['labelled-only']} | {gain:+.2f} |"
        )
    return [
        *lines,
        "",
        f"Float test accuracy, mean and standard deviation over {splits} label splits "
        f"(seeds from {settings.train.seed}), {rows[0]['steps']} steps.",
    ]


COMMAND = Command(main, (Settings, Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
