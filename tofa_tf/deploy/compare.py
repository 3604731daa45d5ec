"""The models of several runs side by side."""

from collections.abc import Mapping

from tflite_export.common.figures import digits
from tflite_export.common.markdown import escaped
from tofa_tf.common.statistics import wilson_interval
from tofa_tf.deploy.judged_on import JudgedOn, others_among
from tofa_tf.deploy.results import RunReport, ScenarioResult
from tofa_tf.deploy.tables import Columns, markdown_table

Row = tuple[str, RunReport, ScenarioResult]


def compare_runs(
    reports: Mapping[str, RunReport], judged_on: Mapping[str, JudgedOn | None] | None = None
) -> str:
    """Returns a table of all models, equal scenarios together, and what makes it unfair.

    Args:
        reports: of the runs, by what they are to be called.
        judged_on: their test images likewise, None of a run whose images nobody knows.
    """
    rows: list[Row] = [
        (name, report, scenario)
        for name, report in reports.items()
        for scenario in report.scenarios
    ]
    order = {scenario.name: place for place, (_, _, scenario) in reversed([*enumerate(rows)])}
    rows.sort(key=lambda row: order[row[2].name])
    unfair = [*_differences(reports), *_other_images(judged_on or {})]
    warnings = [f"Not comparable: {escaped(line)}." for line in unfair]
    return "\n\n".join([markdown_table(rows, _COLUMNS), *warnings, _EXPLANATION])


def _accuracy(row: Row) -> str:
    _, report, scenario = row
    low, high = wilson_interval(scenario.int8_accuracy, report.test_images)
    return f"{scenario.int8_accuracy:.2%} ({low:.1%} to {high:.1%})"


def _latency(row: Row) -> str:
    _, _, scenario = row
    if scenario.board:
        return f"estimate {digits(scenario.board.latency_ms)} ms on {scenario.board.fit.board}"
    return f"{scenario.pc_ms:.2f} ms on a PC"


_COLUMNS: Columns[Row] = (
    ("scenario", lambda row: row[2].name),
    ("run", lambda row: row[0]),
    ("int8 accuracy", _accuracy),
    ("MACs", lambda row: f"{row[2].macs / 1e6:.2f} M"),
    ("flash KiB", lambda row: f"{row[2].tflite_bytes / 1024:.1f}"),
    ("arena KiB on a 64-bit PC", lambda row: f"{row[2].arena_bytes / 1024:.1f}"),
    ("latency", _latency),
)
_EXPLANATION = (
    "In parentheses the 95 % interval (Wilson) that the number of test images allows. Flash is the "
    ".tflite file, arena TFLite Micro's own figure on a 64-bit machine."
)


def _differences(reports: Mapping[str, RunReport]) -> list[str]:
    """What has to be equal for accuracies to be compared, and is not."""
    facts = {
        "data sets": lambda report: report.dataset,
        "classes": lambda report: ", ".join(report.class_names),
        "numbers of test images": lambda report: str(report.test_images),
    }
    lines = []
    for what, fact in facts.items():
        values = list(dict.fromkeys(fact(report) for report in reports.values()))
        if len(values) > 1:
            lines.append(f"the {what} differ ({'; '.join(values)})")
    return lines


def _other_images(judged_on: Mapping[str, JudgedOn | None]) -> list[str]:
    """Runs whose test images are not those of the first one."""
    known = {name: images for name, images in judged_on.items() if images}
    lines = []
    for name, images in [*known.items()][1:]:
        first, theirs = next(iter(known.items()))
        if others := others_among(images, theirs):
            lines.append(
                f"{others} of {len(images.images)} test images of {name} are none of {first}"
            )
    return lines
