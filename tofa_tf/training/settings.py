"""Everything that decides what a training computes: equal settings, equal supernet.

Loads no TensorFlow, so that a command can show its help or refuse a setting at once.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tflite_export.common.json_data import JsonRecord
from tflite_export.common.settings import SettingsBase, keys_of, setting
from tflite_export.common.text_files import MOST_WRITTEN_BYTES
from tofa_tf.common.errors import UserError
from tofa_tf.common.workdir import stored_settings
from tofa_tf.data.labels import LabelsPerClass, parse_labels_per_class
from tofa_tf.distribute.cluster import CONNECT_SECONDS
from tofa_tf.pretrained.names import DEFAULT, NONE
from tofa_tf.space.names import DEFAULT_SPACE
from tofa_tf.teacher.names import EFFICIENTNET_LITE0

KEEP, GUARD = "keep", "guard"
SINGLE, MIRRORED, MULTIWORKER = "none", "mirrored", "multiworker"
_MAX_SEED = 2**32 - 1
_DATA, _NET, _TRAINING, _RUN = "Data", "Net", "Training", "Run"


def parse_search_space(value: Any) -> str | JsonRecord:
    """Returns the name of a search space; of one's own the `SearchSpace` itself.

    Args:
        value: a name, the path of a .json file, a `SearchSpace`, or what its `to_json` returned.

    Raises:
        TofaError: if it is none of these; a name is looked up where the space is needed.
    """
    if isinstance(value, str) and not value.endswith(".json"):
        return value
    from tofa_tf.space.presets import SPACES  # loads TensorFlow
    from tofa_tf.space.search_space import SearchSpace

    if isinstance(value, str):
        value = SearchSpace.read(Path(value), MOST_WRITTEN_BYTES)
    elif isinstance(value, Mapping):
        value = SearchSpace.from_json(value)
    elif not isinstance(value, SearchSpace):
        raise UserError(
            f"search_space is of type {type(value).__name__}: it must be a name, a .json file or a "
            "SearchSpace"
        )
    return value.name if SPACES.get(value.name) == value else value


def _rules() -> list[str]:
    from tofa_tf.training.pseudo_label import RULES  # loads TensorFlow

    return list(RULES)


def _distillations() -> list[str]:
    from tofa_tf.training.losses import DISTILLATIONS  # loads TensorFlow

    return list(DISTILLATIONS)


@dataclasses.dataclass(frozen=True)
class LossWeights(SettingsBase):
    """How much each term counts for one role (max net, min net, random subnets)."""

    labelled: float = setting("Weight of the labels.", least=0)
    pseudo: float = setting("Weight of the pseudo-labels.", least=0)
    distill: float = setting("Weight of the distillation from the largest net.", 0.0, least=0)
    teacher: float = setting("Weight of the soft labels, where there is a teacher.", 0.0, least=0)


@dataclasses.dataclass(frozen=True)
class UnifiedLoss(SettingsBase):
    """Which terms make up the loss of every net of a step (TOFA, arXiv 2303.15485, abstract).

    By default every term counts for every net; AlphaNet's way, distillation alone for all but the
    largest, is labelled=0, pseudo=0, distill=1 for the other two roles. The largest net is their
    teacher and so has no distillation; a teacher of the whole supernet teaches all of them.
    """

    max_loss: LossWeights = setting(
        "Weights of the terms in the loss of the largest net, as labelled=1,pseudo=1.",
        LossWeights(labelled=1.0, pseudo=1.0, teacher=1.0),
    )
    min_loss: LossWeights = setting(
        "Weights of the terms in the loss of the smallest net, as labelled=1,pseudo=1,distill=1.",
        LossWeights(labelled=0.25, pseudo=0.25, distill=0.5, teacher=0.5),
    )
    random_loss: LossWeights = setting(
        "Weights of the terms in the loss of the random subnets.",
        LossWeights(labelled=0.25, pseudo=0.25, distill=0.5, teacher=0.5),
    )
    distillation: str = setting(
        "Divergence of a subnet from the largest net: alpha (AlphaNet's) or kl.",
        "alpha",
        choices=_distillations,
    )

    def of(self, role: str) -> LossWeights:
        """The weights of a role: "max", "min" or "random"."""
        return {"max": self.max_loss, "min": self.min_loss, "random": self.random_loss}[role]


@dataclasses.dataclass(frozen=True)
class TrainConfig(SettingsBase):
    """How long and how a supernet is trained; the defaults are FixMatch's where it has them."""

    steps: int = setting(
        "Steps of the optimiser in the whole training; with 0 as many as the labelled images are "
        "worth, 600 to 1200.",
        0, least=0, most=100_000_000, heading=_TRAINING,
    )  # fmt: skip
    labelled_batch: int = setting("Labelled images a step.", 32, least=1, most=65536)
    unlabelled_ratio: int = setting(
        "Unlabelled images a step for each labelled one, FixMatch's mu; with 0 labels are all "
        "there is to learn from, as in pre-training.",
        4, least=0, most=1024,
    )  # fmt: skip
    num_random: int = setting(
        "Random subnets a step, besides the largest and the smallest.", 2, least=1, most=64
    )
    learning_rate: float | None = setting(
        "Peak of the learning rate, from which it falls to 0 along half a cosine; by default less "
        "from pre-trained weights than from scratch.",
        None, above=0, heading=_TRAINING,
    )  # fmt: skip
    trunk_rate: float | None = setting(
        "Rate of all that stands before the classifier, as a share of the learning rate; by "
        "default less from pre-trained weights.",
        None, least=0, most=1,
    )  # fmt: skip
    warmup_steps: int = setting("Steps over which the learning rate rises to its peak.", 0, least=0)
    weight_decay: float = setting("Decay of kernels, added to their gradient.", 5e-4, least=0)
    ema_decay: float = setting(
        "Decay of the moving average of the weights, which is what gets deployed.",
        0.999, least=0, most=1,
    )  # fmt: skip
    clip_value: float = setting(
        "Bound of each entry of the summed gradient (AlphaNet).", 1.0, above=0
    )
    pseudo_label: str = setting(
        "Rule that makes labels for unlabelled images: adamatch, fixed (FixMatch), softmatch, "
        "freematch or soft.",
        "adamatch", choices=_rules, heading=_TRAINING,
    )  # fmt: skip
    threshold: float = setting(
        "Confidence that the pseudo-label rules fixed and adamatch ask for, adamatch relative to "
        "that on labelled images.",
        0.8, least=0, most=1,
    )  # fmt: skip
    ramp: float = setting(
        "Share of the steps over which the weight of pseudo-labels rises from 0: the first ones "
        "are the worst.",
        0.2, least=0, most=1,
    )  # fmt: skip
    self_training: bool = setting(
        "Whether the classifier that a training from weights starts with also learns from its own "
        "labels of unlabelled images, or a teacher's; not where unlabelled_ratio is 0.",
        True,
    )  # fmt: skip
    loss: UnifiedLoss = UnifiedLoss()
    seed: int = setting(
        "Seed of labels, weights, batches, augmentation and sampled subnets.",
        0, least=0, most=_MAX_SEED, heading=_TRAINING,
    )  # fmt: skip
    flip: bool = setting(
        "Whether mirrored images keep their meaning; never done where a data set forbids it.", True
    )
    mixed_precision: bool = setting(
        "Compute in bfloat16, with weights in float32: less memory and time on a GPU of NVIDIA's "
        "Ampere generation or newer, but slower on a CPU.",
        False,
    )
    log_every_steps: int = setting("Steps between two records of metrics.jsonl.", 20, least=1)
    checkpoint_every_steps: int = setting("Steps between two checkpoints.", 100, least=1)


