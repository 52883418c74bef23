"""What one array entry is for, whose it is, and whether the access policy lets it act."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from handcrafted.control.graph import INPUT, OUTPUT, Signal
from handcrafted.control.numbers import as_numbers
from handcrafted.model.arrays import elementwise, formed, on_host
from handcrafted.model.base import base_blocks, base_of, frozen
from handcrafted.model.blocks import blocks_of
from handcrafted.model.component import END_ARRAYS, HEAD_ARRAYS, NEURON_ARRAYS, EndArrays
from handcrafted.model.layout import ATTENTION, MLP, Placement, circuits_by_component, component_at
from handcrafted.model.network import Network
from handcrafted.model.weights import FIELD_AXES, READING, Weights, must_have_sizes
from handcrafted.text.diagnostics import HandcraftedError, must_be, nearest
from handcrafted.text.letters import shown


def entry_name(array: str, index: tuple[int, ...]) -> str:
    """Write an array entry as `W_in[0, 3, 5]`."""
    return f"{array}[{', '.join(map(str, index))}]"


def places_in(marked: Any) -> Iterator[tuple[int, ...]]:
    """Return the index of every entry of an array that is marked, or not zero."""
    return (tuple(index) for index in np.transpose(on_host(marked).nonzero()).tolist())


def parse_entry(text: str, weights: Weights) -> tuple[str, tuple[int, ...]]:
    """Read an array entry such as `W_in[0, 3, 5]`.

    Raises:
        HandcraftedError: if it is none of these arrays.
    """
    must_be(text, str, "an array entry such as `W_in[0, 3, 5]`")
    match = re.fullmatch(r"\s*(\w+)\s*\[\s*([\d,\s]*)\]\s*", text)
    if match is None or match[1] not in FIELD_AXES:
        near = nearest(match[1] if match else "", FIELD_AXES)
        raise HandcraftedError(f"Expected an array entry such as W_in[0, 3, 5], got {shown(text)}.{near}")
    numbers = [i.strip() for i in match[2].split(",") if i.strip()]
    index, shape = tuple(int(i) for i in numbers if i.isdigit() and len(i) < 10), np.shape(weights[match[1]])
    if len(index) != len(shape) or any(i >= size for i, size in zip(index, shape, strict=True)):
        raise HandcraftedError(
            f"Expected an entry of {match[1]}, whose shape is {shape}, got {shown(text)}. Count from 0."
        )
    return match[1], index


def checked_number(entry: str, value: Any) -> np.float32:
    """Check a number for an entry.

    Raises:
        HandcraftedError: if it is none, not finite, or beyond float32.
    """
    plain = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    number = np.float32(as_numbers(entry, value)) if plain else np.float32(np.nan)
    if not np.isfinite(number):
        raise HandcraftedError(
            f"Expected a finite number that float32 holds for {entry}, got {shown(value)}. Give one."
        )
    return number


@dataclass(frozen=True)
class Breach:
    """One raw entry that the policy does not let act.

    Attributes:
        array: its array.
        index: its place there.
        value: what stands there.
        component: the head or neuron with its circuit, or what the array is for.
        subspaces: the named subspaces that it would touch.
        rule: why it may not.
    """

    array: str
    index: tuple[int, ...]
    value: float
    component: str
    subspaces: tuple[Signal, ...]
    rule: str

    def __str__(self) -> str:
        place = ", ".join(map(str, self.index))
        return f"{self.array}[{place}] = {self.value:g}: {self.component} {self.rule}"


def audit(network: Network, weights: Weights | None = None) -> Iterator[Breach]:
    """Return every raw entry other than zero that the policy masks, array by array.

    Such entries never act: `effective_weights` leaves them out. What an edit or a training step puts there is lost.

    Args:
        network: whose policy.
        weights: raw arrays of its shapes; None takes its own.

    Raises:
        HandcraftedError: if the shapes disagree.
    """
    rules = _Rules(network)
    arrays = network.weights if weights is None else must_have_sizes(weights, network.weights.sizes).map(formed)
    for name, mask in network.masks.items():
        array = on_host(arrays[name])
        for place in places_in(elementwise(lambda raw, may: (raw != 0) & ~may, array, on_host(mask))):
            yield rules.breach(name, place, float(array[place]))


def rule_for(network: Network, array: str, index: tuple[int, ...]) -> str:
    """Say of an entry that the policy masks whose it is, and why it may not act."""
    breach = _Rules(network).breach(array, index, 0.0)
    return f"{breach.component} {breach.rule}"


class _Rules:
    """What each place of each array is for."""

    def __init__(self, network: Network):
        self.names = network.names
        self.circuits = circuits_by_component(network.layout)

    def breach(self, array: str, index: tuple[int, ...], value: float) -> Breach:
        axes = dict(zip(FIELD_AXES[array], index, strict=False))
        touched = tuple(self.names.residual[i].subspace for i, axis in zip(index, FIELD_AXES[array], strict=True)
                        if axis == "d_model")  # fmt: skip
        component, rule = (
            self._of_part(array, index, touched) if "layer" in axes else self._of_ends(array, axes, touched)
        )
        return Breach(array, index, value, component, touched, rule)

    def _of_part(self, array: str, index: tuple[int, ...], touched: tuple[Signal, ...]) -> tuple[str, str]:
        """Say it of a head, a neuron, or the biases of a layer."""
        component = component_at(array, index)
        if component is None:
            part = "attention" if array == HEAD_ARRAYS.constant else "MLP"
            return f"{part} of layer {index[0]}", f"writes {_spelled(touched)}, which no circuit there writes"
        place = self.circuits.get(component)
        if place is None:
            return str(component), "belongs to no circuit, and may neither read nor write"
        whose = f"{component} ({place.circuit})"
        if array in READING:
            allowed = _spelled(place.reads) or "nothing"
            return whose, f"reads {_spelled(touched)}; it may read {allowed}"
        return whose, f"writes {_spelled(touched)}; it may write {place.writes}"

    def _of_ends(self, array: str, axes: dict[str, int], touched: tuple[Signal, ...]) -> tuple[str, str]:
        """Say it of the embedding, the unembedding or the recurrence."""
        if array == END_ARRAYS.recurrence:
            return "recurrence", f"carries {touched[0]} to {touched[1]}; it may carry declared states and links alone"
        if array == END_ARRAYS.unembedding:
            return f"output {self.names.outputs[axes['n_out']].signal}", f"reads {_spelled(touched)}, not its own port"
        whose = f"input {self.names.inputs[axes['n_in']].signal}" if "n_in" in axes else "embedding"
        return whose, f"writes {_spelled(touched)}, not its own port"


def _spelled(signals: tuple[Signal, ...]) -> str:
    return ", ".join(map(str, signals))


MEMORY = "memory"
"""What entries of the recurrence and of the initial residual are for."""

MEMORIES = END_ARRAYS.recurrence, END_ARRAYS.initial

CALLED = EndArrays("embedding", "embedding", "initial residual", "recurrence", "unembedding", "unembedding")
WIRES = dict(zip(END_ARRAYS, CALLED, strict=True))
"""What an array outside the layers is called."""


@dataclass(frozen=True)
class Provenance:
    """What one array entry is for.

    Attributes:
        array: its array.
        index: its place there.
        value: the raw number that stands there.
        circuit: of the catalogue, or the wire that it belongs to; empty for a spare head, neuron or bias.
        owner: the component whose circuit or signal it is.
        role: of the circuit or subspace, or `input`, `output`, `memory`.
        formula: of the circuit.
        about: the signal that it writes.
        locked: the rule of the access policy that keeps it from acting; empty where it acts.
        frozen: whether it belongs to the Layer 0 controller.
    """

    array: str
    index: tuple[int, ...]
    value: float
    circuit: str
    owner: str
    role: str
    formula: str
    about: Signal | None
    locked: str
    frozen: bool

    @property
    def entry(self) -> str:
        """Its name, such as `W_in[0, 3, 5]`."""
        return entry_name(self.array, self.index)

    def __str__(self) -> str:
        whose = ", ".join(filter(None, (self.circuit or "no circuit", self.role.replace("_", " "), self.owner)))
        rules = ("frozen: Layer 0",) if self.frozen else ()
        rules += (f"locked: {self.locked}",) if self.locked else ()
        return "; ".join([f"{self.entry} = {self.value:g}: {whose}", *filter(None, (self.formula, *rules))])


class Provenances:
    """Looks up what the entries of a network are for."""

    def __init__(self, network: Network):
        self.network, self.names = network, network.names
        self.weights, self.masks = (arrays.map(on_host) for arrays in (network.weights, network.masks))
        self.circuits = circuits_by_component(network.layout)
        cut = blocks_of(network.structure, network.names, network.layout) if base_of(network.structure) else ()
        blocks = base_blocks(network.structure, cut)
        self.frozen = frozen(blocks, self.masks)

    def of(self, array: str, index: tuple[int, ...]) -> Provenance:
        """Say what an entry is for."""
        place = self._circuit(array, index)
        if place is not None:
            about, circuit, role, formula = place.writes, place.circuit, place.role, place.formula
        else:
            about, role, formula = self._signal(array, index), "", ""
            circuit = WIRES.get(array, "")
            if about is not None:
                role = MEMORY if array in MEMORIES else about.role
        locked = "" if self.masks[array][index] else rule_for(self.network, array, index)
        owner = place.owner if place else about.owner if about else ""
        value = float(self.weights[array][index])
        whole = bool(self.frozen[array][index])
        return Provenance(array, index, value, circuit, owner, role, formula, about, locked, whole)

    def _circuit(self, array: str, index: tuple[int, ...]) -> Placement | None:
        """Return the circuit of an entry; of the biases of a whole layer the one that writes the coordinate there."""
        component = component_at(array, index)
        if component is not None:
            return self.circuits.get(component)
        parts = {HEAD_ARRAYS.constant: ATTENTION, NEURON_ARRAYS.constant: MLP}
        if array not in parts:
            return None
        part, subspace = parts[array], self.names.residual[index[1]].subspace
        return next((p for p in self.network.layout if (p.layer, p.part, p.writes) == (index[0], part, subspace)), None)

    def _signal(self, array: str, index: tuple[int, ...]) -> Signal | None:
        """Return the signal of an entry outside all circuits: an input, an output, or a subspace."""
        axes = dict(zip(FIELD_AXES[array], index, strict=False))
        if "n_in" in axes:
            return self.names.inputs[axes["n_in"]].node(INPUT)
        if "n_out" in axes:
            return self.names.outputs[axes["n_out"]].node(OUTPUT)
        return None if component_at(array, index) else self.names.residual[index[-1]].subspace
