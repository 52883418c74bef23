"""What a law is: one class with its parameters, its shape, the plain law, and the circuits that stand for it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from pydantic import model_validator

from handcrafted.components.circuit import Circuit, Site
from handcrafted.control.domain import Domain, Remembered, Value, issue_values
from handcrafted.control.parts import EMPTY, Condition, Number, Part, Scalar
from handcrafted.control.resolved import LawInstance, Read
from handcrafted.laws.signature import Signature
from handcrafted.text.diagnostics import FilePath, refuse
from handcrafted.text.letters import listed


class LawInput(NamedTuple):
    """What a plain law is given at a step.

    Attributes:
        now: what it reads, each [..., width].
        ago: what it read so many steps ago, likewise.
        state: its state before the step [..., width]; None where it has none.
    """

    now: tuple[np.ndarray, ...]
    ago: Callable[[int], tuple[np.ndarray, ...]]
    state: np.ndarray | None = None


class LawOutput(NamedTuple):
    """What a plain law gives: its result [..., width of its domain], and its state after the step."""

    result: np.ndarray
    state: np.ndarray | None = None


REAL_SIGNAL: Mapping[str, Any] = {"range": [-4, 4]}
BIT: Mapping[str, Any] = {"values": ["no", "yes"]}


class Example(NamedTuple):
    """A small worked example of a law, in the words of a file.

    Attributes:
        reads: the domain of each signal that it reads, by name.
        result: the domain of its result.
        parameters: of the law.
        entry: further keys of the entry, such as `when`.
        request: which read is a subordinate's request, if one is.
    """

    reads: Mapping[str, Mapping[str, Any]]
    result: Mapping[str, Any]
    parameters: Mapping[str, Any] = EMPTY
    entry: Mapping[str, Any] = EMPTY
    request: str | None = None


class Stated(NamedTuple):
    """A law as a file states it, beside what it reads and writes.

    Attributes:
        path: of the entry.
        name: in words, such as `hysteresis of heat`.
        reads: what it reads.
        domain: of its result.
        initial: what its result was before t = 0.
        declared: the same as the entry itself declares it; None where it does not.
        when: the condition that it tests.
    """

    path: FilePath
    name: str
    reads: tuple[Read, ...]
    domain: Domain
    initial: Value
    declared: Value | None
    when: Condition | None


class Law(Part):
    """The parameters of a law, their units, and everything that follows from them.

    A subclass is final unless it is abstract. The first line of its docstring says what the law gives.

    Attributes:
        law: what a file calls it.
        shape: its signature, where that does not depend on parameters or reads.
        units: of each parameter in terms of `read`, `output`, `time` and `steps`; by place where it is a list.
        example: a worked one.
        jumps: whether its result jumps where what it reads changes a little, although it is a number.
        takes_over: whether a variable with this law has the domain of its one read unless it declares its own.
        keeps_quantum: whether its result lies on the grid of its read.
    """

    law: ClassVar[str]
    shape: ClassVar[Signature] = Signature()
    units: ClassVar[Mapping[str, str | tuple[str, ...]]] = EMPTY
    example: ClassVar[Example]
    jumps: ClassVar[bool] = False
    takes_over: ClassVar[bool] = False
    keeps_quantum: ClassVar[bool] = False

    @abstractmethod
    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return the result of the plain law, and its state after the step, in float64."""

    @abstractmethod
    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Build a circuit for each site: the stages in the order of the signature, then the result.

        Args:
            task: what is computed.
            sites: where the circuits stand; the last one writes the result.
            domain: of the result as the last site carries it.
        """

    def signature(self, reads: int, when: Condition | None) -> Signature:
        """Return the signature for so many reads; some laws have more circuits for more reads."""
        return self.shape

    def state(self, domain: Domain, initial: Value) -> tuple[Domain, Remembered]:
        """Return the domain and the first value of what the law remembers, from those of its result.

        Raises:
            TypeError: if it remembers nothing.
        """
        raise TypeError(f"{type(self).__name__} keeps no state")

    def problem(self, reads: Sequence[Read], domain: Domain) -> str:
        """Return what is wrong with the domains that it reads and writes, or an empty text."""
        return ""

    def check(self, stated: Stated) -> None:
        """Check that it fits what it reads and what it is to write.

        Raises:
            HandcraftedError: naming the entry, what was got and what would fit.
        """
        form = self.signature(len(stated.reads), stated.when)
        _check_reads(stated, form)
        _check_result(stated, form)
        if wrong := self.problem(stated.reads, stated.domain):
            refuse(stated.path, f"{wrong.rstrip('.')}, in the {stated.name}.")

    def completed(self, domain: Domain) -> Law:
        """Return the law with the parameters filled in that were left out."""
        return self


def _check_reads(stated: Stated, form: Signature) -> None:
    path, name, reads, *_ = stated
    least, most = form.counts
    if not least <= len(reads) <= most:
        wanted = {(0, 0): "no signal", (1, 1): "one signal"}.get((least, most), f"{least} to {most} signals")
        got = listed(read.name for read in reads) or "none"
        refuse((*path, "reads"), f"Expected {wanted} in the {name}, got {got}. Say so under `reads`.")
    for read in reads:
        if form.real and read.domain.discrete:
            text = f"Expected real signals in the {name}, got {read.name} ({read.domain}). Give it a range."
            refuse((*path, "reads"), text)


def _check_result(stated: Stated, form: Signature) -> None:
    path, name, _, domain, *_ = stated
    if form.writes == "real" and domain.discrete:
        refuse(path, f"Expected a real result of the {name}, got the values {domain}. Give it a range.")
    if form.writes == "words" and not domain.discrete:
        refuse(path, f"Expected words as the result of the {name}, got the range {domain}. Give it values.")
    if form.writes == "switch" and domain.discrete and len(domain.values) < 2:
        refuse(path, f"Expected at least two values to switch between in the {name}, got {domain}. Add one.")


def law_of(task: LawInstance) -> Law:
    """Return the law of an instance."""
    assert isinstance(task.parameters, Law)
    return task.parameters


class Limited(Law):
    """A law with limits in the unit of the output; those left out are the ends of its range. Abstract."""

    low: Number | None = None
    high: Number | None = None
    units: ClassVar = {"low": "output", "high": "output"}

    @model_validator(mode="after")
    def _ordered(self) -> Limited:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"Expected `low` under `high`, got {self.low:g} and {self.high:g}. Swap them")
        return self

    def completed(self, domain: Domain) -> Law:
        """Return the law with both limits."""
        low = domain.low if self.low is None else self.low
        return self.model_copy(update={"low": low, "high": domain.high if self.high is None else self.high})

    def check(self, stated: Stated) -> None:
        """Ask for limits in order, and for a state that starts within them."""
        super().check(stated)
        low = stated.domain.low if self.low is None else self.low
        high = stated.domain.high if self.high is None else self.high
        if low >= high:
            text = f"Expected limits in order in the {stated.name}, got {low:g} and {high:g}. Put `low` under `high`."
            refuse((*stated.path, "parameters"), text)
        if self.signature(len(stated.reads), stated.when).memory and not low <= float(stated.initial) <= high:
            text = (
                f"Expected the initial value of the {stated.name} within {low:g} … {high:g}, got {stated.initial}. "
                "Choose one inside."
            )
            refuse((*stated.path, "initial"), text)


class Accumulator(Limited):
    """A law that adds up within its limits. Abstract."""

    def state(self, domain: Domain, initial: Value) -> tuple[Domain, Remembered]:
        """Remember the sum, within the limits from the start."""
        low = domain.low if self.low is None else self.low
        high = domain.high if self.high is None else self.high
        return Domain((), low, high, unit=domain.unit), min(max(float(initial), low), high)


class Switch(Law):
    """A law that issues or withholds: the second value of a discrete action, or the one named here. Abstract."""

    value: Scalar | None = None


class RememberedSwitch(Switch):
    """A switch that remembers whether it issues. Abstract."""

    def state(self, domain: Domain, initial: Value) -> tuple[Domain, Remembered]:
        """Remember whether it issues."""
        return Domain((), 0.0, 1.0, resolution=1.0), float(initial == issue_values(domain, self.value)[1])
