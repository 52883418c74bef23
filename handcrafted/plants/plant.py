"""What a plant is: parameters, the signals that it gives, and how its state moves over one step.

A state is a dictionary of named arrays: a number for a real signal, one truth value per word for a discrete one.
Inputs are held over a step (zero-order hold), as a sampled controller holds its actions. What a plant computes, it
computes in numpy or in JAX, for one run, or for many whose axis comes last.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import AfterValidator

from handcrafted.control.domain import Domain, Value
from handcrafted.control.parts import Number, Part
from handcrafted.text.diagnostics import FilePath, must_be_known
from handcrafted.text.letters import listed

Array = Any
"""Of numpy or of JAX."""

State = Mapping[str, Any]
"""Named arrays: a number for a real signal, one truth value per word for a discrete one."""

Advance = Callable[[State, Mapping[str, Array], Array], State]
"""The next state from the state, the inputs by name and a disturbance, all held over the step."""

Pair = tuple[Number, Number]


def _ordered(pair: Pair) -> Pair:
    if pair[0] > pair[1]:
        raise ValueError(
            f"Expected [low, high] with low <= high, got [{pair[0]:g}, {pair[1]:g}]. Put the lower end first"
        )
    return pair


def _apart(pair: Pair) -> Pair:
    if pair[0] >= pair[1]:
        raise ValueError(
            f"Expected limits [low, high] with low < high, got [{pair[0]:g}, {pair[1]:g}]. Put the lower one first"
        )
    return pair


Disturbance = Annotated[Pair, AfterValidator(_ordered)]
"""The interval of a disturbance; equal ends make it constant."""

Limits = Annotated[Pair, AfterValidator(_apart)]
"""Where a process stops."""


@dataclass(frozen=True, eq=False)
class Process:
    """A process as `simulate` runs it.

    Attributes:
        initial: its state at t = 0, by name.
        advance: the next state from the state, the inputs by name and a disturbance, all held over the step.
        observe: the signals that it gives, from its state.
        disturbance: the interval of the disturbance, None where there is none.
    """

    initial: Mapping[str, np.ndarray]
    advance: Advance
    observe: Callable[[State], Mapping[str, Array]] = lambda state: state
    disturbance: tuple[float, float] | None = None


class Plant(Part):
    """A process as a file declares it. A subclass is final, and has a field `law`: what a file calls it.

    Attributes:
        example: a worked one, in the words of a file; its inputs are `u` and, where it needs another, `v`.
    """

    example: ClassVar[Mapping[str, Any]]

    @property
    @abstractmethod
    def first_outputs(self) -> dict[str, Value]:
        """The signals that it gives, which feedback may carry, by name: a word or a number, at t = 0."""

    @property
    def words(self) -> tuple[str, ...]:
        """The values of its output where that is a word."""
        return ()

    def start(self) -> dict[str, np.ndarray]:
        """Return its state at t = 0."""
        return {name: number(float(value)) for name, value in self.first_outputs.items()}

    @abstractmethod
    def step(self, time_step: float, domains: Mapping[str, Domain]) -> Advance:
        """Return how its state moves over a step.

        Args:
            time_step: in the structure's unit of time.
            domains: of the signals that arrive at it, by name.

        Raises:
            HandcraftedError: if the time step is so long or so short that float32 cannot hold the process.
        """

    def observe(self, state: State) -> Mapping[str, Array]:
        """Return the signals that it gives."""
        return state

    def process(self, time_step: float, domains: Mapping[str, Domain]) -> Process:
        """Return the process that runs; raises as `step` does."""
        disturbance = getattr(self, "disturbance", None)
        return Process(self.start(), self.step(time_step, domains), self.observe, disturbance)

    def check(self, path: FilePath, name: str, arriving: Mapping[str, Domain]) -> None:
        """Check what it names against what arrives at it.

        Raises:
            HandcraftedError: naming the entry, what was got and what would fit.
        """
        inputs: Iterable[str] = getattr(self, "inputs", ())
        for given in inputs:
            must_be_known((*path, "inputs"), f"the name of something that arrives at {name}", given, arriving)


def within(what: str, value: float, low: float, high: float) -> None:
    """Refuse a value that starts outside its limits."""
    if not low <= value <= high:
        raise ValueError(
            f"Expected {what} within its limits {low:g} … {high:g}, got {value:g}. State an initial value inside"
        )


def different(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return names, each once."""
    if len(set(names)) < len(names):
        raise ValueError(f"Expected different names, got {listed(names)}. Rename or drop the repeated one")
    return names


def number(value: float) -> np.ndarray:
    """Return a state as float32."""
    return np.asarray(value, np.float32)


def driven(gains: Mapping[str, float], inputs: Mapping[str, Array], disturbance: Array) -> Array:
    """Return the weighted inputs plus the disturbance; a word counts as its place in the list, from 0."""
    return sum((np.float32(gain) * as_number(inputs[name], disturbance) for name, gain in gains.items()), disturbance)


def as_number(value: Array, like: Array) -> Array:
    """Return the place of a word in its list, from 0, or a number as it is.

    Args:
        value: of a signal; a word has one axis more than a number, before those of runs.
        like: a number, for its axes.
    """
    return value if np.ndim(value) == np.ndim(like) else np.arange(value.shape[0], dtype=np.float32) @ value
