"""What a method costs, counted so that methods can be compared: time, image passes, MACs."""

import dataclasses
import statistics

from tflite_export.common.json_data import JsonRecord
from tofa_tf.space.arch import Arch
from tofa_tf.space.cost import cost
from tofa_tf.training.experiment import Experiment
from tofa_tf.training.sampling import SandwichSampler

# A backward pass computes the gradient of inputs and of weights, each about a forward pass.
_MACS_OF_TRAINING = 3
# Steps whose subnets stand for all.
_SAMPLED_STEPS = 50


@dataclasses.dataclass(frozen=True)
class Effort(JsonRecord):
    """What something took.

    Attributes:
        seconds: on the machine of the measurement.
        training_passes: images that went forward and backward through one net.
        forward_passes: images that went forward only, through one net.
        gmacs: multiply-accumulates of all passes in 1e9; a backward pass counts as two forward.
    """

    seconds: float = 0.0
    training_passes: int = 0
    forward_passes: int = 0
    gmacs: float = 0.0

    def __add__(self, other: "Effort") -> "Effort":
        return Effort(
            *(
                a + b
                for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)
            )
        )


def training_effort(experiment: Experiment, seconds: float) -> Effort:
    """What a training of all its steps takes.

    In every step the largest net sees the labelled images and both views of the unlabelled ones,
    each other net the labelled images and one view.

    Args:
        experiment: that was trained in.
        seconds: how long it took.
    """
    config, space = experiment.config, experiment.space
    sampler = SandwichSampler(space, config.seed, config.num_random)
    largest_sees = config.steps * config.labelled_batch * (1 + 2 * config.unlabelled_ratio)
    others_see = config.steps * config.labelled_batch * (1 + config.unlabelled_ratio)
    drawn = [
        [arch for _, arch in sampler.archs(step)[1:]]
        for step in range(min(config.steps, _SAMPLED_STEPS))
    ]

    def macs(arch: Arch) -> int:
        return cost(space, arch, experiment.num_classes, experiment.channels).macs

    others_macs = statistics.fmean(sum(map(macs, archs)) for archs in drawn)
    total = largest_sees * macs(space.max_arch) + others_see * others_macs
    passes = largest_sees + others_see * len(drawn[0])
    return Effort(seconds, passes, 0, _MACS_OF_TRAINING * total / 1e9)


def forward_effort(macs: int, images: int, seconds: float) -> Effort:
    """What it takes to run a net on images.

    Args:
        macs: of the net, for one image.
        images: how many.
        seconds: how long it took.
    """
    return Effort(seconds, 0, images, macs * images / 1e9)
