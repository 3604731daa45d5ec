"""Writes the report of a run again, from its report.json, and prints its table.

tofa report runs/photos
"""

from tflite_export.common.command import Command
from tofa_tf.app.main import run
from tofa_tf.training.settings import RunFolder


def main(place: RunFolder) -> None:
    """Writes report.md and report.html."""
    from pathlib import Path

    from tofa_tf.common.workdir import tidy_workdir
    from tofa_tf.deploy.report import SCENARIO_COLUMNS, write_report
    from tofa_tf.deploy.results import read_run_report
    from tofa_tf.deploy.tables import markdown_table

    folder = Path(place.workdir)
    report = read_run_report(folder)
    tidy_workdir(folder)
    write_report(report, folder)
    print(
        f"{markdown_table(report.scenarios, SCENARIO_COLUMNS)}\n\nreport: {folder / 'report.html'}"
    )


COMMAND = Command(main, (RunFolder,), positional=("workdir",), tensorflow=False)

if __name__ == "__main__":
    run("report")
