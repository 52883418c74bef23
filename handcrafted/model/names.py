"""The names of a model's coordinates: residual stream, inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import INPUT, OUTPUT, Signal
from handcrafted.control.resolved import Resolved
from handcrafted.text.diagnostics import HandcraftedError, must_be
from handcrafted.text.letters import listed


class Coordinate(NamedTuple):
    """One coordinate of the residual stream. It names the owner and never a receiver."""

    owner: str
    role: str
    signal: str
    index: int  # pyright: ignore[reportIncompatibleMethodOverride]  # tuple.index is never meant here

    @property
    def subspace(self) -> Signal:
        """The subspace that the coordinate belongs to."""
        return Signal(self.owner, self.role, self.signal)


class Port(NamedTuple):
    """One number that enters or leaves the network; a discrete signal has one per value."""

    owner: str
    signal: str
    index: int  # pyright: ignore[reportIncompatibleMethodOverride]  # tuple.index is never meant here
    domain: Domain

    def node(self, place: str) -> Signal:
        """The signal that the port belongs to, as an input or output of the network."""
        return Signal(self.owner, place, self.signal)


def group(signals: Sequence[Signal]) -> dict[Signal, np.ndarray]:
    """Return the positions of each signal, in order of first appearance."""
    found: dict[Signal, list[int]] = {}
    for position, signal in enumerate(signals):
        found.setdefault(signal, []).append(position)
    return {signal: np.array(positions) for signal, positions in found.items()}


def must_name(names: Names, sizes: Mapping[str, int]) -> Mapping[str, int]:
    """Check that names are those of arrays of some sizes, and give the sizes back.

    Raises:
        HandcraftedError: if they are not.
    """
    must_be(names, Names, "names, such as `model.names`")
    for axis, given in (("d_model", names.residual), ("n_in", names.inputs), ("n_out", names.outputs)):
        if sizes[axis] != len(given):
            raise HandcraftedError(
                f"Expected names for {axis} = {sizes[axis]} coordinates, got {len(given)}. Give this model's names."
            )
    return sizes


@dataclass(frozen=True)
class Names:
    """The names of all coordinates of a model.

    Attributes:
        residual: one coordinate per residual dimension; an owner, role and signal that recur form a subspace.
        inputs: one port per row of `W_E`, with the domain from which contrasts are drawn.
        outputs: one port per column of `W_U`.
        domains: what each residual subspace may be, where that is declared; contrasts are drawn from it, and floors
            are shares of its size.

    Example:
        >>> model = hc.assemble(hc.load(find("heated room")))
        >>> model.names.residual[0].signal, model.names.inputs[0].domain.unit
        ('temperature', 'degC')
    """

    residual: tuple[Coordinate, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    domains: tuple[tuple[Signal, Domain], ...] = ()

    @cached_property
    def subspaces(self) -> dict[Signal, np.ndarray]:
        """The positions of each named subspace in the residual stream."""
        return group([coordinate.subspace for coordinate in self.residual])

    @cached_property
    def input_signals(self) -> dict[Signal, np.ndarray]:
        """The rows of `W_E` of each input signal."""
        return group([port.node(INPUT) for port in self.inputs])

    @cached_property
    def output_signals(self) -> dict[Signal, np.ndarray]:
        """The columns of `W_U` of each output signal."""
        return group([port.node(OUTPUT) for port in self.outputs])

    @cached_property
    def _ports(self) -> dict[Signal, Domain]:
        """The domain of each input and output signal."""
        sides = ((INPUT, self.inputs), (OUTPUT, self.outputs))
        return {port.node(side): port.domain for side, ports in sides for port in reversed(ports)}

    def domain(self, signal: Signal) -> Domain:
        """Return the domain of an input or output signal; for that of a subspace see `declared`.

        Raises:
            HandcraftedError: if there is none of that name.
        """
        must_be(signal, Signal, "a Signal")
        if signal in self._ports:
            return self._ports[signal]
        known = listed(map(str, [*self.input_signals, *self.output_signals]), separator="; ")
        raise HandcraftedError(f"Expected an input or output of the network, got {signal}. Use one of: {known}.")

    @cached_property
    def declared(self) -> dict[Signal, Domain]:
        """The domains of those subspaces that have one, and have as many coordinates as it has."""
        spaces = self.subspaces
        return {signal: one for signal, one in self.domains if len(spaces.get(signal, ())) == one.width}

    def declaring(self, resolved: Resolved) -> Names:
        """Return the names with the domains that a structure declares, which its parameters move."""
        spaces, declared = self.subspaces, resolved.declared
        return replace(self, domains=tuple((signal, one) for signal, (one, _) in declared.items() if signal in spaces))

    def same_places(self, other: Names) -> bool:
        """Whether others name the same coordinates, inputs and outputs, whatever the domains of subspaces."""
        return replace(self, domains=()) == replace(other, domains=())

    def find(self, signal: Signal) -> np.ndarray:
        """Return the positions of a subspace.

        Raises:
            HandcraftedError: if no subspace has that name.
        """
        must_be(signal, Signal, "a Signal")
        if signal not in self.subspaces:
            known = listed(map(str, self.subspaces), separator="; ")
            raise HandcraftedError(f"Expected a named subspace, got {signal}. Use one of: {known}.")
        return self.subspaces[signal]

    def opaque(self) -> tuple[Names, dict[Signal, Signal]]:
        """Return the same grouping under meaningless subspace names `s0, s1, …`, and the renaming that was used."""
        renaming = {signal: Signal(f"s{i}", "s", f"s{i}") for i, signal in enumerate(self.subspaces)}
        residual = tuple(Coordinate(*renaming[c.subspace], c.index) for c in self.residual)
        domains = tuple((renaming.get(signal, signal), domain) for signal, domain in self.domains)
        return replace(self, residual=residual, domains=domains), renaming

    def permuted(self, order: Sequence[int]) -> Names:
        """Return the names with the residual coordinates' names in another order: a wrong answer key."""
        return replace(self, residual=tuple(self.residual[i] for i in order))
