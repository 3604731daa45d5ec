"""Shows the models of several runs side by side: accuracy with its interval, size, latency.

tofa compare runs/a runs/b
"""

import dataclasses

from tflite_export.common.command import Command
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.app.main import run


@dataclasses.dataclass(frozen=True)
class Runs(SettingsBase):
    """What is compared."""

    runs: tuple[str, ...] = setting("Folders of runs.", heading="Runs")


def main(chosen: Runs) -> None:
    """Prints one table."""
    from pathlib import Path

    from tofa_tf.deploy.compare import compare_runs
    from tofa_tf.deploy.judged_on import read_judged_on
    from tofa_tf.deploy.results import read_run_report

    reports = {name: read_run_report(Path(name)) for name in chosen.runs}
    judged_on = {name: read_judged_on(Path(name), report) for name, report in reports.items()}
    print(compare_runs(reports, judged_on))


COMMAND = Command(main, (Runs,), positional=("runs",), tensorflow=False)

if __name__ == "__main__":
    run("compare")
