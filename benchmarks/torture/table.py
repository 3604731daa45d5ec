"""The result of a torture for people: what was done how often, and what came of it."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.results import CSV, write_csv, write_table
from benchmarks.torture.records import Record
from tflite_export.common.markdown import escaped


def write_results(folder: Path, records: Sequence[Record], exact: int) -> None:
    """Writes table and CSV.

    Args:
        folder: that gets them.
        records: of all rounds.
        exact: how many files of a round are compared byte for byte.
    """
    write_csv(folder / CSV, records)
    kills = [record for record in records if record.kind == "kill" and record.hit]
    writing = sum(record.writing for record in kills)
    rounds = [record for record in records if record.kind == "end" and record.job == "all"]
    lines = [
        "# Torture: processes killed, disks full, files damaged",
        "",
        "| disturbance | how often | as it should be |",
        "|---|---|---|",
        *(
            _row(f"SIGKILL in {title(name)}", [kill for kill in kills if kill.job == name])
            for name in dict.fromkeys(kill.job for kill in kills)
        ),
        *(
            _row(of, [record for record in records if record.kind == kind])
            for kind, of in (
                ("full disk", "full disk: one line, exit code 1"),
                ("damage", "damaged last checkpoint: a warning, the one before it is used"),
                ("second process", "second process in the same folder: refused in one line"),
            )
        ),
        _row("stages of rounds whose files are in the end those of undisturbed ones", rounds),
        "",
        "`again`: scenarios that are made again by another `--quantization`, and an export over "
        "one that is there. After each disturbance the old folder or the new one has to be whole.",
        "",
        f"{writing} of {len(kills)} kills came while a file was being written. Of each round "
        f"{exact} files are compared byte for byte; metrics.jsonl, reports and scenario.json "
        "without the times that they hold. `results.csv` has every disturbance.",
        "",
        "| command | the disk is full | what it says |",
        "|---|---|---|",
        *(
            f"| {title(record.job)} | {escaped(record.moment)} | {escaped(record.outcome)} |"
            for record in records
            if record.kind == "full disk"
        ),
    ]
    write_table(folder, lines)


def title(job: str) -> str:
    """Returns what the reader knows a job by."""
    command, _, again = job.partition(" ")
    return f"`tofa {command}` {again}".rstrip()


def _row(title: str, records: Sequence[Record]) -> str:
    return f"| {title} | {len(records)} | {sum(record.good for record in records)} |"
