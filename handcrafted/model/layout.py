"""The layout of a network: which circuit stands where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from handcrafted.control.graph import Signal
from handcrafted.model.component import HEAD, NEURON, Component
from handcrafted.model.weights import FIELD_AXES
from handcrafted.text.report import Report


@dataclass(frozen=True)
class Placement:
    """Where one circuit stands in the network: a row of the printed layout.

    Attributes:
        part: `attention` or `mlp`.
        components: numbers of its heads or neurons in that layer.
    """

    circuit: str
    layer: int
    part: str
    components: tuple[int, ...]
    owner: str
    role: str
    reads: tuple[Signal, ...]
    writes: Signal
    formula: str

    def __str__(self) -> str:
        letter = "H" if self.part == "attention" else "N"
        first, last = self.components[0], self.components[-1]
        return f"{letter}{first}" if first == last else f"{letter}{first}-{last}"


def circuits_by_component(layout: tuple[Placement, ...]) -> dict[Component, Placement]:
    """Say of each head and neuron that belongs to a circuit to which."""
    kinds = {"attention": HEAD, "mlp": NEURON}
    return {Component(kinds[place.part], place.layer, number): place for place in layout for number in place.components}


def component_at(array: str, index: tuple[int, ...]) -> Component | None:
    """Give the head or neuron to which an array entry belongs; None where it belongs to none."""
    axes = dict(zip(FIELD_AXES[array], index, strict=False))
    if "head" in axes:
        return Component(HEAD, axes["layer"], axes["head"])
    return Component(NEURON, axes["layer"], axes["d_mlp"]) if "d_mlp" in axes else None


def report_of(name: str, sizes: Mapping[str, int], layout: tuple[Placement, ...]) -> Report:
    """Report on a network: its sizes, and by circuit layer, heads or neurons, owner, role, reads, writes."""
    count = lambda axis, word: f"{sizes[axis]} {word}{'' if sizes[axis] == 1 else 's'}"
    title = (
        f"{name}: {count('layer', 'layer')}, in each {count('head', 'head')} of {sizes['d_head']} "
        f"dimensions and {count('d_mlp', 'neuron')}; d_model {sizes['d_model']}, "
        f"{count('n_in', 'input')}, {count('n_out', 'output')}"
    )
    rows = []
    for place in layout:
        reads = ", ".join(f"{signal.owner}.{signal.name}" for signal in place.reads) or "nothing"
        rows.append((str(place.layer), str(place), place.owner, place.role, reads, place.writes.name))
    return Report(title, ("layer", "part", "owner", "role", "reads", "writes"), rows)
