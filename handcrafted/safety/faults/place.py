"""Where something can fail: every place of a model by kind and name, whose it is, and which links run through it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from handcrafted.control.graph import Signal, signals_by_name
from handcrafted.control.resolved import ResolvedLink
from handcrafted.control.signal_graph import network_input, network_output
from handcrafted.loading.faultlist import ALL
from handcrafted.model.component import HEAD
from handcrafted.model.entry import entry_name, places_in
from handcrafted.model.layer_0 import base_blocks, base_of, frozen
from handcrafted.model.layout import Placement, circuits_by_component, component_at
from handcrafted.model.transformer import Transformer
from handcrafted.model.weights import FIELD_AXES, Weights

INPUT, OUTPUT, MEMORY = "input", "output", "memory"
"""What an array entry outside all circuits is for."""


@dataclass(frozen=True)
class Place:
    """One place that can fail.

    Attributes:
        kind: as in a fault list, `weight`, `sensor` and so on.
        name: of the place, such as `W_in[0, 3, 5]`, `L0N1` or a signal's.
        owner: the component that it belongs to; empty for the network as a whole.
        about: the signal that it makes, carries or remembers.
        role: of the circuit that it belongs to, or what else it is for; empty outside the network.
        links: the links that run through it.
        base: whether it belongs to the Layer 0 controller.
    """

    kind: str
    name: str
    owner: str = ""
    about: str = ""
    role: str = ""
    links: tuple[ResolvedLink, ...] = ()
    base: bool = False

    def __str__(self) -> str:
        return "the network" if self.kind == "network" else f"{self.kind} {self.name}"

    @property
    def component(self) -> str:
        """What a heatmap calls it: whose it is, and what it is about."""
        return ", ".join(filter(None, (self.owner, self.about))) or self.name


class Places:
    """All places of a model."""

    def __init__(self, model: Transformer):
        self.model, self.names = model, model.names
        self.links = model.structure.resolved.links
        self.base = base_of(model.structure)
        self.circuits = circuits_by_component(model.layout)
        self.found: dict[str, dict[str, Place]] = {}

    def of(self, kind: str) -> Mapping[str, Place]:
        """List the places of a kind by name."""
        if kind not in self.found:
            listed = getattr(self, f"_{kind}")()
            self.found[kind] = {place.name: place for place in listed}
        return self.found[kind]

    def signals(self, kind: str) -> dict[str, Signal]:
        """Give the signals that places of a kind are named after; each by its name, and by its owner's too."""
        listed = {
            "sensor": self.names.input_signals,
            "actuator": self.names.output_signals,
            "recurrence": self._carried(),
            "activation": self.names.subspaces,
        }[kind]
        return signals_by_name(listed, taken=self._taken)

    @cached_property
    def _taken(self) -> tuple[str, ...]:
        """What a signal's name would not mean: everything, or a head or neuron."""
        return ALL, *map(str, self.circuits)

    def link(self, name: str) -> ResolvedLink:
        """Give the link of a place."""
        (link,) = self.of("link")[name].links
        return link

    def entry(self, array: str, index: tuple[int, ...]) -> Place:
        """Give the place of an array entry, whether anything stands there or not."""
        axes = dict(zip(FIELD_AXES[array], index, strict=False))
        name = entry_name(array, index)
        base = bool(self._frozen[array][index])
        if component := component_at(array, index):
            return self._of_circuit("weight", name, self.circuits.get(component), base)
        if "n_in" in axes:
            signal = list(self.names.inputs)[axes["n_in"]].node(INPUT)
            return Place("weight", name, signal.owner, signal.name, INPUT, self._through(signal), base)
        if "n_out" in axes:
            signal = list(self.names.outputs)[axes["n_out"]].node(OUTPUT)
            return Place("weight", name, signal.owner, signal.name, OUTPUT, self._through(signal), base)
        subspace = self.names.residual[index[-1]].subspace
        role = MEMORY if array in ("W_R", "r_0") else subspace.role
        return Place("weight", name, subspace.owner, subspace.name, role, self._through(subspace), base)

    def _called(self, signals: Iterable[Signal]) -> dict[str, Signal]:
        return signals_by_name(signals, short=False, taken=self._taken)

    def _weight(self) -> Iterator[Place]:
        for array, values in self.model.effective_weights.items():
            for index in places_in(values):
                yield self.entry(array, index)

    @cached_property
    def _frozen(self) -> Weights:
        """The entries that belong to the Layer 0 controller."""
        blocks = base_blocks(self.model.structure, self.model.blocks) if self.base else ()
        return frozen(blocks, self.model.masks)

    def _activation(self) -> Iterator[Place]:
        for component, circuit in self.circuits.items():
            yield self._of_circuit("activation", str(component), circuit, circuit.owner == self.base)
        for name, signal in self._called(self.names.subspaces).items():
            base = signal.owner == self.base or signal in self._arriving()
            yield Place("activation", name, signal.owner, signal.name, signal.role, self._through(signal), base)

    def _arriving(self) -> set[Signal]:
        """Give the ports of inputs that the Layer 0 controller reads."""
        return {link.port for link in self.links if link.port and link.id.receiver == self.base and self.base}

    def _link(self) -> Iterator[Place]:
        for link in self.links:
            if link.received:
                receiver = link.received.owner
                yield Place("link", str(link.id), receiver, link.id.name, "feedback", (link,), receiver == self.base)

    def _history(self) -> Iterator[Place]:
        for component, circuit in self.circuits.items():
            if component.kind == HEAD:
                for part in ("keys", "values"):
                    yield self._of_circuit("history", f"{component} {part}", circuit, circuit.owner == self.base)

    def _recurrence(self) -> Iterator[Place]:
        for name, signal in self._called(self._carried()).items():
            base = signal.owner == self.base
            yield Place("recurrence", name, signal.owner, signal.name, MEMORY, self._through(signal), base)

    def _sensor(self) -> Iterator[Place]:
        for name, signal in self._called(self.names.input_signals).items():
            yield Place("sensor", name, signal.owner, signal.name, "", self._through(signal))

    def _actuator(self) -> Iterator[Place]:
        for name, signal in self._called(self.names.output_signals).items():
            yield Place("actuator", name, signal.owner, signal.name, "", self._through(signal))

    def _process(self) -> Iterator[Place]:
        for name, component in self.model.structure.components.items():
            if component.dynamics is not None:
                yield Place("process", name, name)

    def _network(self) -> Iterator[Place]:
        yield Place("network", "all", about="the whole network")

    def _of_circuit(self, kind: str, name: str, circuit: Placement | None, base: bool) -> Place:
        if circuit is None:
            return Place(kind, name, "", "nothing", "unused")
        about = circuit.writes
        return Place(kind, name, circuit.owner, about.name, circuit.role, self._through(about), base)

    def _through(self, signal: Signal) -> tuple[ResolvedLink, ...]:
        """Give the links that a signal carries: as a port, as what is received, or at the ends of the network."""
        ends = lambda link: (link.port, link.received, *map(_end, (link.port,) * 2, (network_input, network_output)))
        return tuple(link for link in self.links if signal in ends(link))

    def _carried(self) -> list[Signal]:
        w_r = np.asarray(self.model.effective_weights.W_R)
        return [signal for signal, at in self.names.subspaces.items() if np.any(w_r[:, at])]


def _end(port: Signal | None, end) -> Signal | None:
    return end(port) if port else None
