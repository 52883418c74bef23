"""A model as something that can fail: its links, its circuits, what the recurrence carries, and what is base."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np

from handcrafted.control.graph import Signal, signals_by_name
from handcrafted.control.resolved import ResolvedLink
from handcrafted.control.signal_graph import network_input, network_output
from handcrafted.model.base import base_blocks, base_of, frozen
from handcrafted.model.component import ends_of
from handcrafted.model.layout import circuits_by_component
from handcrafted.model.transformer import Transformer
from handcrafted.model.weights import Weights

ALL = "all"
"""In a fault list: every place, value or step."""


class FaultTarget:
    """What the places of a model are found by."""

    def __init__(self, model: Transformer):
        self.model, self.names = model, model.names
        self.links = model.structure.resolved.links
        self.base = base_of(model.structure)
        self.circuits = circuits_by_component(model.layout)
        self.weights = model.effective_weights.numpy()

    @cached_property
    def frozen(self) -> Weights:
        """The entries that belong to the Layer 0 controller."""
        blocks = base_blocks(self.model.structure, self.model.blocks) if self.base else ()
        return frozen(blocks, self.model.masks)

    @cached_property
    def arriving(self) -> set[Signal]:
        """The ports of inputs that the Layer 0 controller reads."""
        return {link.port for link in self.links if link.port and link.id.receiver == self.base and self.base}

    @cached_property
    def carried(self) -> list[Signal]:
        """What the recurrence carries."""
        return [
            signal for signal, at in self.names.subspaces.items() if np.any(ends_of(self.weights).recurrence[:, at])
        ]

    def through(self, signal: Signal) -> tuple[ResolvedLink, ...]:
        """Return the links that a signal carries: as a port, as what is received, or at the ends of the network."""
        ends = lambda link: (link.port, link.received, *map(_end, (link.port,) * 2, (network_input, network_output)))
        return tuple(link for link in self.links if signal in ends(link))

    def link(self, name: str) -> ResolvedLink:
        """Return the link that is written so."""
        return next(link for link in self.links if str(link.id) == name)

    def called(self, signals: Iterable[Signal], short: bool = False) -> Mapping[str, Signal]:
        """Name signals, each by its own name, and where `short` by its owner's too; no name means two things."""
        return signals_by_name(signals, short=short, taken=(ALL, *map(str, self.circuits)))


def _end(port: Signal | None, end) -> Signal | None:
    return end(port) if port else None
