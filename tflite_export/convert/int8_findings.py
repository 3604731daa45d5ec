"""Which layer spoils an int8 model, why, and what to do about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tflite_export.convert.layer_noise import INPUT, LayerNoise

# Below this a layer alone loses more than layers of nets that do well in int8.
_ENOUGH_DB = 10.0
# The same where the range itself is at fault.
_ENOUGH_WITH_RANGE_DB = 20.0
# Share of values beyond the range, of the range used, and largest over median channel: what nets
# that do well stay clear of.
_SATURATED = 0.01
_LITTLE_USED = 0.05
_WIDE = 20.0
# Of layers whose noise differs by less the first that runs is the cause.
_SAME_DB = 3.0
# Their int8 range is fixed by TFLite, whatever the model.
_FIXED_RANGE = ("SOFTMAX", "LOGISTIC", "TANH")


@dataclass(frozen=True)
class Finding:
    """A layer that spoils the rest.

    Attributes:
        layer: its name in the model; "INPUT" for the model's input.
        decibels: signal to noise that it leaves by itself.
        what: is wrong with it, with the numbers.
        advice: what to do.
    """

    layer: str
    decibels: float
    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.layer}: {self.what}; {self.advice}"


def find_guilty(layers: Sequence[LayerNoise]) -> tuple[Finding, ...]:
    """Returns the layers that spoil an int8 model, the worst first; none if no layer does.

    Args:
        layers: by `measure_layers`.
    """
    found = [finding for layer in layers if (finding := _examine(layer))]
    ordered = []
    while found:
        worst = min(finding.decibels for finding in found)
        first = next(f for f in found if f.decibels <= worst + _SAME_DB)
        ordered.append(first)
        found.remove(first)
    return tuple(ordered)


def _examine(layer: LayerNoise) -> Finding | None:
    if layer.op in _FIXED_RANGE:
        return None
    decibels = min(layer.activation_db, layer.weight_db or layer.activation_db)
    for symptom in _SYMPTOMS:
        if told := symptom(layer):
            return Finding(layer.layer, decibels, *told)
    return None


Told = tuple[str, str] | None


def _wide_weights(layer: LayerNoise) -> Told:
    if layer.weight_db is None or layer.weight_spread is None or layer.weight_db > _ENOUGH_DB:
        return None
    return (
        f"rounding its weights leaves {layer.weight_db:.0f} dB: those for input channel "
        f"{layer.widest_input} are {layer.weight_spread:.0f} times as large as the median ones and "
        "take the step away from all others",
        "divide them, and multiply that channel where it is computed, until they are alike; or "
        "train on with weight decay",
    )


def _clipped(layer: LayerNoise) -> Told:
    if layer.saturated < _SATURATED:
        return None
    share = f"{layer.saturated:.1%} of its values lie beyond the range of int8"
    if layer.layer == INPUT:
        return (
            share,
            "the representative inputs are not like those it is used on: check that both have the "
            "same mean and std, and take representative inputs of every kind",
        )
    return share, "take more representative inputs, of every kind that occurs"


def _wide_channel(layer: LayerNoise) -> Told:
    if layer.channel_spread < _WIDE or layer.activation_db > _ENOUGH_DB:
        return None
    lost = f", {layer.lost_channels} of which become constant" if layer.lost_channels else ""
    return (
        f"channel {layer.widest_channel} is {layer.channel_spread:.0f} times as large as the "
        f"median one and leaves {max(layer.activation_db, 0):.0f} dB to the {layer.channels} "
        f"channels{lost}{_uneven(layer)}",
        "look at that channel's batch norm (gamma, a variance near 0, beta); bound the activation "
        "by ReLU6; or multiply the channel down here and up in the next layer",
    )


def _uneven(layer: LayerNoise) -> str:
    """Says that weights are at fault, where they are: their scales have batch norm folded in."""
    if layer.scale_spread is None or layer.scale_spread < _WIDE:
        return ""
    return (
        f"; the weights of one output channel are {layer.scale_spread:.0f} times as large as the "
        "median one's"
    )


def _unused(layer: LayerNoise) -> Told:
    if layer.range_used > _LITTLE_USED or layer.activation_db > _ENOUGH_WITH_RANGE_DB:
        return None
    used = f"its values use {layer.range_used:.1%} of the range of int8"
    if layer.layer == INPUT:
        return (
            used,
            "some representative inputs are far larger than those it is used on: check mean and "
            "std of both, and look for outliers",
        )
    return used, "look for outliers among the representative inputs"


def _outliers(layer: LayerNoise) -> Told:
    if layer.bulk_used > _LITTLE_USED or layer.activation_db > _ENOUGH_WITH_RANGE_DB:
        return None
    return (
        f"all but 0.2 % of its values use {layer.bulk_used:.1%} of the range of int8",
        "bound the activation by ReLU6, or let quantisation-aware training find the range "
        "(quantization qat)",
    )


def _coarse(layer: LayerNoise) -> Told:
    if layer.activation_db > _ENOUGH_DB:
        return None
    uneven = _uneven(layer)
    return (
        f"256 steps over its range leave {max(layer.activation_db, 0):.0f} dB to the signal"
        + (f"; {layer.lost_channels} channels become constant" if layer.lost_channels else "")
        + uneven,
        "look at that channel's batch norm (gamma, a variance near 0), or multiply the channel "
        "down here and up in the next layer"
        if uneven
        else "bound the activation by ReLU6, or try quantisation-aware training (quantization qat)",
    )


# In this order: the first that applies explains the layer.
_SYMPTOMS: tuple[Callable[[LayerNoise], Told], ...] = (
    _clipped, _wide_channel, _wide_weights, _unused, _outliers, _coarse,
)  # fmt: skip
