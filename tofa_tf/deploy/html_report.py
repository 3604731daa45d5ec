"""The report of a run as one HTML page of its own: for a phone, a screen and a printer."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tflite_export.common.errors import TofaError
from tflite_export.convert.int8_findings import find_guilty
from tflite_export.exporting.export_folder import FIRMWARE_FOLDER, MODEL_FILE, read_report
from tflite_export.graph.flatbuffer import read_tflite
from tofa_tf.common.statistics import wilson_interval
from tofa_tf.deploy.evaluation import WORST_IMAGES, Evaluation
from tofa_tf.deploy.html_parts import (
    Line,
    Point,
    bar,
    line_chart,
    picture,
    scatter,
    section,
    table,
    tag,
    text,
)
from tofa_tf.deploy.results import RunReport, ScenarioResult
from tofa_tf.training.metrics_log import METRICS

# A matrix of more classes is no help to anybody.
_MOST_CLASSES = 25
_KIB = 1024


def html_report(report: RunReport, folder: Path, title: str, facts: Sequence[str]) -> str:
    """Returns the page.

    Args:
        report: of the run.
        folder: of the run; what is missing there is left out.
        title: of the page.
        facts: about the run, a line each.
    """
    best = max(report.scenarios, key=lambda s: s.int8_accuracy, default=None)
    body = [
        tag("h1", text(title)),
        tag("ul", "".join(tag("li", text(fact)) for fact in facts)),
        section("Models", tag("div", "".join(_card(s, report, folder) for s in report.scenarios),
                              class_="cards")),
        section("Accuracy against size and work", *_pareto(report)),
    ]  # fmt: skip
    if best:
        body += [
            _answers(best, report, folder),
            section("What int8 does", *(_int8(s) for s in report.scenarios)),
        ]
    body += [
        section("Training", *_training(folder)),
        *(_architecture(scenario, folder) for scenario in report.scenarios),
        section("How to reproduce", *_reproduce(report)),
    ]
    return _PAGE.replace("TITLE", text(title)).replace("BODY", "\n".join(filter(None, body)))


def _card(scenario: ScenarioResult, report: RunReport, folder: Path) -> str:
    """What one wants to know of a model at a glance."""
    low, high = wilson_interval(scenario.int8_accuracy, report.test_images)
    board = scenario.board
    parts = [
        tag("h3", text(scenario.name)),
        tag("p", text(f"{scenario.int8_accuracy:.1%}"), class_="big"),
        tag("p", text(
            f"right on {report.test_images} test images (95 %: {low:.1%} to {high:.1%}); float "
            f"{scenario.float_accuracy:.1%}"
        )),
    ]  # fmt: skip
    if board:
        fit = board.fit
        parts += [
            tag("p", text(f"estimate {board.latency_ms:.3g} ms ± {board.latency_relative_error:.0%}"
                          f"{f'; {board.latency_basis}' if board.latency_basis else ''}")),
            bar("flash with the runtime", fit.flash_used / _KIB, fit.flash_available / _KIB, "KiB"),
            bar("SRAM for the arena", fit.arena_used / _KIB, fit.arena_available / _KIB, "KiB"),
        ]  # fmt: skip
        if board.energy_mj is not None and board.energy_relative_error is not None:
            parts.append(tag("p", text(
                f"estimate {board.energy_mj:.3g} mJ ± {board.energy_relative_error:.0%}"
            )))  # fmt: skip
    else:
        sizes = f".tflite {scenario.tflite_bytes / _KIB:.1f} KiB, arena "
        parts.append(tag("p", text(f"{sizes}{scenario.arena_bytes / _KIB:.1f} KiB")))
    if scenario.evaluation and scenario.evaluation.kept is not None:
        kept = f'{scenario.evaluation.kept:.1%} of the test images are kept, others "unknown"'
        parts.append(tag("p", text(kept)))
    parts.append(tag("p", text(f"model: {scenario.tflite}")))
    projects = (folder / scenario.tflite).parent.glob(f"{FIRMWARE_FOLDER}/[!.]*")
    parts += [
        tag("p", text(f"build and flash: {project.relative_to(folder)}/README.md"))
        for project in sorted(projects)
    ]
    return tag("article", "".join(parts))


def _pareto(report: RunReport) -> list[str]:
    axes = (
        ("MMACs", lambda s: s.macs / 1e6),
        (".tflite, KiB", lambda s: s.tflite_bytes / _KIB),
    )
    charts = []
    for name, value in axes:
        points = []
        for scenario in report.scenarios:
            low, high = wilson_interval(scenario.int8_accuracy, report.test_images)
            share = 100 * scenario.int8_accuracy
            points.append(Point(scenario.name, value(scenario), share, 100 * low, 100 * high))
        charts.append(scatter(points, name, "int8 accuracy in %, bars: 95 % interval"))
    return [tag("div", "".join(charts), class_="charts")] if report.scenarios else []


def _answers(best: ScenarioResult, report: RunReport, folder: Path) -> str:
    """By class, and where the most accurate model is surest and wrong."""
    evaluation = best.evaluation
    if evaluation is None:
        return ""
    names = report.class_names
    rows = [
        (name, f"{right} of {images}", _share(right, images))
        for name, (right, images) in zip(names, evaluation.by_class, strict=True)
    ]
    worst = [
        f"{names[one.truth]} taken for {names[one.answer]} ({one.probability:.0%})"
        for one in evaluation.worst
    ]
    sheet = picture((folder / best.tflite).parent / WORST_IMAGES, "the worst images")
    return section(
        f"Answers of {best.name}",
        table(("class", "right", "share (95 %)"), rows),
        _confusion(evaluation, names),
        tag("h3", text(f"The {len(worst)} images it is surest of and wrong")) if worst else "",
        sheet,
        tag("ol", "".join(tag("li", text(line)) for line in worst), class_="columns"),
    )


def _share(right: int, images: int) -> str:
    if not images:
        return ""
    low, high = wilson_interval(right / images, images)
    return f"{right / images:.1%} ({low:.0%} to {high:.0%})"


def _confusion(evaluation: Evaluation, names: Sequence[str]) -> str:
    if len(names) > _MOST_CLASSES:
        return ""
    head = tag("th", text("is \\ taken for")) + "".join(tag("th", text(name)) for name in names)
    rows = []
    for number, row in enumerate(evaluation.confusion):
        total = sum(row) or 1
        cells = "".join(
            tag("td", text(count or ""),
                style=f"background:rgba({'47,158,68' if number == column else '224,49,49'},"
                      f"{min(1.0, count / total):.2f})")
            for column, count in enumerate(row)
        )  # fmt: skip
        rows.append(tag("tr", tag("th", text(names[number])) + cells))
    return tag("div", tag("table", tag("tr", head) + "".join(rows)), class_="scroll matrix")


def _int8(scenario: ScenarioResult) -> str:
    layers = scenario.quantization.layers
    if not layers:
        return ""
    guilty = find_guilty(layers)
    said = "".join(tag("li", text(finding)) for finding in guilty[:3])
    rows = [
        (
            layer.layer, layer.op, "" if layer.weight_db is None else f"{layer.weight_db:.0f}",
            f"{layer.activation_db:.0f}", f"{layer.total_db:.0f}", f"{layer.saturated:.1%}",
            f"{layer.range_used:.0%}", f"{layer.dead_channels} of {layer.channels}",
            f"{layer.channel_spread:.1f}",
        )
        for layer in layers
    ]  # fmt: skip
    head = (
        "layer", "op", "weights, dB", "output, dB", "all so far, dB", "saturated", "range used",
        "dead channels", "largest over median channel",
    )  # fmt: skip
    verdict = tag("ul", said) if said else tag("p", text("No layer stands out."))
    summary = tag("summary", text(f"{scenario.name}: {len(layers)} layers"))
    return verdict + tag("details", summary + table(head, rows))


def _training(folder: Path) -> list[str]:
    records = _metrics(folder / METRICS)
    curves = (
        (("labelled_loss", "labels"), ("pseudo_loss", "pseudo-labels"), ("loss", "all")),
        (("mask_rate", "mask rate"), ("pseudo_accuracy", "precision of pseudo-labels")),
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
    summary = tag("summary", text(f"{len(file.ops)} operators"))
    details = tag("details", summary + table(head, rows))
    return section(f"Architecture of {scenario.name}", prepared, details)


def _reproduce(report: RunReport) -> list[str]:
    boards = [s.asked.board.name for s in report.scenarios if s.asked.board]
    command = ["tofa", "run", report.dataset, "--config=config.toml", "--workdir=runs/again"]
    if boards:
        command.append(f"--boards={','.join(boards)}")
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    facts = (
        f"seed {report.seed}, {report.steps} steps, weights {report.weights_sha256[:16]}",
        f"{report.machine}, Python {report.python}; {versions}",
    )
    return [tag("pre", text(shlex.join(command))), *(tag("p", text(fact)) for fact in facts)]


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>TITLE</title>
<style>
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 75em; padding: 1em;
  color: #212529; overflow-wrap: anywhere; }
h1 { font-size: 1.6em; } h2 { margin-top: 1.6em; border-bottom: 2px solid #1864ab; }
h3 { margin: .2em 0; }
.cards { display: grid; gap: 1em; grid-template-columns: repeat(auto-fill, minmax(17em, 1fr)); }
article { border: 1px solid #ced4da; border-radius: .6em; padding: .8em; break-inside: avoid; }
article p { margin: .3em 0; } .big { font-size: 2.2em; font-weight: 700; color: #1864ab; }
.bar { margin: .4em 0; font-size: .9em; }
.bar b { display: block; background: #e9ecef; border-radius: .3em; height: .6em; }
.bar i { display: block; background: #2b8a3e; border-radius: .3em; height: .6em; }
.bar i.over { background: #e03131; }
.charts { display: grid; gap: 1em; grid-template-columns: repeat(auto-fit, minmax(18em, 1fr)); }
svg { width: 100%; height: auto; } svg text { font-size: 13px; } .g { stroke: #e9ecef; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; margin: .6em 0; }
th, td { border-bottom: 1px solid #dee2e6; padding: .2em .6em; text-align: right;
  white-space: nowrap; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; }
img { max-width: 100%; image-rendering: pixelated; }
.columns { columns: 18em; } pre { background: #f1f3f5; padding: .8em; white-space: pre-wrap; }
@media print { body { max-width: none; font-size: 11px; } section { break-inside: avoid-page; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
</style></head><body>
BODY
</body></html>
"""
