"""The report of a run as one HTML page of its own: for a phone, a screen and a printer."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tflite_export.common.errors import TofaError
from tflite_export.exporting.export_folder import MODEL_FILE, read_report
from tflite_export.graph.flatbuffer import read_tflite
from tofa_tf.common.workdir import METRICS
from tofa_tf.deploy.baseline_results import read_baselines
from tofa_tf.deploy.html_foreign import foreign_html
from tofa_tf.deploy.html_models import answers_html, card_html, int8_html, pareto_html
from tofa_tf.deploy.html_page import page
from tofa_tf.deploy.html_parts import Line, line_chart, picture, section, table, tag, text
from tofa_tf.deploy.reproduce import reproduction
from tofa_tf.deploy.results import RunReport, ScenarioResult
from tofa_tf.deploy.sample import SAMPLE

_KIB = 1024
_WHERE = (
    "Run it in the folder in which this run was begun: the paths in it and in the run's settings "
    "start there."
)
_OF_ARRAYS = (
    "The images were arrays of a program, which no file holds: train on them with tofa_tf.train "
    "and the settings of config.toml, and deploy."
)


def html_report(report: RunReport, folder: Path, title: str, facts: Sequence[str]) -> str:
    """Returns the page.

    Args:
        report: of the run.
        folder: of the run; what is missing there is left out.
        title: of the page.
        facts: about the run, a line each.
    """
    cards = "".join(card_html(scenario, report, folder) for scenario in report.scenarios)
    best = max(report.scenarios, key=lambda s: s.int8_accuracy, default=None)
    body = [
        tag("h1", text(title)),
        tag("ul", "".join(tag("li", text(fact)) for fact in facts)),
        section("Models", tag("div", cards, class_="cards")),
        section(
            "Accuracy against size and work",
            *pareto_html(report, read_baselines(folder).baselines),
        ),
    ]
    if best:
        body += [
            answers_html(best, report, folder),
            section("What int8 does", int8_html(report.scenarios)),
        ]
    body += [
        section("Training", *_training(folder)),
        section("Foreign images", *foreign_html(folder)),
        *(_architecture(scenario, folder) for scenario in report.scenarios),
        section("How to reproduce", *_reproduce(report, folder)),
    ]
    return page(title, "\n".join(filter(None, body)))


def _training(folder: Path) -> list[str]:
    records = _metrics(folder / METRICS)
    curves = (
        (("labelled_loss", "labels"), ("pseudo_loss", "pseudo-labels"), ("loss", "all")),
        (
            ("mask_rate", "mask rate"),
            ("pseudo_accuracy", "precision of pseudo-labels"),
            ("validation_accuracy", "largest net on validation images"),
        ),
    )
    charts = []
    for lines, title in zip(curves, ("loss", "share"), strict=True):
        drawn = []
        for key, name in lines:
            found = [(r["step"], r[key]) for r in records if isinstance(r.get(key), int | float)]
            drawn.append(Line(name, [x for x, _ in found], [y for _, y in found]))
        charts.append(line_chart(drawn, "step", title))
    content = "".join(charts)
    return [tag("div", content, class_="charts")] if content else []


def _metrics(path: Path) -> list[dict[str, Any]]:
    """Records that can be read; a damaged line is left out."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    records = []
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict) and isinstance(record.get("step"), int):
            records.append(record)
    return records


def _architecture(scenario: ScenarioResult, folder: Path) -> str:
    """Operators with their work, memory and time, and what comes before the first."""
    place = (folder / scenario.tflite).parent
    try:
        file, export = read_tflite((place / MODEL_FILE).read_bytes()), read_report(place)
    except (OSError, TofaError):
        return ""
    times = [op.latency_ms for op in export.boards[0].latency.ops] if export.boards else []
    whole = sum(times)
    rows = []
    for number, op in enumerate(file.ops):
        time = f"{times[number]:.3f} ({times[number] / whole:.0%})" if times and whole else ""
        shapes = ("x".join(map(str, t.shape)) for t in (op.inputs[0], op.outputs[0]))
        memory = sum(t.size for t in (*op.inputs, *op.outputs) if not t.data_bytes) / _KIB
        weights = sum(t.data_bytes for t in op.inputs) / _KIB
        rows.append(
            (op.name, *shapes, f"{op.macs / 1e3:.0f}", f"{memory:.1f}", f"{weights:.1f}", time)
        )
    head = ("op", "in", "out", "kMACs", "live, KiB", "weights, KiB", "estimate, ms")
    prepared = tag("p", text(f"A photograph becomes the input so: {export.input_spec}"))
    if sample := picture(place / SAMPLE, "a photograph, and what the net sees"):
        words = "A test image, framed what is kept of it, and what the net sees, enlarged:"
        prepared += tag("p", text(words)) + sample
    summary = tag("summary", text(f"{len(file.ops)} operators"))
    details = tag("details", summary + table(head, rows))
    return section(f"Architecture of {scenario.name}", prepared, details)


def _reproduce(report: RunReport, folder: Path) -> list[str]:
    made = reproduction(report, folder)
    parts = [tag("pre", text("\n".join(made.commands)))] if made.commands else []
    parts.append(tag("p", text(_WHERE if made.commands else _OF_ARRAYS)))
    for name, content in made.board_files.items():
        what = f"The board file {name} is needed there too: the one of your own, or this."
        parts += [tag("p", text(what)), tag("pre", text(content))]
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    facts = (
        f"seed {report.seed}, {report.steps} steps, weights {report.weights_sha256[:16]}",
        f"{report.machine}, Python {report.python}; {versions}",
    )
    return [*parts, *(tag("p", text(fact)) for fact in facts)]