@dataclasses.dataclass(frozen=True)
class Settings(SettingsBase):
    """What the user asked for; equal settings compute the same (BUILD.md says what of threads)."""

    dataset: str = setting(
        "A folder with one sub-folder of images a class, the name of a tensorflow-datasets set, "
        "or digits.",
        heading=_DATA,
    )
    labels_per_class: LabelsPerClass = setting(
        "Labelled images of each class: all, a number, or a share such as 0.1; the others serve "
        "as unlabelled ones.",
        "all", parse=parse_labels_per_class, heading=_DATA,
    )  # fmt: skip
    unlabelled: str | None = setting(
        "Folder of further images without labels, at any depth.",
        None, heading=_DATA, alias="unlabeled",
    )  # fmt: skip
    test: str | None = setting(
        "Folder of test images with one sub-folder a class.", None, heading=_DATA
    )
    test_fraction: float = setting(
        "Share of each class held out as test images where the set has no test part of its own.",
        0.2, above=0, most=0.99,
    )  # fmt: skip
    validation: float | None = setting(
        "Share of the labelled images that choices are made on instead of being trained on; 0 for "
        "none, by default 0.2 where every class has labels enough.",
        None, least=0, most=0.99, heading=_DATA,
    )  # fmt: skip
    group: str | None = setting(
        "Regular expression on paths of images, whose first parentheses find the burst, track or "
        "person that stays on one side of every split.",
        None,
    )  # fmt: skip
    split: str | None = setting(
        "The split.json of an earlier run, or its folder: images that were there stay on their "
        "side of the training, validation and test part.",
        None,
    )  # fmt: skip
    foreign: str = setting(
        "Unlabelled images that look as if they belonged to none of the labelled classes: keep, or "
        "guard to leave them out.",
        KEEP, choices=(KEEP, GUARD),
    )  # fmt: skip
    data_dir: str | None = setting("Where tensorflow-datasets has its data.", None)
    channels: int | None = setting(
        "Channels of the nets' images, 1 for grey, 3 for colours; by default those of the data.",
        None, least=1, most=3,
    )  # fmt: skip
    labelled_only: bool = setting(
        "Baseline: equal loss, augmentation and steps, but the labelled images are the only ones.",
        False,
    )
    search_space: str | JsonRecord = setting(
        "What may vary in the supernet: the name of a search space, or the .json file of one of "
        "your own.",
        DEFAULT_SPACE, parse=parse_search_space, heading=_NET,
    )  # fmt: skip
    resolutions: tuple[int, ...] = setting(
        "Heights and widths of images in pixels, choices of the search space; by default its "
        "smallest from 32 on.",
        (), heading=_NET,
    )  # fmt: skip
    pretrained: str = setting(
        f"Weights to start from: {DEFAULT}, those that come with the package for the search space, "
        f"if any; {NONE}; tiny_imagenet; a supernet's .weights.h5; a Keras MobileNet as .keras "
        "file, or keras:MobileNetV3Small and its like, which bring a search space of their own.",
        DEFAULT, heading=_NET,
    )  # fmt: skip
    teacher: str = setting(
        f"A large net whose opinion of the unlabelled images all subnets learn: {NONE}; "
        f"{EFFICIENTNET_LITE0}, trained on ImageNet (pip install 'tofa-tf[teacher]'); or a Keras "
        "classifier or backbone as .keras file, which is shown pixels of 0 to 255 if it rescales "
        "them itself, otherwise of -1 to 1.",
        NONE, heading=_NET,
    )  # fmt: skip
    teacher_resolution: int | None = setting(
        "Size in pixels to which images are enlarged for the teacher; by default twice their own, "
        "within 128 to 224, or what a .keras file takes.",
        None, least=8, most=1024,
    )  # fmt: skip
    teacher_cache: str | None = setting(
        "Folder where the teacher's features are kept for other runs on the same images.", None
    )
    train: TrainConfig = TrainConfig()

    def to_json(self) -> dict[str, Any]:
        """Returns all settings by name as plain JSON data."""
        return self.values()

    @classmethod
    def of_run(cls, folder: Path) -> Self:
        """Reads the settings of the run in a folder.

        Raises:
            UserError: if there is no run, or it is one of another version.
        """
        keys = keys_of(cls)
        values = stored_settings(folder, keys)
        if values.keys() != keys.keys():
            raise UserError(f"{folder} is the run of another version: train it anew")
        return cls.make(values)


