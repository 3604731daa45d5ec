"""The experiments, as values: which sets, how many labels, how many splits, which arms."""

import dataclasses

from tofa_tf.data.labels import LabelsPerClass
from tofa_tf.space.presets import SPACES

# The method, its start, each net on its own from the same start, and the method without unlabelled
# images.
_ACCURACY = ("tofa", "ridge", "self_trained", "fine_tuned", "tofa_labels")


@dataclasses.dataclass(frozen=True)
class Study:
    """One experiment.

    Attributes:
        question: that it answers.
        sets: names of image sets, see `image_sets`.
        labels: labelled images of each class.
        arms: names of `arms.ARMS`; the first is what the others are compared with.
        splits: draws of the labelled images.
        levels: nets of each arm, at even ratios of MACs.
        settings: of all its trainings, where they differ from the defaults.
    """

    question: str
    sets: tuple[str, ...]
    labels: tuple[LabelsPerClass, ...]
    arms: tuple[str, ...]
    splits: int = 3
    levels: int = 5
    settings: tuple[tuple[str, object], ...] = ()


# Labels a class for which the recipe chooses other steps on CIFAR-10: what an arm computes has to
# be known before images are loaded.
STEPS: dict[LabelsPerClass, int] = {400: 1200}

_FOREIGN = (
    *("foreign_0", "foreign_25", "foreign_50", "foreign_75", "foreign_90"),
    *("foreign_0_guard", "foreign_50_guard", "foreign_90_guard", "foreign_50_oracle"),
    *("vehicles_0", "vehicles_50", "vehicles_50_guard"),
)
# Two sets of which the one is large and the other photographs.
_TWO = ("cifar10", "sign_digits100")
_SMALL = ("sign_digits100", "neu_steel_defects128")
_MORE = ("trashnet96", "gtsrb48")

STUDIES = {
    "accuracy_cifar10": Study(
        "How accurate are nets of five sizes, against what one would do without a supernet?",
        ("cifar10",),
        (4, 25, 400),
        _ACCURACY,
    ),
    "accuracy_small": Study("The same on two small sets.", _SMALL, (5, 25), _ACCURACY),
    "accuracy_more": Study("The same on two further sets.", _MORE, (5, 25), _ACCURACY),
    "teacher": Study(
        "What does a large teacher bring?", ("cifar10",), (25,), ("tofa_teacher", "tofa")
    ),
    "individual": Study(
        "E2: one supernet, or each net on its own?",
        _TWO,
        (25,),
        (
            *("tofa", "fine_tuned", "fine_tuned_semi", "scratch", "scratch_semi"),
            *("mobilenet_v2_035", "resnet8", "ridge"),
        ),
    ),
    "rules": Study(
        "E3: what does a rule that measures nothing cost in accuracy?",
        _TWO,
        (25,),
        ("rule_fixed", "rule_best_of_random", "rule_zero_shot", "rule_evolution", "spread"),
        splits=2,
    ),
    "foreign": Study(
        "E5: what do unlabelled images of other classes do?",
        ("cifar10",),
        (25,),
        _FOREIGN,
        levels=3,
    ),
    "spaces": Study(
        "E6: which search space under one budget of training?",
        ("cifar10",),
        (400,),
        tuple(f"space_{name}" for name in SPACES if name.startswith("mcu")),
        splits=2,
        # Four supernets from random weights, whose order shows sooner than their end.
        settings=(("steps", 600),),
    ),
    "robustness": Study(
        "E7: more than the mean accuracy on clean images?",
        _TWO,
        (25,),
        ("corruptions", "rule_fixed", "rule_accuracy", "rule_worst_class", "rule_robust"),
    ),
    # Every kind of arm on tiny data; figures mean nothing.
    "quick": Study(
        "Does every kind of arm run?",
        ("digits",),
        (10,),
        (
            *("tofa", "tofa_labels", "ridge", "fine_tuned", "fine_tuned_semi", "resnet8"),
            *("rule_fixed", "rule_best_of_random", "rule_zero_shot", "rule_robust"),
            *("spread", "corruptions", "foreign_50_guard"),
        ),
        splits=1,
        levels=2,
        settings=(("steps", 2), ("labelled_batch", 4), ("unlabelled_ratio", 1)),
    ),
}
