"""Which circuit stands where, and which runs before which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, NamedTuple

from handcrafted.control.graph import Signal
from handcrafted.model.component_ref import HEAD, NEURON, ComponentRef
from handcrafted.model.weights import FIELD_AXES
from handcrafted.text.diagnostics import HandcraftedError, all_are
from handcrafted.text.report import Report

ATTENTION, MLP = "attention", "mlp"
"""The parts of a layer."""


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
        letter = "H" if self.part == ATTENTION else "N"
        first, last = self.components[0], self.components[-1]
        return f"{letter}{first}" if first == last else f"{letter}{first}-{last}"


def same_layout(one: tuple[Placement, ...], other: tuple[Placement, ...]) -> bool:
    """Whether the same circuits stand in the same places, whatever their formulas say."""
    plain = attrgetter(*(field.name for field in fields(Placement) if field.name != "formula"))
    return list(map(plain, one)) == list(map(plain, other))


def circuits_by_component(layout: tuple[Placement, ...]) -> dict[ComponentRef, Placement]:
    """Say of each head and neuron that belongs to a circuit to which."""
    kinds = {ATTENTION: HEAD, MLP: NEURON}
    return {
        ComponentRef(kinds[place.part], place.layer, number): place for place in layout for number in place.components
    }


def component_at(array: str, index: tuple[int, ...]) -> ComponentRef | None:
    """Return the head or neuron to which an array entry belongs; None where it belongs to none."""
    axes = dict(zip(FIELD_AXES[array], index, strict=False))
    if "head" in axes:
        return ComponentRef(HEAD, axes["layer"], axes["head"])
    return ComponentRef(NEURON, axes["layer"], axes["d_mlp"]) if "d_mlp" in axes else None


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


MAX_WINDOW = 43
"""The largest window: a query turns by 1 rad per step, and 44 rad are nearly 7 turns."""

PARTS = {ATTENTION: "head", MLP: "d_mlp"}
"""The parts of a layer, and along which axis of the arrays their components lie."""


class Early(NamedTuple):
    """A circuit that reads something before it is written."""

    reader: Placement
    writer: Placement

    def __str__(self) -> str:
        reader, writer = self.reader, self.writer
        return (
            f"{reader.circuit} ({reader.part} of layer {reader.layer}) reads {writer.writes}, which {writer.circuit} "
            f"writes in {writer.part} of layer {writer.layer}"
        )


def half_of(place: Placement) -> int:
    """Return the half-layer of a circuit: 2 l for heads of layer l, 2 l + 1 for its neurons."""
    return 2 * place.layer + (place.part == MLP)


def writers_of(layout: Iterable[Placement]) -> dict[Signal, Placement]:
    """Return the circuit that writes each subspace; those that enter or are carried have none."""
    return {place.writes: place for place in layout}


def runs_before(first: Placement, second: Placement) -> bool:
    """Whether what the first writes is there when the second reads."""
    return half_of(first) < half_of(second)


def early(layout: Iterable[Placement]) -> tuple[Early, ...]:
    """List the circuits that do not stand after those that write what they read."""
    places = tuple(layout)
    writer = writers_of(places)
    pairs = (Early(place, writer[signal]) for place in places for signal in place.reads if signal in writer)
    return tuple(pair for pair in pairs if not runs_before(pair.writer, pair.reader))


def check_layout(layout: tuple[Placement, ...], sizes: Mapping[str, int]) -> None:
    """Check that circuits stand in the network, apart, each writing something of its own, after what they read.

    Raises:
        HandcraftedError: naming the circuit that does not, or if it is no layout.
    """
    for place in all_are(layout, Placement, "a layout, such as `model.layout`"):
        _check_place(place, sizes)
    if len(circuits_by_component(layout)) < sum(len(place.components) for place in layout):
        raise HandcraftedError("Expected each head and neuron in one circuit, got one in two. Give each its own.")
    writer = writers_of(layout)
    for place in layout:
        if writer[place.writes] is not place:
            raise HandcraftedError(
                f"Expected one writer of {place.writes}, got {place.circuit} and {writer[place.writes].circuit}. "
                "Let one write elsewhere."
            )
    for wrong in early(layout):
        raise HandcraftedError(
            f"Expected circuits that read what is written before, got one that does not: {wrong}. "
            "Move the reader behind the writer."
        )


def _check_place(place: Placement, sizes: Mapping[str, int]) -> None:
    """Check that one circuit stands in the network, and writes what is its owner's."""
    axis = PARTS.get(place.part)
    fits = axis and 0 <= place.layer < sizes["layer"] and all(0 <= number < sizes[axis] for number in place.components)
    if not fits:
        raise HandcraftedError(
            f"Expected {place.circuit} among {sizes['layer']} layers with {sizes['head']} heads (attention) and "
            f"{sizes['d_mlp']} neurons (mlp), got {place.part} of layer {place.layer}, {list(place.components)}. "
            "Place it there."
        )
    if place.writes.owner != place.owner:
        raise HandcraftedError(
            f"Expected {place.circuit} to write subspaces of {place.owner} alone, got {place.writes}. Write there."
        )


def check_window(window: Any) -> int:
    """Check how many steps a head sees.

    Raises:
        HandcraftedError: if it sees none, or so many that two of them look the same.
    """
    if isinstance(window, bool) or not isinstance(window, int) or not 1 <= window <= MAX_WINDOW:
        raise HandcraftedError(
            f"Expected a window of 1 to {MAX_WINDOW} steps, got {window!r}. Heads tell steps apart by an angle of "
            "1 rad per step, and 44 rad are nearly 7 turns: what was 44 steps ago would pass for now. Take fewer."
        )
    return window
