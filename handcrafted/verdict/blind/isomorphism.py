"""Whether a network is the intended one under some order of its coordinates, and the nearest one if not."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
from scipy import sparse

from handcrafted.readout.blind.flow import Flow, Flows

Arrow = tuple[int, int, Hashable]
"""Source, target and colour."""


@dataclass(frozen=True)
class Coloured:
    """A directed graph whose nodes and arrows have colours; between two nodes there may be several arrows.

    Attributes:
        nodes: the colour of each node.
        arrows: (source, target, colour) by number.
    """

    nodes: tuple[Hashable, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True)
class Parting:
    """Where two graphs stop being the same.

    Attributes:
        rounds: after how many rounds of refinement they can be told apart.
        only: numbers of nodes of the first, and of the second, of a kind of which the other has fewer.
    """

    rounds: int
    only: tuple[tuple[int, ...], tuple[int, ...]]


def isomorphism(one: Coloured, other: Coloured) -> list[int] | Parting:
    """Map each node of one graph to a node of the other so that all colours and arrows agree, or prove that none does.

    Formula: colour refinement until nothing splits any more; arrows from all of one kind to all of another say no more
        and go; what still hangs together is mapped piece by piece, by canonical labelling.
    Source: Weisfeiler & Leman 1968 (refinement); Junttila & Kaski 2007, Engineering an efficient canonical labeling
        tool for large and sparse graphs (BLISS, in igraph).
    """
    (first, second), parting = _refined([one, other])
    if parting:
        return parting
    mapping = [-1] * len(one.nodes)
    free = defaultdict(list)
    for piece in _pieces(other, second):
        free[piece.signature].append(piece)
    for piece in _pieces(one, first):
        for i, candidate in enumerate(free[piece.signature]):
            if there := piece.onto(candidate):
                del free[piece.signature][i]
                for node, image in there.items():
                    mapping[node] = image
                break
        else:
            return Parting(-1, (piece.nodes, ()))
    moved = Counter((mapping[u], mapping[v], colour) for u, v, colour in one.arrows)
    assert moved == Counter(other.arrows), "a mapping that agrees piece by piece agrees"
    return mapping


def automorphisms(graph: Coloured) -> int:
    """Count the ways in which a graph can be mapped onto itself: each piece onto itself and onto its likes."""
    (colours,), _ = _refined([graph])
    kinds: list[list[_Piece]] = []
    for piece in _pieces(graph, colours):
        alike = next((kind for kind in kinds if kind[0].signature == piece.signature and piece.onto(kind[0])), None)
        if alike is None:
            kinds.append([piece])
        else:
            alike.append(piece)
    return math.prod(kind[0].symmetries() ** len(kind) * math.factorial(len(kind)) for kind in kinds)


class _Piece:
    """Nodes that hang together, as a graph without directions: two nodes stand for each arrow, a tail and a head."""

    def __init__(self, nodes: Sequence[int], arrows: Sequence[tuple[int, int, int]], colours: Sequence[int]):
        import igraph

        self.nodes = tuple(nodes)
        self.palette: list[int] = [colours[node] for node in nodes]
        at = {node: place for place, node in enumerate(nodes)}
        edges = []
        for u, v, colour in arrows:
            tail = len(self.palette)
            self.palette += [-2 * colour - 1, -2 * colour - 2]
            edges += [(at[u], tail), (tail, tail + 1), (tail + 1, at[v])]
        self.graph = igraph.Graph(n=len(self.palette), edges=edges)
        self.signature = (len(edges), *sorted(self.palette))

    def onto(self, other: _Piece) -> dict[int, int]:
        """Map its nodes to those of another piece; empty where that cannot be."""
        names = {colour: i for i, colour in enumerate(sorted({*self.palette, *other.palette}))}
        mine, theirs = ([names[colour] for colour in piece.palette] for piece in (self, other))
        same, there, _ = self.graph.isomorphic_bliss(other.graph, return_mapping_12=True, color1=mine, color2=theirs)
        return {node: other.nodes[there[i]] for i, node in enumerate(self.nodes)} if same else {}

    def symmetries(self) -> int:
        """Count the mappings onto itself."""
        names = {colour: i for i, colour in enumerate(sorted(set(self.palette)))}
        return int(self.graph.count_automorphisms(color=[names[colour] for colour in self.palette]))


def _pieces(graph: Coloured, colours: Sequence[int]) -> list[_Piece]:
    """Cut a graph at arrows that lead from all of a kind to all of another: any mapping of kinds keeps them."""
    sizes = Counter(colours)
    kind = lambda arrow: (colours[arrow[0]], colours[arrow[1]], arrow[2])
    counts = Counter(map(kind, graph.arrows))
    left = [arrow for arrow in graph.arrows if counts[kind(arrow)] < sizes[kind(arrow)[0]] * sizes[kind(arrow)[1]]]
    paint = {colour: i for i, colour in enumerate(sorted({colour for *_, colour in left}, key=repr))}
    together = nx.Graph()
    together.add_nodes_from(range(len(graph.nodes)))
    together.add_edges_from((u, v) for u, v, _ in left)
    groups = [sorted(found) for found in nx.connected_components(together)]
    number = {node: i for i, group in enumerate(groups) for node in group}
    inside: list[list] = [[] for _ in groups]
    for u, v, colour in left:
        inside[number[u]].append((u, v, paint[colour]))
    return [_Piece(group, arrows, colours) for group, arrows in zip(groups, inside, strict=True)]


def _refined(graphs: Sequence[Coloured]) -> tuple[list[list[int]], Parting | None]:
    """Split nodes by what arrives from and leaves to which kinds, until nothing splits; stop where graphs part."""
    shared: dict[Hashable, int] = {}
    numbered = lambda keys: [shared.setdefault(key, len(shared)) for key in keys]
    colours = [numbered(("own", colour) for colour in graph.nodes) for graph in graphs]
    rounds, kinds = 0, 0
    while True:
        if parting := _parted(colours, rounds):
            return colours, parting
        if len({colour for own in colours for colour in own}) == kinds:
            return colours, None
        kinds = len({colour for own in colours for colour in own})
        colours = [numbered(_around(graph, own)) for graph, own in zip(graphs, colours, strict=True)]
        rounds += 1


def _around(graph: Coloured, colours: Sequence[int]) -> list[Hashable]:
    around: list[Counter] = [Counter() for _ in colours]
    for u, v, colour in graph.arrows:
        around[u]["to", colour, colours[v]] += 1
        around[v]["from", colour, colours[u]] += 1
    return [(own, frozenset(near.items())) for own, near in zip(colours, around, strict=True)]


def _parted(colours: Sequence[Sequence[int]], rounds: int) -> Parting | None:
    if len(colours) < 2 or Counter(colours[0]) == Counter(colours[1]):
        return None
    counts = [Counter(own) for own in colours]
    more = [
        tuple(node for node, colour in enumerate(colours[i]) if counts[i][colour] > counts[1 - i][colour])
        for i in range(2)
    ]
    return Parting(rounds, (more[0], more[1]))


DEPTH = 5
"""How far around a unit is looked at, with the flow and against it."""

TURNS = 20

ANCHOR = 1e3
"""What agreement in name and kind outweighs."""


def nearest(one: Flows, other: Flows) -> list[int]:
    """Map each unit to one of the other graph, or to -1, so that as many arrows as can be found agree.

    Formula: units agree by how far their surroundings are the same, upstream and downstream apart, so that a fault
        spoils one side alone; then units vote for those whose neighbours are mapped to their neighbours, as linear
        assignments in turn.
    Source: Weisfeiler & Leman 1968 (refinement); Kuhn 1955 (assignment); Vogelstein et al. 2015, Fast approximate
        quadratic programming for graph matching (assignments in turn).
    Error: a heuristic; that few arrows disagree shows that it is close, and nothing proves that none is closer.
    """
    from scipy.optimize import linear_sum_assignment

    alike = _agreement(one, other)
    both = (*one.arrows, *other.arrows)
    kinds = sorted({colour for arrow in both for colour in (arrow.colour, (arrow.kind, arrow.lag, None))}, key=repr)
    mine, theirs = ([_matrix(flows, kind) for kind in kinds] for flows in (one, other))
    busy = 1.0 + _degrees(mine)[:, None] + _degrees(theirs)[None]
    best, most, votes = [-1] * len(one.units), -1.0, np.zeros(alike.shape)
    for _ in range(TURNS):
        rows, columns = linear_sum_assignment(alike + 2 * DEPTH * votes / busy, maximize=True)
        chosen = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=alike.shape)
        agreed_by = (a @ chosen @ b.T + a.T @ chosen @ b for a, b in zip(mine, theirs, strict=True))
        votes = sum(agreed_by, sparse.csr_array(alike.shape)).toarray()
        agreed = float(votes[rows, columns].sum())
        if agreed <= most:
            break
        fits = alike[rows, columns] > -ANCHOR / 2
        best = [-1] * len(one.units)
        for row, column in zip(rows[fits].tolist(), columns[fits].tolist(), strict=True):
            best[row] = column
        most = agreed
    return best


def _degrees(matrices: Sequence[sparse.csr_array]) -> np.ndarray:
    return np.sum([np.asarray(m.sum(axis=0)) + np.asarray(m.sum(axis=1)) for m in matrices], axis=0)


def _matrix(flows: Flows, colour: tuple) -> sparse.csr_array:
    """Mark the pairs with an arrow of a colour; a sign of None stands for any."""
    fits = lambda arrow: arrow.colour == colour or (arrow.kind, arrow.lag, None) == colour
    pairs = sorted({(arrow.source, arrow.target) for arrow in flows.arrows if fits(arrow)})
    at = np.array(pairs, int).reshape(-1, 2).T
    return sparse.csr_array((np.ones(len(pairs)), (at[0], at[1])), shape=(len(flows.units),) * 2)


def _agreement(one: Flows, other: Flows) -> np.ndarray:
    """Count over depths and directions where the surroundings of two units are the same; signs count apart."""
    total = np.zeros((len(one.units), len(other.units)))
    bare = [[_kind(colour) for colour in flows.colours] for flows in (one, other)]
    total += np.where(np.equal.outer(*_numbered(*bare)), 0.0, -ANCHOR)
    for signed in (True, False):
        for downstream in (True, False):
            colours = [list(flows.colours) for flows in (one, other)]
            for _ in range(DEPTH):
                numbers = _numbered(*colours)
                total += np.equal.outer(*numbers)
                colours = [
                    list(_vicinity(flows.arrows, own.tolist(), signed, downstream))
                    for flows, own in zip((one, other), numbers, strict=True)
                ]
    return total


def _kind(colour: tuple) -> tuple:
    """Return what must agree: inputs and outputs their names, heads and neurons what they are."""
    return colour if colour[0] in ("input", "output") else colour[:1]


def _numbered(one: Iterable[Hashable], other: Iterable[Hashable]) -> tuple[np.ndarray, np.ndarray]:
    shared: dict[Hashable, int] = {}
    first, second = (np.array([shared.setdefault(key, len(shared)) for key in keys]) for keys in (one, other))
    return first, second


def _vicinity(arrows: Sequence[Flow], colours: Sequence[int], signed: bool, downstream: bool) -> Iterable[Hashable]:
    near: list[list] = [[] for _ in colours]
    for arrow in arrows:
        here, there = (arrow.source, arrow.target) if downstream else (arrow.target, arrow.source)
        near[here].append((arrow.kind, arrow.lag, arrow.sign if signed else 0, colours[there]))
    return ((own, tuple(sorted(found))) for own, found in zip(colours, near, strict=True))
