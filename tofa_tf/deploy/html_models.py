"""What the page of a run says of its models: cards, charts, answers, and what int8 does."""

from collections.abc import Sequence
from pathlib import Path

from tflite_export.common.figures import digits
from tflite_export.convert.int8_findings import find_guilty
from tflite_export.convert.layer_noise import LayerNoise
from tflite_export.exporting.export_folder import FIRMWARE_FOLDER
from tofa_tf.common.statistics import wilson_interval
from tofa_tf.deploy.baseline_results import BaselineResult
from tofa_tf.deploy.evaluation import WORST_IMAGES, Evaluation
from tofa_tf.deploy.html_parts import Point, bar, link, picture, scatter, section, table, tag, text
from tofa_tf.deploy.results import BoardResult, RunReport, ScenarioResult

# A matrix of more classes is no help to anybody.
_MOST_CLASSES = 25
_KIB = 1024


def card_html(scenario: ScenarioResult, report: RunReport, folder: Path) -> str:
    """Returns what one wants to know of a model at a glance."""
    low, high = wilson_interval(scenario.int8_accuracy, report.test_images)
    board = scenario.board
    size = f"{scenario.arch.resolution} x {scenario.arch.resolution} pixels"
    asked = scenario.asked.board
    parts = [
        tag("h3", text(scenario.name)),
        tag("p", text(f"{asked.title}, {size}" if asked and asked.title else size)),
        tag("p", text(f"{scenario.int8_accuracy:.1%}"), class_="big"),
        tag("p", text(
            f"right on {report.test_images} test images (95 %: {low:.1%} to {high:.1%}); float "
            f"{scenario.float_accuracy:.1%}"
        )),
    ]  # fmt: skip
    if board:
        fit = board.fit
        parts += [
            _verdict(scenario, board),
            tag("p", text(f"latency: {_latency(scenario, board)}")),
            bar("flash with the runtime", fit.flash_used / _KIB, fit.flash_available / _KIB, "KiB"),
            bar("SRAM for the arena", fit.arena_used / _KIB, fit.arena_available / _KIB, "KiB"),
        ]  # fmt: skip
        if board.energy_mj is not None and board.energy_relative_error is not None:
            parts.append(tag("p", text(
                f"energy: estimate {digits(board.energy_mj)} mJ ± {board.energy_relative_error:.0%}"
            )))  # fmt: skip
    else:
        sizes = f".tflite {scenario.tflite_bytes / _KIB:.1f} KiB, arena "
        arena = f"{scenario.arena_bytes / _KIB:.1f} KiB on a 64-bit PC"
        parts.append(tag("p", text(sizes + arena)))
    parts += [
        tag(
            "p",
            text(f"on {npu.config} at {npu.clock_mhz:g} MHz: estimate {digits(npu.latency_ms)} ms"),
        )
        for npu in scenario.npus
    ]
    if scenario.evaluation and scenario.evaluation.kept is not None:
        kept = f'{scenario.evaluation.kept:.1%} of the test images are kept, others "unknown"'
        parts.append(tag("p", text(kept)))
    parts.append(tag("p", text("model: ") + link(folder, scenario.tflite)))
    projects = (folder / scenario.tflite).parent.glob(f"{FIRMWARE_FOLDER}/[!.]*")
    for project in sorted(projects):
        place = project.relative_to(folder).as_posix()
        steps = link(folder, f"{place}/README.md", "README")
        parts.append(tag("p", text("firmware: ") + link(folder, place) + text(", ") + steps))
        parts.append(_how_to_flash(project / "README.md"))
    return tag("article", "".join(parts))


def _how_to_flash(readme: Path) -> str:
    """The commands of a project's README, to unfold: the page may be all that is handed on."""
    try:
        words = readme.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    steps = words.partition("## Build and flash")[2].partition("\n## ")[0].strip()
    summary = tag("summary", text("how to build and flash it"))
    return tag("details", summary + tag("pre", text(steps))) if steps else ""


