"""What one array entry is for: whose it is, which circuit put it there, by which formula, and who may change it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handcrafted.control.graph import INPUT, OUTPUT, Signal
from handcrafted.model.audit import rule_for
from handcrafted.model.blocks import blocks_of
from handcrafted.model.entry import entry_name
from handcrafted.model.layer_0 import base_blocks, base_of, frozen
from handcrafted.model.layout import Placement, circuits_by_component, component_at
from handcrafted.model.network import Network
from handcrafted.model.weights import FIELD_AXES

MEMORY = "memory"
"""What entries of the recurrence and of the initial residual are for."""

WIRES = {
    "W_E": "embedding",
    "b_E": "embedding",
    "W_U": "unembedding",
    "b_U": "unembedding",
    "W_R": "recurrence",
    "r_0": "initial residual",
}
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
        self.weights, self.masks = (arrays.map(np.asarray) for arrays in (network.weights, network.masks))
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
                role = MEMORY if array in ("W_R", "r_0") else about.role
        locked = "" if self.masks[array][index] else rule_for(self.network, array, index)
        owner = place.owner if place else about.owner if about else ""
        value = float(self.weights[array][index])
        whole = bool(self.frozen[array][index])
        return Provenance(array, index, value, circuit, owner, role, formula, about, locked, whole)

    def _circuit(self, array: str, index: tuple[int, ...]) -> Placement | None:
        """Give the circuit of an entry; of the biases of a whole layer the one that writes the coordinate there."""
        component = component_at(array, index)
        if component is not None:
            return self.circuits.get(component)
        if array not in ("b_O", "b_out"):
            return None
        part, subspace = "attention" if array == "b_O" else "mlp", self.names.residual[index[1]].subspace
        return next((p for p in self.network.layout if (p.layer, p.part, p.writes) == (index[0], part, subspace)), None)

    def _signal(self, array: str, index: tuple[int, ...]) -> Signal | None:
        """Give the signal of an entry outside all circuits: an input, an output, or a subspace."""
        axes = dict(zip(FIELD_AXES[array], index, strict=False))
        if "n_in" in axes:
            return self.names.inputs[axes["n_in"]].node(INPUT)
        if "n_out" in axes:
            return self.names.outputs[axes["n_out"]].node(OUTPUT)
        return None if component_at(array, index) else self.names.residual[index[-1]].subspace
