"""The chain of command as the weights show it: who tells whom within a step, held against the intended levels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import networkx as nx

from handcrafted.control.resolved import Resolved
from handcrafted.control.vocabulary import LinkKind
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.readout.recover import Recovered

Pair = tuple[str, str]
"""A superior and a subordinate."""


@dataclass(frozen=True)
class ChainOfCommand:
    """What the recovered lag-0 links between controllers, requests aside, say about authority.

    Attributes:
        name: of the structure.
        agreeing: pairs whose link runs from the higher to the lower intended authority.
        against: pairs whose link runs the other way, or between equals.
        undetermined: pairs of different intended authority whose order no such links show, directly or in steps.
    """

    name: str
    agreeing: tuple[Pair, ...]
    against: tuple[Pair, ...]
    undetermined: tuple[Pair, ...]

    @property
    def holds(self) -> bool:
        """Whether no link runs against the intended levels."""
        return not self.against

    def remarks(self) -> list[str]:
        """Say, in a line each, what runs against the levels and what is left open."""
        open = "this is left undetermined: no link within a step leads from one to the other"
        return [
            *(f"{one} commands {other} within a step, AGAINST the intended levels" for one, other in self.against),
            *(f"{one} is to stand above {other}; {open}" for one, other in self.undetermined),
        ]

    def __str__(self) -> str:
        agreeing = [f"{one} commands {other} within a step" for one, other in self.agreeing]
        return "\n".join(f"{self.name}: {line}" for line in (*agreeing, *self.remarks()))


def chain_of_command(structure: ControlStructure, recovered: Recovered) -> ChainOfCommand:
    """Hold the order that the recovered links show against the intended levels.

    Which links are requests is taken from the structure, for no weight says what a signal is called.
    """
    levels = {name: structure.components[name].level for name in structure.resolved.controllers}
    pairs = list(dict.fromkeys(_commands(structure.resolved, recovered)))
    agreeing = [pair for pair in pairs if levels[pair[0]] < levels[pair[1]]]
    graph = nx.DiGraph(pairs)
    graph.add_nodes_from(levels)
    order = {(one, other) for one in levels for other in nx.descendants(graph, one)}
    wanted = [
        (one, other) if levels[one] < levels[other] else (other, one)
        for one, other in combinations(levels, 2)
        if levels[one] != levels[other]
    ]
    return ChainOfCommand(
        structure.name,
        tuple(agreeing),
        tuple(pair for pair in pairs if pair not in agreeing),
        tuple(pair for pair in wanted if pair not in order and pair[::-1] not in order),
    )


def _commands(resolved: Resolved, recovered: Recovered) -> Iterator[Pair]:
    """Give the ends of each recovered link within a step between controllers that is no request."""
    carried = {edge.target for edge in recovered.wired.edges if edge.lag}
    asked = {(link.port, link.received) for link in resolved.links if link.id.kind == LinkKind.REQUEST}
    for edge in recovered.wired.edges:
        one, other = edge.source.owner, edge.target.owner
        between = one != other and one in resolved.controllers and other in resolved.controllers
        if between and edge.lag == 0 and edge.source not in carried and (edge.source, edge.target) not in asked:
            yield one, other
