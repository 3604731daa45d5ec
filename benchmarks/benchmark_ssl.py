"""Semi-supervised against labelled-only training: equal steps, batches, augmentation and loss.

    python -m benchmarks.benchmark_ssl --dataset=digits --labels_per_class=5 --steps=300 \
        --splits=3 --output=benchmarks/results/ssl_digits

Takes every flag of tofa_tf.train; each split is one seed. The labelled-only run sees as many images
a step, but only the labelled ones, in weak and strong views. Reported is the float test accuracy of
the largest, a middle and the smallest subnet.
"""

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from absl import flags

from benchmarks.results import describe_environment, new_results, write_csv
from tofa_tf import train
from tofa_tf.app import cli
from tofa_tf.common.errors import UserError
from tofa_tf.common.progress import Progress
from tofa_tf.space.cost import cost
from tofa_tf.training.evaluate import accuracy
from tofa_tf.training.experiment import Settings, load_experiment
from tofa_tf.training.sampling import spread_archs
from tofa_tf.training.trained_run import train_or_load

_SPLITS = flags.DEFINE_integer("splits", 3, "Label splits, one seed each, counted from --seed.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder for table and CSV.")

_METHODS = {"semi-supervised": False, "labelled-only": True}


def main(argv: Sequence[str]) -> None:
    """Trains two supernets a split and compares their subnets."""
    del argv
    if not _OUTPUT.value:
        raise UserError("--output is missing: name a folder for the results")
    settings = train.settings_from_flags()
    with new_results(_OUTPUT.value, overwrite=train.OVERWRITE.value) as folder:
        rows = []
        for seed in range(settings.train.seed, settings.train.seed + _SPLITS.value):
            for method, labelled_only in _METHODS.items():
                rows += _measure(settings, seed, method, labelled_only)
        _write(folder, rows, settings)
        print((folder / "README.md").read_text(encoding="utf-8"))


def _measure(settings: Settings, seed: int, method: str, labelled_only: bool) -> list[dict]:
    config = dataclasses.replace(settings.train, seed=seed)
    experiment = load_experiment(
        dataclasses.replace(settings, train=config, labelled_only=labelled_only)
    )
    print(f"seed {seed}, {method}", flush=True)
    with tempfile.TemporaryDirectory() as folder, Progress(config.steps) as progress:
        supernet = train_or_load(experiment, Path(folder), progress.step).supernet
    space = experiment.space
    archs = dict(zip(("min", "mid", "max"), spread_archs(space, 3), strict=True))
    rows = [
        {
            "seed": seed,
            "method": method,
            "net": name,
            "macs": cost(space, arch, experiment.num_classes, experiment.channels).macs,
            "test_accuracy": accuracy(supernet, arch, experiment),
        }
        for name, arch in archs.items()
    ]
    print("  ".join(f"{row['net']} {row['test_accuracy']:.2%}" for row in rows), flush=True)
    return rows


def _write(folder: Path, rows: list[dict], settings: Settings) -> None:
    write_csv(folder / "results.csv", rows)
    lines = [
        f"# Semi-supervised against labelled-only: {settings.dataset}, "
        f"{settings.labels_per_class} labels a class",
        "",
        "| net | MACs | semi-supervised | labelled-only | gain |",
        "|---|---|---|---|---|",
    ]
    for net in ("max", "mid", "min"):
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
    lines += [
        "",
        f"Float test accuracy, mean and standard deviation over {_SPLITS.value} label splits "
        f"(seeds from {settings.train.seed}), {settings.train.steps} steps.",
        "",
        *describe_environment(),
        "",
    ]
    (folder / "README.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    cli.run_script(main)
