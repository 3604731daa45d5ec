"""What a subnet costs, in closed form: from the graph of its operators, without converting it."""

import dataclasses
import functools

from tflite_export.devices.boards import Board
from tflite_export.devices.fit import BoardFit, estimate_fit
from tflite_export.devices.latency import estimate_latency
from tflite_export.graph.arena import planned_bytes
from tflite_export.graph.estimate import persistent_bytes, weight_bytes
from tflite_export.graph.operators import OperatorGraph
from tofa_tf.space.arch import Arch
from tofa_tf.space.count import count
from tofa_tf.space.operator_net import OperatorNet
from tofa_tf.space.plan import Plan, make_plan
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.space.wire import wire


@dataclasses.dataclass(frozen=True)
class Cost:
    """Closed-form figures of one subnet.

    Attributes:
        graph: the operators of the deployed net; `tflite_export.devices` tells of it what a board
            makes of it.
        params: trainable parameters (batch norm's scale and offset included).
    """

    graph: OperatorGraph = dataclasses.field(repr=False)
    params: int

    @functools.cached_property
    def macs(self) -> int:
        """Multiply-accumulates of one image."""
        return self.graph.macs

    @functools.cached_property
    def weight_bytes(self) -> int:
        """Int8 kernels plus int32 biases."""
        return weight_bytes(self.graph)

    @functools.cached_property
    def peak_activation_bytes(self) -> int:
        """Int8 tensors as TFLite Micro plans them, its non-persistent arena."""
        return planned_bytes(self.graph)

    @property
    def tflite_bytes(self) -> int:
        """Estimate of the .tflite file, losslessly repacked."""
        return self.graph.size_bytes

    @property
    def arena_bytes(self) -> int:
        """Estimate of TFLite Micro's whole arena on a 64-bit machine."""
        return self.peak_activation_bytes + persistent_bytes(self.graph)

    def fit(self, board: Board) -> BoardFit:
        """Estimate of what it takes of a board's flash and SRAM."""
        return estimate_fit(self.graph, board)

    def latency_ms(self, board: Board) -> float:
        """Estimate of an inference on a board, in ms."""
        return estimate_latency(self.graph, board).latency_ms


@functools.lru_cache(maxsize=1024)
def cost(space: SearchSpace, arch: Arch, num_classes: int, channels: int = 3) -> Cost:
    """Computes what a subnet costs.

    Args:
        num_classes: outputs of the classifier.
        channels: of the images.

    Raises:
        UserError: if the Arch is not a point of the space.
    """
    return plan_cost(space, make_plan(space, arch), num_classes, channels)


def plan_cost(space: SearchSpace, plan: Plan, num_classes: int, channels: int = 3) -> Cost:
    """Computes what a subnet costs that was worked out before."""
    net = OperatorNet(plan.resolution, channels, space.padding)
    output = wire(space, plan, num_classes, net, net.composer.image)
    params = count(space, plan, num_classes, channels).params
    return Cost(net.composer.graph(output), params)


def trunk_macs(space: SearchSpace, arch: Arch) -> int:
    """Multiply-accumulates of one image without the classifier: for samplers."""
    return count(space, make_plan(space, arch), num_classes=0).macs
