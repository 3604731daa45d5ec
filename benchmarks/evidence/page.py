"""Writes the one page about all claims, of whatever was measured.

    python -m benchmarks.evidence.page --results=benchmarks/results/evidence

Reads arms.jsonl of the results, writes benchmarks/EVIDENCE.md.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.evidence.arms import ARMS
from benchmarks.evidence.claims import CLAIMS, Claim
from benchmarks.evidence.records import Row, read_all
from benchmarks.evidence.tables import by_cell, cell_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.common.files import write_text

_NOT_YET = "not measured yet"


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """Where rows are, and where the page goes."""

    results: tuple[str, ...] = setting(
        "Folders with arms.jsonl; of equal arms the last counts.", ("benchmarks/results/evidence",)
    )
    page: str = setting("The file to write.", "benchmarks/EVIDENCE.md")


def main(options: Options) -> None:
    """Writes the page."""
    rows = read_all([Path(folder) for folder in options.results])
    write_text(options.page, "\n".join(page(rows)) + "\n")


def page(rows: Sequence[Row]) -> Iterator[str]:
    """Yields the lines of the page."""
    findings = [(claim, claim.judge(rows)) for claim in CLAIMS]
    yield "# The claims, and what was measured"
    yield ""
    yield "Made of measured arms by `python -m benchmarks.evidence.page`, not written by hand."
    yield "`make evidence` measures everything again, in hours; `make evidence-quick` runs the same"
    yield "code on tiny data, in minutes."
    yield ""
    yield "| | claim | wanted | measured | verdict |"
    yield "|---|---|---|---|---|"
    for claim, finding in findings:
        figure, verdict = (finding.figure, finding.verdict) if finding else (_NOT_YET, "")
        yield f"| {claim.name} | {claim.text} | {claim.wanted} | {figure} | {verdict} |"
    for claim, finding in findings:
        yield ""
        yield f"## {claim.name}: {claim.text}"
        yield ""
        yield f"    {command(claim)}"
        yield ""
        if not finding:
            yield f"{_NOT_YET.capitalize()}."
            continue
        yield f"**{finding.verdict.capitalize()}**: {finding.figure}; wanted: {claim.wanted}."
        yield from (line for line in finding.lines if line)
    yield from _tables([row for row in rows if _is_int8(row)])
    if rows:
        seconds = sum(row.effort.seconds for row in rows)
        yield ""
        yield (
            f"{len(rows)} arms, {seconds / 3600:.1f} hours of training and choosing; "
            f"{'; '.join(sorted({row.machine for row in rows}))}; weights "
            f"{', '.join(sorted({row.weights for row in rows}))}."
        )
        yield "Standard errors and deviations are over splits of the labels, not of test sampling."
        yield "Seconds are those of all nets of an arm together, what was tried on the way"
        yield "included, beside whatever else ran; k passes are thousands of images that went"
        yield "forward and backward through one net."


def _tables(rows: Sequence[Row]) -> Iterator[str]:
    """All measured nets: mean and standard deviation over splits, in %."""
    for title, here in by_cell(rows):
        measured = {row.arm for row in here}
        yield from ("", f"## Top-1 of int8 models: {title}", "")
        yield from cell_table([arm for arm in ARMS if arm in measured], here)


def _is_int8(row: Row) -> bool:
    return all(level.int8_accuracy is not None for level in row.levels)


def command(claim: Claim) -> str:
    """Returns what measures a claim."""
    return (
        f"python -m benchmarks.evidence.run --experiment={claim.study} --data=DIR --data_dir=DIR "
        "--output=runs/evidence"
    )


COMMAND = Command(main, (Options,))

if __name__ == "__main__":
    run_command(COMMAND)
