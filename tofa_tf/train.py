"""Trains one supernet; the same command continues an interrupted training.

python -m tofa_tf.train --dataset=digits --labels_per_class=5 --workdir=runs/digits --steps=300
"""

from collections.abc import Sequence

from absl import flags

from tofa_tf.app import cli
from tofa_tf.common.errors import UserError
from tofa_tf.common.progress import Progress
from tofa_tf.pretrained.load import NONE, default_pretrained
from tofa_tf.training.experiment import Settings, load_experiment, open_folder
from tofa_tf.training.losses import LossWeights, UnifiedLoss
from tofa_tf.training.trained_run import train_or_load
from tofa_tf.training.trainer import WEIGHTS, TrainConfig

_DATASET = flags.DEFINE_string(
    "dataset", None, "digits, a folder with one sub-folder a class, or a tensorflow-datasets name."
)
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Where tensorflow-datasets has its data.")
_UNLABELLED = flags.DEFINE_string("unlabelled", None, "Folder of further images without labels.")
flags.DEFINE_alias("unlabeled", "unlabelled")
_TEST = flags.DEFINE_string("test", None, "Folder of test images, one sub-folder a class.")
_TEST_FRACTION = flags.DEFINE_float("test_fraction", 0.2, "Held out if there is no test part.")
_LABELS_PER_CLASS = flags.DEFINE_string(
    "labels_per_class",
    None,
    "Labelled images of each class: all, a number, or a share such as 0.1; the others serve as "
    "unlabelled.",
)
_LABELLED_ONLY = flags.DEFINE_bool(
    "labelled_only", False, "Baseline: train on the labelled images alone."
)
_SEARCH_SPACE = flags.DEFINE_string("search_space", "mcu", "Name of the search space.")
_RESOLUTIONS = flags.DEFINE_list(
    "resolutions", [], "Image sizes in pixels; by default the smallest of the space."
)
_PRETRAINED = flags.DEFINE_string(
    "pretrained",
    None,
    "Weights to start from: tiny_imagenet, those of the mcu space that come with the package and "
    "are its default; a supernet's .weights.h5; a Keras MobileNet as .keras file, or "
    "keras:MobileNetV3Small and its like, which bring a search space of their own; or none.",
)
WORKDIR = flags.DEFINE_string("workdir", "", "Folder of the run; an interrupted one continues.")
OVERWRITE = flags.DEFINE_bool("overwrite", False, "Delete another run in --workdir.")

_DEFAULT = TrainConfig()
_STEPS = flags.DEFINE_integer("steps", _DEFAULT.steps, "Optimizer steps.")
_LABELLED_BATCH = flags.DEFINE_integer(
    "labelled_batch", _DEFAULT.labelled_batch, "Labelled images a step."
)
_UNLABELLED_RATIO = flags.DEFINE_integer(
    "unlabelled_ratio",
    _DEFAULT.unlabelled_ratio,
    "Unlabelled images for each labelled one; 0: labels alone.",
)
_NUM_RANDOM = flags.DEFINE_integer(
    "num_random", _DEFAULT.num_random, "Random subnets a step, besides largest and smallest."
)
_LEARNING_RATE = flags.DEFINE_float("learning_rate", _DEFAULT.learning_rate, "Peak.")
_WARMUP_STEPS = flags.DEFINE_integer(
    "warmup_steps", _DEFAULT.warmup_steps, "Steps over which the learning rate rises."
)
_WEIGHT_DECAY = flags.DEFINE_float("weight_decay", _DEFAULT.weight_decay, "Of kernels.")
_EMA_DECAY = flags.DEFINE_float("ema_decay", _DEFAULT.ema_decay, "Of the deployed average.")
_RULE = flags.DEFINE_string("pseudo_label", _DEFAULT.rule, "Pseudo-label rule.")
_THRESHOLD = flags.DEFINE_float("threshold", _DEFAULT.threshold, "Of the pseudo-label rule.")
_DISTILLATION = flags.DEFINE_string(
    "distillation", _DEFAULT.loss.distillation, "alpha (AlphaNet) or kl."
)
_LOSS = {
    role: flags.DEFINE_string(
        f"{role}_loss",
        f"labelled={default.labelled:g},pseudo={default.pseudo:g},distill={default.distill:g}",
        f"Weights of the loss terms of {what}.",
    )
    for role, default, what in (
        ("max", _DEFAULT.loss.max_net, "the largest net"),
        ("min", _DEFAULT.loss.min_net, "the smallest net"),
        ("random", _DEFAULT.loss.random_nets, "the random subnets"),
    )
}
SEED = flags.DEFINE_integer("seed", 0, "Of labels, weights, images and subnets.")
_FLIP = flags.DEFINE_bool("flip", True, "Mirror images; never done where a set forbids it.")


