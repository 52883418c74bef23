"""The control actions of a structure: who issues what to whom, and when it counts as issued."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handcrafted.control.domain import Domain, Value, issue_values
from handcrafted.control.graph import Signal
from handcrafted.control.parts import Bounds
from handcrafted.control.resolved import ResolvedLink
from handcrafted.control.signal_graph import network_output
from handcrafted.control.vocabulary import LinkKind
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.rules_of_processes import ISSUED
from handcrafted.safety.stpa.cells import Test

COMMANDS = (LinkKind.CONTROL_ACTION, LinkKind.REQUEST)

SAID = 0.5
"""A word is said where its coordinate is above this."""


@dataclass(frozen=True)
class Action:
    """What a controller issues under one name.

    Attributes:
        by: the controller.
        links: to each receiver.
    """

    by: str
    name: str
    links: tuple[ResolvedLink, ...]

    @property
    def domain(self) -> Domain:
        """Its values or range."""
        return self.links[0].domain

    @property
    def port(self) -> Signal:
        """The subspace in which it stands."""
        port = self.links[0].port
        assert port is not None
        return port

    @property
    def outputs(self) -> tuple[Signal, ...]:
        """The network's outputs that carry it; none where it goes to controllers alone."""
        return tuple(network_output(link.port) for link in self.links if link.port and not link.received)

    @property
    def whole(self) -> tuple[Value, Value]:
        """Its value when it is withheld, and when it is issued."""
        return issue_values(self.domain)

    def provides(self, values: np.ndarray, amount: Test | None = None) -> np.ndarray:
        """Say where it may be taken for issued: not the first word, or a number above half its range.

        What cannot be read, no word or two at once, or NaN, may be taken for either; see `withholds`.

        Args:
            values: coordinates [..., width], as they stand on the stream, or leave it.
            amount: what counts as issued instead: words, or bounds.
        """
        chosen, other = self._said(values, amount)
        return chosen | ~other

    def withholds(self, values: np.ndarray, amount: Test | None = None) -> np.ndarray:
        """Say where it may be taken for withheld; arguments as in `provides`."""
        chosen, other = self._said(values, amount)
        return other | ~chosen

    def _said(self, values: np.ndarray, amount: Test | None) -> tuple[np.ndarray, np.ndarray]:
        """Say where one of the values that count as issued stands, and where one of the others does."""
        values = np.asarray(values)
        if self.domain.discrete:
            words = amount if isinstance(amount, tuple) else self.domain.values[1:]
            counted = np.isin(self.domain.values, words)
            return np.any(values[..., counted] > SAID, axis=-1), np.any(values[..., ~counted] > SAID, axis=-1)
        number = values[..., 0]
        if isinstance(amount, Bounds):
            above = -np.inf if amount.above is None else amount.above
            below = np.inf if amount.below is None else amount.below
            return (number > above) & (number < below), (number <= above) | (number >= below)
        half = (self.domain.low + self.domain.high) / 2
        return number > half, number <= half

    def __str__(self) -> str:
        return f"{self.by}'s {self.name}"


def actions_of(structure: ControlStructure) -> tuple[Action, ...]:
    """List the control actions and requests that controllers issue, and other outputs that a rule names."""
    ruled = {(rule.by, rule.action) for rule in structure.unsafe_control_actions}
    found: dict[tuple[str, str], list[ResolvedLink]] = {}
    for link in structure.resolved.links:
        key = (link.id.sender or "", link.id.name)
        if link.sent_by_controller and (link.id.kind in COMMANDS or (link.id.kind in ISSUED and key in ruled)):
            found.setdefault(key, []).append(link)
    return tuple(Action(by, name, tuple(links)) for (by, name), links in found.items())
