"""Says, before any training, which image sizes fit which boards, and how fast nets are there.

    tofa plan photos/ --boards=esp32s3,rp2040@200ms

For each resolution of the search space: MACs, flash and arena from the smallest to the largest
subnet, and on each board what both take of it and their latency, an estimate. All by closed forms:
nothing is trained, converted or measured.
"""

import dataclasses

from tflite_export.common.command import Command
from tflite_export.common.json_data import JsonRecord
from tflite_export.common.settings import SettingsBase, setting
from tflite_export.devices.boards import list_boards
from tofa_tf.app.main import run
from tofa_tf.deploy.settings import DeploySettings
from tofa_tf.space.names import DEFAULT_SPACE
from tofa_tf.training.settings import Settings, Workdir, parse_search_space

_PLAN = "Plan"


@dataclasses.dataclass(frozen=True)
class Plan(SettingsBase):
    """What to look at."""

    dataset: str = setting(
        "As for tofa train; its classes are counted, and a few of its images looked at.",
        "", heading=_PLAN,
    )  # fmt: skip
    boards: str = setting(
        "Boards, as nano33ble,rp2040@100ms,my_board.toml; list shows the known ones.",
        "", heading=_PLAN,
    )  # fmt: skip
    search_space: str | JsonRecord = setting(
        "Name of the search space, or the .json file of one of your own.",
        DEFAULT_SPACE, parse=parse_search_space, heading=_PLAN,
    )  # fmt: skip
    resolutions: tuple[int, ...] = setting(
        "Image sizes in pixels; by default all of the search space.", (), heading=_PLAN
    )
    num_classes: int | None = setting(
        "Outputs of the classifier, where there is no data set yet.",
        None, least=2, most=65536, heading=_PLAN,
    )  # fmt: skip
    channels: int | None = setting(
        "Channels of the nets' images, 1 for grey, 3 for colours; by default 1 where a few images "
        "of the data set are all grey.",
        None, least=1, most=3, heading=_PLAN,
    )  # fmt: skip
    data_dir: str | None = setting("Where tensorflow-datasets has its data.", None)
    unlabelled: str | None = setting("As for tofa train: no class.", None, alias="unlabeled")
    test: str | None = setting("As for tofa train: no class.", None)


def main(plan: Plan) -> None:
    """Prints the tables."""
    from tflite_export.devices.boards import load_boards
    from tofa_tf.common.errors import UserError
    from tofa_tf.data.channels import RGB, check_channels
    from tofa_tf.deploy.forecast import forecast_markdown, forecasts
    from tofa_tf.space.presets import get_space

    if bool(plan.dataset) == bool(plan.num_classes):
        raise UserError("either dataset or num_classes is needed: how many classes there are")
    check_channels(plan.channels)
    boards = load_boards(plan.boards) if plan.boards else []
    space = get_space(plan.search_space)
    space = space.at_resolutions(plan.resolutions or space.resolutions)
    if plan.dataset:
        classes, channels, colour = _look(plan)
    else:
        assert plan.num_classes  # It was given.
        classes, channels = plan.num_classes, plan.channels or RGB
        colour = _colour(channels)
    print(
        f"{space.name}, {colour}, {classes} classes, from the smallest to the largest subnet; "
        "estimates:\n"
    )
    print(forecast_markdown(forecasts(space, classes, channels), boards))


def _look(plan: Plan) -> tuple[int, int, str]:
    """Returns classes and channels of the data set, and what is said of its colours."""
    from tofa_tf.data.glimpse import glimpse
    from tofa_tf.data.sources import class_names

    places = {"data_dir": plan.data_dir, "unlabelled": plan.unlabelled, "test": plan.test}
    classes = len(class_names(plan.dataset, **places))
    if plan.channels:
        return classes, plan.channels, _colour(plan.channels)
    seen = glimpse(plan.dataset, **places)
    return classes, seen.channels, f"{_colour(seen.channels)} ({seen.images} images looked at)"


def _colour(channels: int) -> str:
    return "grey" if channels == 1 else "RGB"


COMMAND = Command(
    main,
    (Plan,),
    positional=("dataset",),
    others=(Settings, Workdir, DeploySettings),
    answers={("boards", "list"): list_boards},
    tensorflow=False,
)

if __name__ == "__main__":
    run("plan")
