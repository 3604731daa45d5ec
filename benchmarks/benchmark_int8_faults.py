"""Whether the report of layers names the layer that spoils an int8 model.

    python -m benchmarks.benchmark_int8_faults --output=benchmarks/results/int8_faults

Faults are planted one at a time into a small net trained on handwritten digits; the layer named
first has to be the one that was changed. Of the sound net no layer may be named.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.int8_faults import FAULTS, Fault, digits, planted, train_net
from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.convert.convert import convert_both
from tflite_export.convert.int8_findings import find_guilty
from tflite_export.convert.layer_noise import measure_layers
from tflite_export.convert.outputs import outputs_of
from tflite_export.runtimes.litert import LitertModel

_REPRESENTATIVE = 100
_SOUND = Fault("none", ())


@dataclass(frozen=True)
class Row:
    """One fault: accuracies are shares of 1 on 597 test images."""

    fault: str
    culprit: str
    named: str
    right: bool
    float_accuracy: float
    int8_accuracy: float
    what: str


def examine(net: object, fault: Fault, inputs: np.ndarray, classes: np.ndarray) -> Row:
    """Plants a fault into a trained net and asks which layer it is."""
    model = planted(net, fault)
    test = inputs[1200:], classes[1200:]
    representative = fault.representative(inputs[:_REPRESENTATIVE]).astype(np.float32)
    tflite, float32 = convert_both(model, representative)
    litert = LitertModel(tflite)
    int8 = litert.run(litert.quantize(test[0])).values
    guilty = find_guilty(measure_layers(model, tflite, float32, test[0]))
    named = guilty[0].layer if guilty else ""
    return Row(
        fault=fault.name,
        culprit=" or ".join(fault.culprits),
        named=named,
        right=named in fault.culprits if fault.culprits else not named,
        float_accuracy=_accuracy(outputs_of(model, test[0]), test[1]),
        int8_accuracy=_accuracy(int8, test[1]),
        what=guilty[0].what if guilty else "",
    )


def _accuracy(outputs: np.ndarray, classes: np.ndarray) -> float:
    return float((outputs.argmax(axis=-1) == classes).mean())


def main(output: Output) -> None:
    """Examines the sound net and all faults."""
    inputs, classes = digits()
    net = train_net(inputs, classes)
    rows = []
    for fault in (_SOUND, *FAULTS):
        rows.append(examine(net, fault, inputs, classes))
        print(rows[-1], flush=True)
    lines = [
        f"# {sum(row.right for row in rows[1:])} of {len(FAULTS)} planted faults named",
        "",
        "| fault | float | int8 | named first | what is said |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.fault} | {row.float_accuracy:.1%} | {row.int8_accuracy:.1%} "
        f"| {row.named or 'none'}{'' if row.right else ' (wrong)'} | {row.what} |"
        for row in rows
    ]
    with new_results(output) as folder:
        write_csv(folder / CSV, rows)
        write_table(folder, lines)


COMMAND = Command(main, (Output,))

if __name__ == "__main__":
    run_command(COMMAND)
