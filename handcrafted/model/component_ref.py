"""The parts of a transformer that write to or read from the residual stream, and what they write."""

from __future__ import annotations

import re
from typing import NamedTuple

from handcrafted.control.graph import INPUT, OUTPUT, Signal
from handcrafted.model.names import Names
from handcrafted.model.weights import Weights
from handcrafted.text.diagnostics import HandcraftedError, must_be
from handcrafted.text.letters import listed, shown

HEAD, NEURON, CARRY = "head", "neuron", "carry"


class ComponentRef(NamedTuple):
    """A writer or reader: an input, a head, a neuron, the carry, or an output.

    Attributes:
        kind: `input`, `head`, `neuron`, `carry` or `output`.
        layer: the layer of a head or neuron, else 0.
        index: the head's or neuron's number; for inputs and outputs the position among the named signals.
    """

    kind: str
    layer: int = 0
    index: int = 0  # pyright: ignore[reportIncompatibleMethodOverride]  # tuple.index is never meant here

    def __str__(self) -> str:
        short = {HEAD: f"L{self.layer}H{self.index}", NEURON: f"L{self.layer}N{self.index}", CARRY: CARRY}
        return short.get(self.kind, f"{self.kind} {self.index}")


def parse(text: str, weights: Weights) -> ComponentRef:
    """Read a component's short name: `L0H1` is head 1 of layer 0, `L2N5` neuron 5 of layer 2, `carry` the recurrence.

    Raises:
        HandcraftedError: if there is no such component.
    """
    size = weights.sizes
    found = re.fullmatch(r"L(\d+)([HN])(\d+)", text)
    if text == CARRY:
        return ComponentRef(CARRY)
    if found:
        layer, kind, index = int(found[1]), {"H": HEAD, "N": NEURON}[found[2]], int(found[3])
        if layer < size["layer"] and index < size["head" if kind == HEAD else "d_mlp"]:
            return ComponentRef(kind, layer, index)
    raise HandcraftedError(
        f"Expected a component such as L0H0 or L1N3 of a model with {size['layer']} layers, {size['head']} heads and "
        f"{size['d_mlp']} neurons per layer, or `carry`, got {shown(text)}. Look it up in print(model)."
    )


def find_component(where: Signal | str, weights: Weights, names: Names) -> ComponentRef:
    """Return the component of a short name, or of an input or output signal.

    Raises:
        HandcraftedError: if there is none.
    """
    if isinstance(where, str):
        return parse(where, weights)
    must_be(where, Signal, "a place: a Signal, the short name of a component such as L0H1, or a pair of these")
    signals = {INPUT: names.input_signals, OUTPUT: names.output_signals}.get(where.role, {})
    if where not in signals:
        known = listed(map(str, [*names.input_signals, *names.output_signals]), separator="; ")
        raise HandcraftedError(f"Expected an input or output of the network, got {where}. Use one of: {known}.")
    return ComponentRef(where.role, 0, list(signals).index(where))
