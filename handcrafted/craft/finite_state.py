"""A finite state machine: a unit per transition, and the state moved by those that fire."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.resolved import Read
from handcrafted.control.settings.choosing import ANY
from handcrafted.craft.circuit import Circuit, Neurons, Site, circuit
from handcrafted.craft.linear import linear

Rows = Sequence[Sequence[str]]


def transitions(site: Site, reads: Sequence[Read], states: Domain, rows: Rows) -> Circuit:
    """Build a unit per transition, 1 where it fires.

    Formula: t_j = r(state + sum of the words that it asks for - their number).
    Source: Moore 1956 (machines), McCulloch & Pitts 1943 (conjunctions).
    Error: proved bound 0 on words, regression bound 0.
    """
    starts = np.cumsum([0, *(read.domain.width for read in reads)])
    into, bias = np.zeros((starts[-1] + states.width, len(rows))), np.zeros(len(rows))
    for j, (start, *tests, _) in enumerate(rows):
        into[starts[-1] + states.values.index(start), j] = 1.0
        for test, read, at in zip(tests, reads, starts, strict=False):
            if test != ANY:
                into[at + read.domain.values.index(test), j] = 1.0
                bias[j] -= 1.0
    body = Neurons(into, bias, np.eye(len(rows)))
    return circuit(site, "rows", body, "t_j = r(state + words - their number)", "Moore 1956", "0")


def moved(site: Site, states: Domain, rows: Rows) -> Circuit:
    """Build the next state.

    Formula: s' = s + sum of t_j (e_next - e_state).
    Source: Moore 1956.
    Error: proved bound 0 on words, regression bound 0.
    """
    change = [states.encode(end).astype(float) - states.encode(start) for start, *_, end in rows]
    return linear(site, np.hstack([np.eye(states.width), np.array(change).T]), np.zeros(states.width))
