"""What an export prints."""

from tflite_export.convert.int8_findings import find_guilty
from tflite_export.convert.quantization_report import QuantizationReport
from tflite_export.exporting.export_report import ExportReport
from tflite_export.exporting.normalisation_check import BetterNormalisation
from tflite_export.input_spec import InputSpec
from tflite_export.runtimes.verify import Verification, standard_error
from tflite_export.task import Task

_MOST_FINDINGS = 3
_ANSWERS = {Task.CLASSIFICATION: "classes", Task.BINARY: "decisions"}


def summary(report: ExportReport) -> str:
    """Returns the figures that matter, a few lines."""
    memory, packing = report.memory, report.packing
    lines = [
        f"{report.macs / 1e6:.3g} MMACs, flash {report.tflite_bytes / 1024:.1f} KiB, "
        f"arena {memory.arena_bytes / 1024:.1f} KiB in TFLite Micro",
        f"repacking ({packing.level}): {packing.unpacked_bytes / 1024:.1f} to "
        f"{report.tflite_bytes / 1024:.1f} KiB, {packing.dead_channels} dead channels removed",
        f"input: {report.input_spec or 'as given'}",
        _quantization(report.quantization),
        *_layers(report.quantization),
        *_verification(report.verification),
    ]
    if report.rejection:
        how = "distance of the outputs" if report.rejection.centres else "probability"
        lines.append(
            f'"unknown" is told by the {how}: limits fitted on other inputs of known classes keep '
            f"{report.rejection.kept:.1%}"
        )
    for board in report.boards:
        verdict = f"lacks {board.missing}" if board.missing else "fits"
        lines.append(f"{board.latency}; {verdict}")
    # At the clock of the board, where it is a board's.
    clocked = {board.npu.config: board.npu for board in report.boards if board.npu}
    lines += [str(clocked.get(npu.config, npu)) for npu in report.npus]
    return "\n".join(lines)


def normalisation_doubt(better: BetterNormalisation, *, flags: bool = False) -> str:
    """Returns a line that names the better normalisation.

    Args:
        better: than the one given.
        flags: whether by the flags of `tofa export` instead of the arguments of `image_spec`.
    """
    asked, which = (
        (_as_flags(better.spec), "these flags")
        if flags
        else (_as_arguments(better.spec), "such an input_spec")
    )
    return (
        f"the float model gets {better.accuracy:.1%} of {better.images} test images right "
        f"with {asked}, and {better.given_accuracy:.1%} as exported (the "
        f"difference has a standard error of {100 * better.difference_error:.1f} points): it was "
        f"probably trained so; export again with {which}"
    )


def _as_flags(spec: InputSpec) -> str:
    mean, std = (",".join(f"{value:g}" for value in values) for values in (spec.mean, spec.std))
    colour = f" --colour={spec.colour}" if spec.colour else ""
    return f"--mean={mean} --std={std}{colour}"


def _as_arguments(spec: InputSpec) -> str:
    colour = f", colour={spec.colour!r}" if spec.colour else ""
    return f"mean={spec.mean}, std={spec.std}{colour}"


def _layers(report: QuantizationReport) -> list[str]:
    if not report.layers:
        return []
    guilty = find_guilty(report.layers)
    if not guilty:
        return [
            f"int8 leaves {report.layers[-1].total_db:.0f} dB to the output; no layer stands out"
        ]
    lines = [f"int8 loses most in {finding}" for finding in guilty[:_MOST_FINDINGS]]
    more = len(guilty) - _MOST_FINDINGS
    return [*lines, f"and in {more} more layers"] if more > 0 else lines


def _verification(checked: Verification) -> list[str]:
    agreement = (
        f"outputs of int8 and float model differ by {checked.mean_output_error:.3g} in the mean, "
        f"{checked.max_output_error:.3g} at most ({checked.mean_output_error_lsb:.2g} and "
        f"{checked.max_output_error_lsb:.2g} steps of int8)"
    )
    if checked.int8_agreement is not None:
        agreement = (
            f"{_ANSWERS[checked.task]} of int8 and float model equal on "
            f"{checked.int8_agreement:.1%} of {checked.examples} inputs"
        )
    lines = [
        f"{checked.task}: {agreement}; LiteRT and TFLite Micro differ by "
        f"{checked.litert_tflm_max_lsb} LSB at most"
    ]
    if checked.float_accuracy is not None and checked.int8_accuracy is not None:
        lines.append(
            f"accuracy on {checked.examples} test inputs: "
            f"float {_with_error(checked.float_accuracy, checked.examples)}, "
            f"int8 {_with_error(checked.int8_accuracy, checked.examples)}"
        )
    return lines


def _with_error(accuracy: float, examples: int) -> str:
    return f"{accuracy:.1%} +- {100 * standard_error(accuracy, examples):.1f}"


def _quantization(report: QuantizationReport) -> str:
    estimate = report.ptq_estimated_loss
    reason = "" if estimate is None else f"; ptq is estimated to lose {estimate:.2f} points"
    ptq = report.ptq.agreement
    other = "" if report.qat is None or ptq is None else f" ({ptq:.1%} with ptq)"
    return f"quantization: {report.used}{other}{reason}"
