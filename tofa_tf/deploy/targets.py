"""From the settings of a deployment to the list of models, before anything is loaded or trained."""

from tflite_export.devices.boards import load_boards
from tflite_export.firmware.project_plan import boards_by_platform
from tflite_export.runtimes.vela import wanted_npus
from tofa_tf.common.errors import UserError
from tofa_tf.deploy.budgets import parse_scenarios
from tofa_tf.deploy.deployment import Deployment, make_deployments
from tofa_tf.deploy.settings import DeploySettings


def read_deployments(models: DeploySettings, seed: int) -> list[Deployment]:
    """Returns one deployment for each scenario, then one for each board.

    Args:
        models: what is asked for.
        seed: of quantisation-aware training.

    Raises:
        TofaError: if nothing is asked for, or something that nobody knows.
    """
    if not models.boards and not models.scenarios:
        raise UserError(
            "there is nothing to deploy to: name boards, as boards=rp2040@100ms, or budgets, as "
            "scenarios=macs=1M"
        )
    boards = load_boards(models.boards) if models.boards else []
    scenarios = parse_scenarios(models.scenarios) if models.scenarios else []
    wanted_npus(models.vela, boards)
    boards_by_platform(models.firmware, boards)
    return make_deployments(
        scenarios, boards, models.int8.asked(seed), models.vela, models.rule, models.objective or ""
    )