@dataclasses.dataclass(frozen=True)
class RunFolder(SettingsBase):
    """A run that is there."""

    workdir: str = setting("Folder of the run.", heading=_RUN)


@dataclasses.dataclass(frozen=True)
class Workdir(SettingsBase):
    """Where a run computes and keeps its files; decides nothing about what it computes."""

    workdir: str = setting("Folder of the run; an interrupted one continues there.", heading=_RUN)
    overwrite: bool = setting(
        "Delete another run in the work directory; what is not a run's is never deleted.",
        False, heading=_RUN,
    )  # fmt: skip
    extend: bool = setting(
        "Go on with a run that is the same but for fewer steps; the learning rate then follows the "
        "longer schedule.",
        False, heading=_RUN,
    )  # fmt: skip
    strategy: str = setting(
        f"Who trains together: {SINGLE}, this process; {MIRRORED}, a process for each GPU of this "
        f"machine, which are started; {MULTIWORKER}, all processes that the environment variable "
        "TF_CONFIG names, each started by this same command.",
        SINGLE, choices=(SINGLE, MIRRORED, MULTIWORKER),
    )  # fmt: skip
    connect_seconds: int = setting(
        "Seconds that a process of the strategy multiworker waits for the others.",
        CONNECT_SECONDS, least=1, most=1_000_000,
    )  # fmt: skip
    image_memory_mib: int | None = setting(
        "MiB of decoded images of files that this process keeps in memory; where there are more, "
        "they are kept in the folder for temporary files, see TMPDIR; by default a quarter of the "
        "machine's memory.",
        None, least=0,
    )  # fmt: skip
