"""A straight-line program of numbers: every value is assigned once, and the weights stand beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import jax
import numpy as np

Node = int
"""A value by its number; it depends on values of smaller numbers alone."""

Slot = int
"""Where a weight stands among the numbers of a program."""

INPUT, STATE, NUMBER, SUM, ADD, SHIFT, RELU, PORT = "input", "state", "number", "sum", "add", "shift", "relu", "port"
TOUCH, LOOK = "touch", "look"


class Step(NamedTuple):
    """How one value comes about.

    Attributes:
        kind: `input` or `state` (by its place), `number` (a slot), `sum` (of weights times values), `add` (two values),
            `shift` (a value plus a number), `relu`, or `port` (a value, or a number where it is not finite); of what is
            open `touch` (a value as it may be changed on its way, by the number of its site; none is 0) and `look`
            (what a ring of steps gives, by d_head times its number plus the dimension).
        values: what it is made of.
        slots: the numbers that take part; of a sum one for each value.
        place: of an input, a state, a site or a ring.
    """

    kind: str
    values: tuple[Node, ...] = ()
    slots: tuple[Slot, ...] = ()
    place: int = 0


class Ring(NamedTuple):
    """What a head sees that may look anywhere by position: the values of its last steps.

    Attributes:
        layer, head: which.
        first: what each dimension held before t = 0.
        now: what each dimension is in a step.
    """

    layer: int
    head: int
    first: tuple[Node | None, ...]
    now: tuple[Node | None, ...]


class Carried(NamedTuple):
    """What one state is.

    Attributes:
        coordinate: of the residual stream that the recurrence carries there; None of what a head remembers.
        read: its value as it is read.
    """

    coordinate: int | None
    read: Node


@dataclass(frozen=True)
class FoldedProgram:
    """What a network does in a step, without its numbers.

    Attributes:
        steps: how each value comes about; values of a step and values before t = 0.
        outputs: the value of each output; None where it is 0.
        first_outputs: the same before t = 0.
        next: what each state is in the next step.
        first: what each state is in the first step.
        residual: the value of each coordinate that is asked for, as it ends.
        faults: of each port the values of which one is not finite.
        states: what each state is.
        rings: of the heads that may look anywhere.
    """

    steps: tuple[Step, ...]
    outputs: tuple[Node | None, ...]
    first_outputs: tuple[Node | None, ...]
    next: tuple[Node | None, ...]
    first: tuple[Node | None, ...]
    residual: tuple[Node | None, ...]
    faults: tuple[tuple[Node, ...], ...]
    states: tuple[Carried, ...] = ()
    rings: tuple[Ring, ...] = ()

    def __hash__(self) -> int:
        return hash((len(self.steps), self.outputs, self.next, self.residual))

    @cached_property
    def begins(self) -> tuple[Node, ...]:
        """The values that are needed before the first step, in order."""
        return self._behind(*self.first, *self.first_outputs, *(node for ring in self.rings for node in ring.first))

    @cached_property
    def proceeds(self) -> tuple[Node, ...]:
        """The values that a step needs, in order."""
        ports, rings = (node for port in self.faults for node in port), (node for one in self.rings for node in one.now)
        return self._behind(*self.outputs, *self.next, *self.residual, *ports, *rings)

    def _behind(self, *ends: Node | None) -> tuple[Node, ...]:
        needed, waiting = set(), [node for node in ends if node is not None]
        while waiting:
            if (node := waiting.pop()) not in needed:
                needed.add(node)
                waiting += self.steps[node].values
        return tuple(sorted(needed))


@partial(jax.tree_util.register_dataclass, data_fields=["values"], meta_fields=["program"])
@dataclass(frozen=True)
class FoldedNetwork:
    """A program and its numbers; what runs is compiled once for a program, whatever its numbers are.

    Attributes:
        values: the numbers [slot], float32; the first is 0.
    """

    program: FoldedProgram
    values: Any


Weighted = tuple[np.float32, Node | None]
"""A weight and a value; None where it is 0."""


class ProgramBuilder:
    """Values and numbers, each kept once.

    Args:
        apart: whether numbers stand apart even if they are the same, so that one that changes leaves the program as it
            is.
    """

    def __init__(self, apart: bool = False):
        self.apart = apart
        self.steps: list[Step] = []
        self.known: dict[Step, Node] = {}
        self.values: list[np.float32] = [np.float32(0)]
        self.slots: dict[bytes, Slot] = {}

    def slot(self, value: np.float32) -> Slot:
        """Return where a number stands, kept once by its bits unless numbers stand apart."""
        key = f"{len(self.values)}".encode() if self.apart else np.float32(value).tobytes()
        if key not in self.slots:
            self.slots[key] = len(self.values)
            self.values.append(np.float32(value))
        return self.slots[key]

    def step(self, step: Step) -> Node:
        """Return the value that comes about so, kept once."""
        if step not in self.known:
            self.known[step] = len(self.steps)
            self.steps.append(step)
        return self.known[step]

    def number(self, value: np.float32) -> Node | None:
        """Return a number as a value; 0 is none."""
        return self.step(Step(NUMBER, slots=(self.slot(value),))) if value != 0 else None

    def sum(self, parts: Iterable[Weighted]) -> Node | None:
        """Add weighted values up in their order; a value that stands by itself is that value."""
        live = [(weight, value) for weight, value in parts if weight != 0 and value is not None]
        if not live:
            return None
        if len(live) == 1 and live[0][0] == 1 and self.steps[live[0][1]].kind != INPUT:
            return live[0][1]
        return self.step(Step(SUM, tuple(v for _, v in live), tuple(self.slot(w) for w, _ in live)))

    def add(self, one: Node | None, other: Node | None) -> Node | None:
        """Add two values."""
        if one is None or other is None:
            return other if one is None else one
        return self.step(Step(ADD, (one, other)))

    def shift(self, value: Node | None, by: np.float32) -> Node | None:
        """Add a number to a value."""
        if by == 0:
            return value
        return self.number(by) if value is None else self.step(Step(SHIFT, (value,), (self.slot(by),)))

    def relu(self, value: Node | None) -> Node | None:
        """Rectify a value."""
        return None if value is None else self.step(Step(RELU, (value,)))

    def touch(self, site: int, value: Node | None) -> Node:
        """Return a value as it may be changed on its way."""
        return self.step(Step(TOUCH, () if value is None else (value,), place=site))

    def port(self, value: Node | None, safe: float) -> Node | None:
        """Return the value, or a safe number where it is not finite; a 0 needs no port."""
        return None if value is None else self.step(Step(PORT, (value,), (self.slot(np.float32(safe)),)))