def settings_from_flags() -> Settings:
    """Collects the flags.

    Raises:
        UserError: if one is missing or out of range.
    """
    for flag in (_DATASET, _LABELS_PER_CLASS):
        if flag.value is None:
            raise UserError(f"--{flag.name} is missing: {flags.FLAGS[flag.name].help}")
    for flag, least in (
        (_STEPS, 1),
        (_LABELLED_BATCH, 1),
        (_UNLABELLED_RATIO, 0),
        (_NUM_RANDOM, 1),
        (_WARMUP_STEPS, 0),
        (_WEIGHT_DECAY, 0),
    ):
        if flag.value < least:
            raise UserError(f"--{flag.name}={flag.value}: at least {least}")
    for flag in (_EMA_DECAY, _THRESHOLD):
        if not 0 <= flag.value <= 1:
            raise UserError(f"--{flag.name}={flag.value}: from 0 to 1")
    if _LEARNING_RATE.value <= 0:
        raise UserError(f"--learning_rate={_LEARNING_RATE.value}: above 0")
    pretrained = _PRETRAINED.value or default_pretrained(_SEARCH_SPACE.value)
    config = TrainConfig(
        steps=_STEPS.value,
        labelled_batch=_LABELLED_BATCH.value,
        unlabelled_ratio=_UNLABELLED_RATIO.value,
        num_random=_NUM_RANDOM.value,
        learning_rate=_LEARNING_RATE.value,
        warmup_steps=_WARMUP_STEPS.value,
        weight_decay=_WEIGHT_DECAY.value,
        ema_decay=_EMA_DECAY.value,
        rule=_RULE.value,
        threshold=_THRESHOLD.value,
        loss=UnifiedLoss(
            max_net=_loss_weights("max"),
            min_net=_loss_weights("min"),
            random_nets=_loss_weights("random"),
            distillation=_DISTILLATION.value,
        ),
        seed=SEED.value,
        flip=_FLIP.value,
    )
    return Settings(
        dataset=_DATASET.value,
        labels_per_class=_LABELS_PER_CLASS.value,
        search_space=_SEARCH_SPACE.value,
        resolutions=_whole_numbers(_RESOLUTIONS),
        data_dir=_DATA_DIR.value,
        unlabelled=_UNLABELLED.value,
        test=_TEST.value,
        test_fraction=_TEST_FRACTION.value,
        labelled_only=_LABELLED_ONLY.value,
        pretrained=None if pretrained == NONE else pretrained,
        train=config,
    )


def _loss_weights(role: str) -> LossWeights:
    flag = _LOSS[role]
    try:
        weights = dict(part.split("=") for part in flag.value.split(","))
        return LossWeights(**{term.strip(): float(value) for term, value in weights.items()})
    except (TypeError, ValueError) as error:
        raise UserError(
            f"--{flag.name}={flag.value}: wanted labelled=NUMBER,pseudo=NUMBER,distill=NUMBER"
        ) from error


def _whole_numbers(flag: flags.FlagHolder) -> tuple[int, ...]:
    try:
        return tuple(int(value) for value in flag.value)
    except ValueError as error:
        raise UserError(f"--{flag.name}={','.join(flag.value)}: wanted whole numbers") from error


def main(argv: Sequence[str]) -> None:
    """Trains and says where the weights are."""
    del argv
    experiment = load_experiment(settings_from_flags())
    folder = open_folder(experiment, WORKDIR.value, overwrite=OVERWRITE.value)
    with Progress(experiment.config.steps) as progress:
        train_or_load(experiment, folder, progress.step)
    print(f"trained: {folder / WEIGHTS}")


if __name__ == "__main__":
    cli.run_script(main)
