"""Finite state machine: a pair of units per transition, and the state moved by those that fire."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Annotated, ClassVar, final

import numpy as np
from pydantic import Field

from handcrafted.components.circuit import Circuit, Neurons, Site, circuit
from handcrafted.components.linear import copy, linear
from handcrafted.control.domain import Domain, Remembered, Value
from handcrafted.control.parts import Scalar
from handcrafted.control.resolved import LawInstance, Read
from handcrafted.laws.law import Example, Law, LawInput, LawOutput
from handcrafted.laws.signature import NEXT, READS, STATE, Signature, StageSignature
from handcrafted.text.letters import shown

ANY = "any"
"""In a row of transitions: whatever the read says."""

Rows = Sequence[Sequence[str]]


@final
class FiniteState(Law):
    """Goes from state to state: each transition is [state, a word per read or `any`, next state]; else it stays.

    The states are the values of the result. Two transitions that could both apply are refused.
    """

    transitions: Annotated[tuple[tuple[Scalar, ...], ...], Field(min_length=1)]

    law: ClassVar = "finite state"
    shape: ClassVar = Signature(
        (StageSignature("rows", (READS, STATE)), StageSignature(NEXT, (STATE, "rows"))), (NEXT,), (1, 8), writes="words"
    )
    example: ClassVar = Example(
        {"button": {"values": ["none", "next", "stop"]}},
        {"values": ["idle", "ready", "running"]},
        {"transitions": [["idle", "next", "ready"], ["ready", "next", "running"], ["running", "stop", "idle"]]},
    )

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The transitions in words."""
        word = lambda cell: str(cell).lower() if isinstance(cell, bool) else str(cell)
        return tuple(tuple(map(word, row)) for row in self.transitions)

    def state(self, domain: Domain, initial: Value) -> tuple[Domain, Remembered]:
        """Remember the state."""
        return domain, initial

    def problem(self, reads: Sequence[Read], domain: Domain) -> str:
        """Ask for words that exist, and for at most one transition at a time."""
        columns = [domain, *(read.domain for read in reads), domain]
        for row in self.rows:
            if len(row) != len(columns):
                return f"Expected {len(columns)} words in a transition, got {list(row)}."
            for place, (word, column) in enumerate(zip(row, columns, strict=True)):
                if word not in column.values and not (word == ANY and 0 < place < len(columns) - 1):
                    return f"Expected one of {column}, got {shown(word)} in the transition {list(row)}."
        for one, two in combinations(self.rows, 2):
            if all(a == b or ANY in (a, b) for a, b in zip(one[:-1], two[:-1], strict=True)):
                return f"Expected at most one transition at a time, got {list(one)} and {list(two)}."
        return ""

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Follow the transition that applies, or stay."""
        assert given.state is not None
        words, state = domain.values, given.state
        change = np.zeros(state.shape)
        for start, *tests, end in self.rows:
            met = state[..., words.index(start)]
            for test, value, read in zip(tests, given.now, task.reads, strict=True):
                met = met if test == ANY else met + value[..., read.domain.values.index(test)] - 1.0
            fired = np.clip(4.0 * met - 2.0, 0.0, 1.0)
            change = change + fired[..., None] * (domain.encode(end) - domain.encode(start))
        return LawOutput(state + change, state + change)

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Fire transitions, and move the state."""
        fired, moved = (
            transitions(sites[0], task.reads, task.domain, self.rows),
            moves(sites[1], task.domain, self.rows),
        )
        return [fired, moved, copy(sites[2], domain.width)]


def transitions(site: Site, reads: Sequence[Read], states: Domain, rows: Rows) -> Circuit:
    """Build a pair of units per transition, whose difference is 1 where it fires.

    A state that is a quarter off fires what it should and nothing else: a small error of it does not grow, however many
    transitions lead on from it.

    Formula: t_j = r(4 m - 2) - r(4 m - 3), m = state + sum of the words that it asks for - their number.
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
    body = Neurons(
        np.hstack([4 * into, 4 * into]),
        np.concatenate([4 * bias - 2, 4 * bias - 3]),
        np.vstack([np.eye(len(rows)), -np.eye(len(rows))]),
    )
    formula = "t_j = r(4 m - 2) - r(4 m - 3), m = state + words - their number"
    return circuit(site, "rows", body, formula, "Moore 1956", "0")


def moves(site: Site, states: Domain, rows: Rows) -> Circuit:
    """Build the next state.

    Formula: s' = s + sum of t_j (e_next - e_state).
    Source: Moore 1956.
    Error: proved bound 0 on words, regression bound 0.
    """
    change = [states.encode(end).astype(float) - states.encode(start) for start, *_, end in rows]
    return linear(site, np.hstack([np.eye(states.width), np.array(change).T]), np.zeros(states.width))
