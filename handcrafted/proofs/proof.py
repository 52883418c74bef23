"""Prove that something never happens in a closed loop, refute it by a run, or say where the proof stops."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.transformer import Transformer
from handcrafted.proofs import check
from handcrafted.proofs.claim import SafetyClaim
from handcrafted.proofs.exact import arrays_of
from handcrafted.proofs.refute import RefutingRun, sampled
from handcrafted.proofs.search import Unproved
from handcrafted.proofs.statement import Intervals, Statement
from handcrafted.rollout.trace import Trace
from handcrafted.text.report import Report, Reported

PROVED, REFUTED, UNKNOWN = "proved", "refuted", "unknown"

MAX_SHOWN = 24
"""Cells that a report shows."""


@dataclass(frozen=True, repr=False)
class Proof(Reported):
    """What became of a claim.

    Attributes:
        model: whose loop it is about.
        claim: what is never to happen.
        verdict: `proved`, `refuted` or `unknown`.
        any_subordinate: whether weights outside Layer 0 may be anything.
        start, disturbance: what was given in place of what the file says.
        assume: what was assumed of words from outside, beside what the file assumes.
        statement: what was proved, or was to be; None where there are no words for it yet.
        certificate: the cells, as a file; None unless it is proved.
        tried: how many steps, from parts of cells, the checker worked out.
        unproved: where the proof stops.
        counterexample: a run in which it happens.
        margin: what was asked for: the widest disturbances by process, or starts by state, that are proved.

    Example:
        >>> proof = hc.prove(hc.assemble(hc.load(find("heated room"))), "H-1")
        >>> proof.verdict, proof.cells[0]["room.temperature"]
        ('proved', (15.0, 40.0))
    """

    model: Transformer
    claim: SafetyClaim
    verdict: str
    any_subordinate: bool = False
    start: Intervals = field(default_factory=dict)
    disturbance: Intervals = field(default_factory=dict)
    assume: Mapping[str, Any] = field(default_factory=dict)
    statement: Statement | None = None
    certificate: bytes | None = None
    tried: int = 0
    unproved: Unproved | None = None
    counterexample: RefutingRun | None = None
    margin: Mapping[str, tuple[float, float]] | None = None

    @property
    def structure(self) -> ControlStructure:
        """The structure of the loop."""
        return self.model.structure

    @property
    def proved(self) -> bool:
        """Whether it is."""
        return self.verdict == PROVED

    @property
    def cells(self) -> list[dict[str, tuple[float, float]]]:
        """What the loop can be in: an interval for each state and for each number that the network carries."""
        if self.certificate is None:
            return []
        said = json.loads(self.certificate)
        pairs = [(float(Fraction(low)), float(Fraction(high))) for low, high in said["intervals"]]
        return [dict(zip(said["order"], (pairs[k] for k in cell), strict=True)) for cell in said["cells"]]

    def reach(self, state: str, other: str) -> dict[tuple[float, float], tuple[float, float]]:
        """Return where a state can be, for each interval of another one, whatever else is."""
        found: dict[tuple[float, float], tuple[float, float]] = {}
        for cell in self.cells:
            low, high = found.get(cell[other], cell[state])
            found[cell[other]] = min(low, cell[state][0]), max(high, cell[state][1])
        return dict(sorted(found.items()))

    def covers(self, model: Transformer) -> bool:
        """Whether it is about the arrays that a model runs now, and not about those before an edit."""
        return self.proved and self.statement is not None and arrays_of(model) == self.statement.arrays

    @cached_property
    def runs(self) -> Trace:
        """Runs of the loop, for pictures: the one that refutes the claim, or some from anywhere in the cells."""
        if self.counterexample is not None:
            return self.counterexample.trace
        return sampled(self.model, self.start or self._measurable(self.widest_start), self.disturbance)

    @cached_property
    def wider_runs(self) -> Trace | None:
        """Runs within the margin that is proved; None where none was asked for."""
        if not self.margin:
            return None
        disturbed = all(name in self.structure.components for name in self.margin)
        start, disturbance = (self.start, self.margin) if disturbed else (self.margin, self.disturbance)
        return sampled(self.model, start, {**self.disturbance, **disturbance})

    def action(self, column: int, trace: Trace) -> tuple[str, np.ndarray]:
        """Return the name of an output of the network, and its values in some runs."""
        names = self.model.names
        signal, at = next((signal, at) for signal, at in names.output_signals.items() if column in at)
        domain, values = names.domain(signal), trace.command[signal]
        if not domain.discrete:
            return f"{signal.owner}.{signal.name}", values
        word = at.tolist().index(column)
        return f"{signal.owner}.{signal.name} = {domain.values[word]}", values[..., word]

    def report(self) -> Report:
        """Return what became of it: the cells that the loop never leaves, and what that holds for."""
        title = f"{self.structure.name}: {self.claim.id} never happens ({self.claim.text}): {self.verdict}"
        cells = self.cells
        called = [*self._called([*cells[0]])] if cells else []
        rows = [tuple(_interval(*pair) for pair in cell.values()) for cell in cells[:MAX_SHOWN]]
        return Report(title, tuple(called), rows, [*self._sentences()])

    def _called(self, order: list[str]) -> Iterator[str]:
        """Return the names of states and of what the network carries, for people."""
        assert self.statement is not None
        for name in order:
            kind, _, place = name.partition(" ")
            yield f"{self.statement.called[int(place)]}, carried" if kind == "carry" and place.isdigit() else name

    def _sentences(self) -> Iterator[str]:
        if self.proved and self.statement is not None:
            yield "It never happens, for all time: the loop stays in these cells, and in none of them can it happen."
            yield "Proved of the arrays that run, in float32 and for any order of their sums."
            if self.any_subordinate:
                yield "All weights outside the Layer 0 controller may be anything; it runs in blocks, through ports."
            yield f"Taken for granted: {'; '.join([self._begin, *self.statement.outside])}."
            if (more := len(self.cells) - MAX_SHOWN) > 0:
                yield f"{more} more cells stand in the certificate alone."
            yield f"The checker worked out {self.tried} steps from parts of cells."
        elif self.counterexample is not None:
            yield f"It happens: in a run that the simulator repeats, at step {self.counterexample.step}."
        else:
            yield "Neither proved nor refuted: no run that was tried shows it, and the proof stops."
        if not self.proved and self.unproved is not None:
            yield f"Where the proof stops: {self.unproved.reason}."
            if self.unproved.box and self.statement is not None:
                pairs = zip(self._called([*self.unproved.box]), self.unproved.box.values(), strict=True)
                yield "There: " + ", ".join(f"{name} {_interval(*pair)}" for name, pair in pairs) + "."
        if self.margin is not None:
            widest = ", ".join(f"{name} {_interval(*pair)}" for name, pair in self.margin.items()) or "none"
            yield f"The widest that was found to be proved, up to 16 widths beyond each end: {widest}."

    @property
    def _begin(self) -> str:
        given = ", ".join(f"{name} in {_interval(*pair)}" for name, pair in self.start.items())
        return f"the loop starts with {given}, else as the file says" if given else "the loop starts as the file says"

    def _measurable(self, start: Intervals) -> Intervals:
        """Return what of intervals of states lies within the ranges of their sensors: a run can begin there."""
        known = zip(self.statement.states, self.statement.ranges, strict=True) if self.statement else ()
        ranges = {name: ends for name, ends in known if ends is not None}
        limit = lambda pair, ends: (max(pair[0], ends[0]), min(pair[1], ends[1]))
        return {name: limit(pair, ranges[name]) if name in ranges else pair for name, pair in start.items()}

    @property
    def widest_start(self) -> Intervals:
        """Where states may begin, together, with the network's memory as it is at first; of what is proved."""
        if self.statement is None or not self.cells:
            return {}
        loop = check.Loop(json.loads(self.statement.text), self.statement.arrays)
        first = [tuple(float(Fraction(end, check.ONE)) for end in value[:2]) for value in loop.network.begin()]
        names = loop.network.memory
        for cell in self.cells:
            inside = zip(names, first, strict=True)
            if all(cell[name][0] <= low and high <= cell[name][1] for name, (low, high) in inside):
                return {name: cell[name] for name in self.statement.states}
        return {}


def _interval(low: float, high: float) -> str:
    return f"{low:.6g}" if low == high else f"[{low:.6g}, {high:.6g}]"
