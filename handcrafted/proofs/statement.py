"""What is to be proved, rebuilt from a structure and the arrays that run: all that a checker must trust."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.loading.yamltext import dumps
from handcrafted.model.base import base_blocks
from handcrafted.model.transformer import Transformer
from handcrafted.proofs.assumed import words_of
from handcrafted.proofs.before import StepBefore
from handcrafted.proofs.claim import SafetyClaim, StepTest
from handcrafted.proofs.exact import around, arrays_of, held, text
from handcrafted.proofs.processes import NotStatedError, ProcessLaw, law_of, written_ends
from handcrafted.rollout.environment import EXTERNAL, PROCESS, InputSource, world_of
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import shown

FORMAT = "handcrafted proof statement 3"

MAX_ENTRIES = 2**22
"""Entries of all arrays: the checker reads each, in Python."""

Intervals = Mapping[str, tuple[float, float]]
"""By name."""


@dataclass(frozen=True)
class Statement:
    """What is to be proved, as two files.

    Attributes:
        text: the statement, JSON.
        arrays: the effective arrays, safetensors.
        states: the state of each process by name, in the statement's order.
        ranges: the range of each state that sensors are declared for; None where none is.
        called: how the numbers that a network carries are called, by their place in the stream.
        outside: what comes from outside, with what it may be, in words.
    """

    text: bytes
    arrays: bytes
    states: tuple[str, ...]
    ranges: tuple[tuple[float, float] | None, ...]
    called: tuple[str, ...]
    outside: tuple[str, ...]

    @property
    def digest(self) -> str:
        """What a certificate names it by."""
        return hashlib.sha256(self.text).hexdigest()


def statement_of(
    model: Transformer,
    claims: Sequence[SafetyClaim],
    any_subordinate: bool = False,
    start: Intervals | None = None,
    disturbance: Intervals | None = None,
) -> Statement:
    """State that something never happens in a model's closed loop, whatever comes from outside within its range.

    Args:
        model: whose arrays run.
        claims: what is never to happen.
        any_subordinate: whether all weights outside Layer 0 may be anything; the run is then that in blocks.
        start: intervals in which states begin, by name; the others begin where the file says.
        disturbance: intervals of disturbances by process, in place of those that the file says.

    Raises:
        NotStatedError: if something takes part that a statement has no words for.
        HandcraftedError: if weights are to be free, and there is no Layer 0 controller.
    """
    return _Writer(model, any_subordinate, start or {}, disturbance or {}).statement(claims)


class _Writer:
    """Numbers states, words and numbers from outside, and writes down who gives and who takes them."""

    def __init__(self, model: Transformer, any_subordinate: bool, start: Intervals, disturbance: Intervals):
        self.model, self.structure, self.names = model, model.structure, model.names
        self.any_subordinate, self.disturbance = any_subordinate, disturbance
        if any_subordinate and model.seal is None:
            raise HandcraftedError(
                f"Expected a Layer 0 controller, outside which weights may be anything, got none in "
                f"{self.structure.name}. Mark one, or prove the claim for the weights as they are."
            )
        self.world = world_of(self.structure)
        self.states: list[dict[str, Any]] = []
        self.at: dict[Signal, int] = {}
        self.started, self.domains = start, self._domains()
        components = self.structure.components.items()
        self.plants: dict[str, Any] = {name: one.dynamics for name, one in components if one.dynamics is not None}
        self.first: dict[str, int] = {}
        self.laws = {name: law_of(name, one, self.structure.time_step.value) for name, one in self.plants.items()}
        for name, law in self.laws.items():
            self._add_states(name, law)
        if unknown := sorted(set(start) - {state["name"] for state in self.states}):
            known = ", ".join(state["name"] for state in self.states) or "none"
            raise HandcraftedError(f"Expected the name of a state, got {shown(unknown[0])}. Use one of: {known}.")
        discrete = {one.signal: len(one.domain.values) for one in self.world.externals if one.domain.discrete}
        starts = np.cumsum([0, *discrete.values()]).tolist()
        self.words = {one: (at, count) for at, (one, count) in zip(starts, discrete.items(), strict=False)}
        others = (one.signal for one in self.world.externals if not one.domain.discrete)
        self.numbers = dict(zip(others, itertools.count(), strict=False))
        known = {self.at[signal]: (one.low, one.high) for signal, one in self.domains.items() if signal in self.at}
        self.ranges = [known.get(i) for i in range(len(self.states))]
        self.before = StepBefore(len(self.states))
        self.left = {tuple(places) for places in words_of(self.structure).tolist()}

    def _domains(self) -> dict[Signal, Domain]:
        """Return the domain of what sensors measure of processes."""
        measured = self.world.measurements.items()
        return {source.signal: self.names.domain(signal) for signal, source in measured if source.kind == PROCESS}

    def _add_states(self, owner: str, law: ProcessLaw) -> None:
        self.first[owner] = len(self.states)
        self.at |= {Signal(owner, "state", name): len(self.states) + at for name, at in law.outputs.items()}
        for name, initial in law.initial.items():
            low, high = self.started.get(f"{owner}.{name}", (np.float32(initial),) * 2)
            self.states.append({"name": f"{owner}.{name}", "initial": around(low, high)})

    def statement(self, claims: Sequence[SafetyClaim]) -> Statement:
        """Write it down."""
        entries = sum(array.size for _, array in self.model.effective_weights.items())
        if entries > MAX_ENTRIES:
            raise NotStatedError(f"a network of {entries:,} entries; {MAX_ENTRIES:,} are checked at most")
        arrays = arrays_of(self.model)
        claimed = [{"id": claim.id, "never": [*self._never(claim)]} for claim in claims]
        said = {
            "format": FORMAT,
            "structure": hashlib.sha256(dumps(self.structure).encode()).hexdigest(),
            "arrays": hashlib.sha256(arrays).hexdigest(),
            "run": "blocks" if self.model.seal is not None else "dense",
            "window": self.model.window,
            "free": self._free(),
            "states": self.states + self.before.states,
            "words": [{"rows": rows} for rows in self._words()],
            "numbers": [*self._numbers()],
            "sensors": [*self._sensors()],
            "plants": [self._plant(name, law) for name, law in self.laws.items()] + self.before.plants,
            "assumed": [[[i, k] for i, k in enumerate(places)] for places in self._ruled_out()],
            "claims": claimed,
        }
        called = tuple(f"{at.owner}.{at.signal}" for at in self.names.residual)
        states, ranges = tuple(state["name"] for state in self.states), tuple(self.ranges)
        return Statement(json.dumps(said, indent=1).encode(), arrays, states, ranges, called, tuple(self._outside()))

    def _outside(self) -> Iterator[str]:
        for one in self.world.externals:
            of = f" of {one.signal.owner}" if one.signal.owner else ""
            yield f"{one.signal.name}{of} is any of {one.domain}, at each step anew"
        if ruled_out := len([*self._ruled_out()]):
            ids = ", ".join(f"{id} ({one.text})" for id, one in self.structure.assume.items())
            every = ruled_out + len(self.left)
            yield f"{ruled_out} of {every} combinations of words never come, by what is assumed: {ids}"
        for name in self.plants:
            low, high = self._disturbance(name)
            if (low, high) != (0, 0):
                yield f"the disturbance of {name} is anything in [{low:g}, {high:g}], at each step anew"

    def _ruled_out(self) -> Iterator[tuple[int, ...]]:
        """Return the combinations of words from outside that assumptions rule out."""
        every = itertools.product(*(range(count) for _, count in self.words.values()))
        return (places for places in every if places not in self.left)

    def _free(self) -> list[int]:
        if not self.any_subordinate:
            return []
        base = base_blocks(self.structure, self.model.blocks)
        held = {at for block in base for at in (*block.own, *block.inputs)}
        return [at for at in range(len(self.names.residual)) if at not in held]

    def _sources(self, kind: str) -> Iterator[tuple[Signal, np.ndarray, InputSource]]:
        for signal, rows in self.names.input_signals.items():
            source = self.world.measurements[signal]
            if source.kind not in (PROCESS, EXTERNAL):
                raise NotStatedError(f"{signal.name} measures an action")
            if source.kind == kind:
                yield signal, rows, source

    def _sensors(self) -> Iterator[dict[str, Any]]:
        """Return who measures which state; sensors that round alike stand together."""
        found: dict[tuple[int, float | None], list[int]] = {}
        for signal, rows, source in self._sources(PROCESS):
            found.setdefault((self._state(source.signal), self.names.domain(signal).resolution), []).extend(
                rows.tolist()
            )
        for (state, resolution), rows in found.items():
            if resolution is not None and math.frexp(resolution)[0] != 0.5:
                raise NotStatedError(
                    f"a sensor of {self.states[state]['name']} rounds to {resolution:g}, no power of 2"
                )
            yield {"state": state, "rows": rows, "resolution": None if resolution is None else text(resolution)}

    def _state(self, signal: Signal) -> int:
        if signal not in self.at:
            raise NotStatedError(f"{signal.owner}.{signal.name} is no single state")
        return self.at[signal]

    def _words(self) -> list[list[list[int]]]:
        """Return, of each signal in words from outside, the inputs that each word sets to 1."""
        found: dict[Signal, list[list[int]]] = {
            one: [[] for _ in range(count)] for one, (_, count) in self.words.items()
        }
        for _, rows, source in self._sources(EXTERNAL):
            if source.signal in found:
                for k, row in enumerate(rows.tolist()):
                    found[source.signal][k].append(row)
        return [*found.values()]

    def _numbers(self) -> Iterator[dict[str, Any]]:
        rows: dict[Signal, list[int]] = {signal: [] for signal in self.numbers}
        for _, found, source in self._sources(EXTERNAL):
            if source.signal in rows:
                rows[source.signal] += found.tolist()
        for one in self.world.externals:
            if one.signal in rows:
                step = Fraction(one.domain.resolution or 0) / 2  # a sensor may round beyond an end
                low, high = held(one.domain.low) - step, held(one.domain.high) + step
                yield {"rows": rows[one.signal], "range": [str(low), str(high)]}

    def _plant(self, name: str, law: ProcessLaw) -> dict[str, Any]:
        low, high = self._disturbance(name)
        given = lambda gains: [one for arrived, gain in gains.items() for one in self._inputs(name, arrived, gain)]
        return {
            "states": [*range(self.first[name], self.first[name] + len(law.initial))],
            "inputs": [*map(given, law.inputs)],
            "rest": str(held(law.rest)),
            "disturbance": around(low, high),
            "ends": written_ends(law),
        }

    def _disturbance(self, name: str) -> tuple[float, float]:
        return self.disturbance.get(name) or getattr(self.plants[name], "disturbance", None) or (0.0, 0.0)

    def _inputs(self, owner: str, given: str, gain: float) -> list[dict[str, Any]]:
        """Return what a process gets by one name; a word counts as its place."""
        return [one for source in self.world.actions[owner][given] for one in self._terms(source, gain)]

    def _terms(self, source: InputSource, gain: float) -> Iterator[dict[str, Any]]:
        weigh = lambda k: str(held(gain) * k)
        if source.kind == PROCESS:
            yield {"of": "state", "at": self._state(source.signal), "gain": weigh(1)}
        elif source.signal in self.numbers:
            yield {"of": "number", "at": self.numbers[source.signal], "gain": weigh(1)}
        elif source.signal in self.words:
            at, count = self.words[source.signal]
            yield from ({"of": "word", "at": at + k, "gain": weigh(k)} for k in range(1, count))
        else:
            columns, discrete = self.names.output_signals[source.signal], self.names.domain(source.signal).discrete
            for k, column in enumerate(columns.tolist()):
                if k or not discrete:
                    yield {"of": "output", "at": column, "gain": weigh(k if discrete else 1)}

    def _never(self, claim: SafetyClaim) -> Iterator[list[dict[str, Any]]]:
        """Return rows of tests; in the first step what is asked of the one before may count as met."""
        for row in claim.never:
            yield [self._test(one) for one in row]
            if claim.at_first:
                yield [self.before.first_step(), *(self._test(one) for one in row if not one.before)]

    def _test(self, test: StepTest) -> dict[str, Any]:
        """Write a test down: of the true state, of a word from outside, or of an action; now or in the step before."""
        of, at, name, first = self._tested(test)
        if test.before:
            of, at = "state", self.before.state(of, at, name, first if of == "state" else (first[0], first[0]))
        return {"of": of, "at": at, "is": test.way, "than": test.mark}

    def _tested(self, test: StepTest) -> tuple[str, int, str, tuple[float, float]]:
        """Return what a test is of, how that is called, and between what it may be: first what it is by itself."""
        if test.column is not None:
            signal = next(one for one, columns in self.names.output_signals.items() if test.column in columns)
            domain, name = self.names.domain(signal), f"{signal.owner}.{signal.name}"
            said = (1.0, 0.0) if test.column == self.names.output_signals[signal][0] else (0.0, 1.0)
            return "output", test.column, name, said if domain.discrete else (domain.low, domain.high)
        assert test.variable is not None
        owner, name = test.variable
        if test.word is None:
            if (signal := Signal(owner, "state", name)) not in self.at:
                raise NotStatedError(f"{test.variable} is no state of a process")
            at = self.at[signal]
            low, high = map(Fraction, self.states[at]["initial"])
            return "state", at, self.states[at]["name"], self.ranges[at] or (float(low), float(high))
        of = {(signal.owner, signal.name): at for signal, (at, _) in self.words.items()}
        if (owner, name) not in of:
            raise NotStatedError(f"{test.variable} comes from nowhere outside")
        return "word", of[owner, name] + test.word, name, (0.0, 1.0)
