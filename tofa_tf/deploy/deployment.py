"""What one model is made for: a scenario's budgets or a board, int8 by which way, which NPUs."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from tflite_export.common.console import warn
from tflite_export.convert.quantization_settings import Method, Quantization
from tflite_export.convert.tf_keras_twin import folded_twin
from tflite_export.devices.boards import Board
from tflite_export.runtimes.vela import is_installed
from tofa_tf.common.errors import UserError
from tofa_tf.deploy.asked import Asked
from tofa_tf.deploy.budgets import board_scenario
from tofa_tf.nets.static_net import build_static
from tofa_tf.select.names import FIXED
from tofa_tf.select.scenario import Scenario
from tofa_tf.space.cost import cost
from tofa_tf.space.plan import make_plan
from tofa_tf.space.search_space import SearchSpace

_PTQ = Quantization()


@dataclasses.dataclass(frozen=True)
class Deployment:
    """What one model is made for, and how.

    Attributes:
        scenario: its budgets.
        board: then its flash, SRAM and speed decide instead of the budgets.
        quantization: how the model becomes int8.
        npus: to compile the model for, see `tflite_export.runtimes.vela`.
        rule, objective: that choose the subnet, see `tofa_tf.select.rules.choose`.
    """

    scenario: Scenario
    board: Board | None = None
    quantization: Quantization = Quantization()
    npus: tuple[str, ...] = ()
    rule: str = FIXED
    objective: str = ""

    @property
    def name(self) -> str:
        """Of the scenario."""
        return self.scenario.name

    @property
    def asked(self) -> Asked:
        """The record of it that goes into results; NPUs take the model as it is."""
        budgets = {budget.name: budget.limit for budget in self.scenario.budgets}
        return Asked(budgets, self.board, self.quantization.effective(), self.rule, self.objective)


def make_deployments(
    scenarios: Sequence[Scenario],
    boards: Sequence[Board],
    quantization: Quantization = _PTQ,
    npu: str = "",
    rule: str = FIXED,
    objective: str = "",
) -> list[Deployment]:
    """Returns one deployment for each scenario, then one for each board.

    Args:
        scenarios: budgets.
        boards: each has the budgets that its memory and speed come to.
        quantization: how every model becomes int8.
        npu: to compile every model for, beside its board's own; empty: none.
        rule, objective: that choose every subnet, see `tofa_tf.select.rules.choose`.
    """
    jobs: list[tuple[Scenario, Board | None]] = [(scenario, None) for scenario in scenarios]
    jobs += [(board_scenario(board), board) for board in boards]
    return [
        Deployment(scenario, board, quantization, _npus(npu, board), rule, objective)
        for scenario, board in jobs
    ]


def check_deployments(
    deployments: Sequence[Deployment], space: SearchSpace, num_classes: int, channels: int = 3
) -> None:
    """Refuses what cannot end well, before hours of training, and names boards that nothing fits.

    Args:
        deployments: asked for.
        space: that they come from.
        num_classes: outputs of the classifier.
        channels: of the images.

    Raises:
        UserError: if a scenario, or every one of the boards, is beyond the whole space.
        ExportError: if quantisation-aware training is asked of layers that it cannot train.
    """
    smallest = [cost(space, low, num_classes, channels) for low, _ in space.corners]
    failures = []
    for deployment in deployments:
        try:
            deployment.scenario.check_within(smallest, space.name)
        except UserError as error:
            if deployment.board is None:
                raise
            failures.append(str(error))
    if failures and len(failures) == len(deployments):
        raise UserError("; ".join(failures))
    for failure in failures:
        warn(failure)
    if any(deployment.quantization.method != Method.PTQ for deployment in deployments):
        model = build_static(space, make_plan(space, space.min_arch), num_classes, channels)
        folded_twin(model, np.zeros((1, *model.inputs[0].shape[1:]), np.float32))


def _npus(asked: str, board: Board | None) -> tuple[str, ...]:
    own = (asked, board.npu if board else "")
    return tuple(dict.fromkeys(filter(None, own))) if is_installed() else ()
