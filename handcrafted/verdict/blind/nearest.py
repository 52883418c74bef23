"""The closest mapping between two graphs of flows where there is no isomorphism: what a fault is named by."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from scipy import sparse

from handcrafted.readout.blind.flow import Flow, Flows

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
    """Give what must agree: inputs and outputs their names, heads and neurons what they are."""
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
