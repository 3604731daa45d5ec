"""Going on with a run beyond the steps that it was begun for.

Batches, augmentation and subnets are functions of seed and step, so those of the further steps are
the same as if the run had been begun for more. The learning rate is a function of all steps too
(`schedule.py`): at the seam it rises to where the longer schedule is, which is a warm restart, and
the run is not what it would have become from the start. Its settings say so.
"""

from pathlib import Path
from typing import Any

from tofa_tf.common.errors import UserError
from tofa_tf.common.files import read_json, write_json
from tofa_tf.common.workdir import CONFIG, EXTENDED, stored_settings
from tofa_tf.training.journal import CHECKPOINT, WEIGHTS


def shorter_run(folder: Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    """Returns the settings of the run in a folder if it is the same but for fewer steps.

    Args:
        folder: of the run.
        settings: of the run wanted, see `Settings.to_json`.
    """
    if not (folder / CONFIG).exists():
        return None
    stored = stored_settings(folder, settings)
    same = {**stored, "steps": settings["steps"]} == settings
    return stored if same and stored["steps"] < settings["steps"] else None


def extended_from(folder: Path) -> list[int]:
    """Returns after how many steps the run in a folder was made one of more; mostly empty."""
    if not (folder / CONFIG).exists():
        return []
    return read_json(folder / CONFIG).get(EXTENDED, [])


def extend_run(folder: Path, settings: dict[str, Any]) -> None:
    """Makes the run in a folder, opened by this process, one of more steps.

    What was made of its weights is no longer of this run and will be made anew.

    Args:
        folder: of the run.
        settings: of the run wanted.

    Raises:
        UserError: if its last state is gone.
    """
    if (folder / WEIGHTS).exists() and not (folder / CHECKPOINT).exists():
        raise UserError(
            f"{folder} cannot be extended: its last state, {CHECKPOINT}, is gone; begin a new run "
            f"from its weights, with pretrained={folder / WEIGHTS}"
        )
    steps = [*extended_from(folder), stored_settings(folder)["steps"]]
    # First, so that an interruption leaves a run to be continued, never weights of fewer steps.
    (folder / WEIGHTS).unlink(missing_ok=True)
    write_json(folder / CONFIG, {**settings, EXTENDED: steps})
