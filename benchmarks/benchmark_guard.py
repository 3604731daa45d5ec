"""How well features tell images of foreign classes: what the guard has to work with.

    python -m benchmarks.benchmark_guard --data_dir=DIR --output=benchmarks/results/guard

Of a labelled data set the first classes, or those that are named, are known, and a share of the
unlabelled images is of the others, as in `benchmarks/evidence/foreign_arms.py`. Looked at are
features of the pre-trained net, which `--foreign=guard` uses, those of a teacher, and both
together. An area under the curve (AUROC) of 100 % tells all foreign images from all others, one of
50 % none.
"""

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score

from benchmarks.evidence.foreign_arms import mixed
from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.markdown import escaped
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.common.errors import UserError
from tofa_tf.common.progress import Progress
from tofa_tf.teacher.features import describe_all
from tofa_tf.teacher.names import EFFICIENTNET_LITE0
from tofa_tf.training.experiment import Experiment, load_experiment
from tofa_tf.training.foreignness import foreign_images, looks
from tofa_tf.training.guard import extractor
from tofa_tf.training.settings import Settings

PRETRAINED, TEACHER, BOTH = "pre-trained net", "teacher", "both, mean rank"


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """What is looked at."""

    dataset: str = setting("As in tofa train, of many classes.", "cifar10")
    data_dir: str | None = setting("Where tensorflow-datasets finds its sets.", None)
    known: tuple[str, ...] = setting(
        "Names of the known classes; by default the first three in five of the set.", ()
    )
    labels_per_class: int = setting("Labelled images of each class.", 25, least=2)
    image_size: int = setting("Height and width of the images in pixels.", 32, least=8)
    percent: int = setting("Of the unlabelled images, how many are foreign.", 50, least=1, most=90)
    images: int = setting("Unlabelled images that are looked at.", 6000, least=10)
    splits: int = setting("Draws of the labelled images.", 3, least=2)
    teacher: str = setting("As in tofa train.", EFFICIENTNET_LITE0)
    teacher_cache: str | None = setting("As in tofa train.", None)


def main(output: Output, options: Options) -> None:
    """Looks at every draw by every kind of features, and writes the table."""
    with new_results(output) as folder:
        rows = [row for seed in range(options.splits) for row in _rows_of(options, seed)]
        write_csv(folder / CSV, rows)
        write_table(folder, _table(rows, options))


def _rows_of(options: Options, seed: int) -> list[dict[str, Any]]:
    settings = Settings.make(
        {
            "dataset": options.dataset,
            "data_dir": options.data_dir,
            "labels_per_class": options.labels_per_class,
            "resolutions": [options.image_size],
            "teacher": options.teacher,
            "seed": seed,
        }
    )
    experiment = mixed(load_experiment(settings), options.percent, options.known)
    if experiment.pretrained is None or experiment.teacher is None:
        raise UserError("features need pre-trained weights and a teacher: name both")
    training = experiment.training
    others = np.setdiff1d(training.unlabelled, training.labelled)
    count = min(options.images, len(others))
    others = np.sort(np.random.default_rng(seed).permutation(others)[:count])
    foreign = training.pool.labels[others] >= experiment.num_classes
    describe = {
        PRETRAINED: extractor(experiment, experiment.pretrained),
        TEACHER: _by_teacher(experiment, options),
    }
    rows, ranks = [], []
    for name, features in describe.items():
        seen, labelled = features(others), features(training.labelled)
        nearest, around = looks(seen, labelled, experiment.labelled_labels)
        found = np.isin(
            np.arange(count), foreign_images(seen, labelled, experiment.labelled_labels)
        )
        ranks.append(rankdata(around.seen))
        rows.append(
            {
                "seed": seed,
                "features": name,
                "by_nearest": float(roc_auc_score(foreign, nearest.seen)),
                "by_surroundings": float(roc_auc_score(foreign, around.seen)),
                "foreign_found": float(found[foreign].mean()),
                "known_found": float(found[~foreign].mean()),
            }
        )
        print(rows[-1], flush=True)
    both = dict.fromkeys(rows[0]) | {"seed": seed, "features": BOTH}
    both["by_surroundings"] = float(roc_auc_score(foreign, np.sum(ranks, axis=0)))
    return [*rows, both]


def _by_teacher(experiment: Experiment, options: Options) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a function from positions in the pool to the teacher's features."""
    trunk = experiment.teacher
    assert trunk is not None

    def features(positions: np.ndarray) -> np.ndarray:
        images = experiment.training.pool.take(positions).images
        with tempfile.TemporaryDirectory() as temporary, Progress(len(images)) as progress:
            folder = Path(options.teacher_cache or temporary)
            described = describe_all(trunk, images, folder, lambda done, _: progress.images(done))
            return described.of(slice(None))

    return features


def _table(rows: list[dict[str, Any]], options: Options) -> list[str]:
    lines = [
        f"# Telling foreign images by features: {escaped(options.dataset)}, "
        f"{options.labels_per_class} labels a class",
        "",
        "| features | AUROC, nearest labelled image | AUROC, classes and surroundings "
        "| foreign images left out | known images left out |",
        "|---|---|---|---|---|",
    ]
    for name in (PRETRAINED, TEACHER, BOTH):
        own = [row for row in rows if row["features"] == name]
        cells = []
        for figure in ("by_nearest", "by_surroundings", "foreign_found", "known_found"):
            values = [100 * row[figure] for row in own if row[figure] is not None]
            cells.append(
                f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f} %" if values else ""
            )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    known = ", ".join(map(escaped, options.known)) or "the first three in five"
    return [
        *lines,
        "",
        f"Known classes: {known}. Mean and standard deviation over {options.splits} draws; "
        f"{options.images:,} unlabelled images of {options.image_size} pixels, {options.percent} % "
        f"of them foreign; teacher {escaped(options.teacher)}. Left out is what either look "
        "finds, as the guard does.",
    ]


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