def _verdict(scenario: ScenarioResult, board: BoardResult) -> str:
    """Whether a model suits its board, in a word."""
    limit = _limit_ms(scenario)
    slow = limit and board.latency_ms > limit
    lacks = board.fit.missing
    words = f"does not fit: lacks {lacks}" if lacks else "too slow" if slow else "fits"
    if limit and not lacks and _may_be_wrong(board, limit):
        words += ", if the estimate holds"
    return tag("p", tag("strong", text(words)), class_="not" if lacks or slow else "fits")


def _limit_ms(scenario: ScenarioResult) -> float:
    """Most that an inference may take; 0 where there is no limit."""
    return scenario.asked.board.latency_limit_ms if scenario.asked.board else 0.0


def _may_be_wrong(board: BoardResult, limit_ms: float) -> bool:
    error = board.latency_ms * board.latency_relative_error
    return abs(board.latency_ms - limit_ms) < error


def _latency(scenario: ScenarioResult, board: BoardResult) -> str:
    limit = _limit_ms(scenario)
    of = f", of {limit:.4g} ms allowed" if limit else ""
    basis = f"; {board.latency_basis}" if board.latency_basis else ""
    return f"estimate {digits(board.latency_ms)} ms ± {board.latency_relative_error:.0%}{of}{basis}"


def pareto_html(report: RunReport, baselines: Sequence[BaselineResult] = ()) -> list[str]:
    """Returns charts of accuracy against work and size."""
    models = [(s.name, s.macs, s.tflite_bytes, s.int8_accuracy, 0) for s in report.scenarios]
    models += [(b.name, b.macs, b.weight_bytes, b.float_accuracy, 1) for b in baselines]
    if not models:
        return []
    work, size = [], []
    for name, macs, file_bytes, share, kind in models:
        low, high = wilson_interval(share, report.test_images)
        accuracy = (100 * share, 100 * low, 100 * high)
        work.append(Point(name, macs / 1e6, *accuracy, kind))
        size.append(Point(name, file_bytes / _KIB, *accuracy, kind))
    title = "int8 accuracy in %, bars: 95 % interval"
    charts = scatter(work, "MMACs", title) + scatter(size, ".tflite, KiB", title)
    parts = [tag("div", charts, class_="charts")]
    if baselines:
        what = (
            "Blue: models of this run, int8. Orange: baselines, each made on its own (tofa "
            "baseline), as float, with the size of their int8 weights."
        )
        parts.append(tag("p", text(what)))
    return parts


def answers_html(best: ScenarioResult, report: RunReport, folder: Path) -> str:
    """Returns answers by class, and where the most accurate model is surest and wrong."""
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


def int8_html(scenarios: Sequence[ScenarioResult]) -> str:
    """Returns the layer that int8 spoils, and all layers to unfold; each model of several once."""
    models: dict[tuple[str, tuple[LayerNoise, ...]], list[str]] = {}
    for scenario in scenarios:
        key = scenario.sha256, scenario.quantization.layers
        models.setdefault(key, []).append(scenario.name)
    return "".join(_int8_of_model(names, layers) for (_, layers), names in models.items())


def _int8_of_model(names: Sequence[str], layers: Sequence[LayerNoise]) -> str:
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
            "" if layer.scale_spread is None else f"{layer.scale_spread:.1f}",
        )
        for layer in layers
    ]  # fmt: skip
    head = (
        "layer", "op", "weights, dB", "output, dB", "all so far, dB", "saturated", "range used",
        "dead channels", "largest over median channel", "largest over median weight scale",
    )  # fmt: skip
    verdict = tag("ul", said) if said else tag("p", text("No layer stands out."))
    summary = tag("summary", text(f"{', '.join(names)}: {len(layers)} layers"))
    return verdict + tag("details", summary + table(head, rows))
