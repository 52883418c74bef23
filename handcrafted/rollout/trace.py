"""What happened in a closed loop, by name: what is true, what was measured, what was believed, what was done."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.numbers import whole
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.text.diagnostics import HandcraftedError, must_be, nearest
from handcrafted.text.files import write_whole
from handcrafted.text.letters import listed, shown
from handcrafted.text.report import Report, Reported, as_csv


class Signals(Mapping[Signal, np.ndarray]):
    """Signals of one kind with their values; ask by `name`, by `owner.name` or by the whole `Signal`.

    A real signal is [time] or [run, time], a discrete one has its words as a last axis.
    """

    def __init__(self, kind: str, values: Mapping[Signal, np.ndarray]):
        self.kind, self.values_of = kind, dict(values)

    def find(self, key: str | Signal) -> Signal:
        """Return the signal of that name.

        Raises:
            HandcraftedError: if there is none, or more than one.
        """
        must_be(key, str | Signal, "the name of a signal, or the whole Signal")
        if isinstance(key, Signal) and key in self.values_of:
            return key
        found = [s for s in self.values_of if key in (s.name, f"{s.owner}.{s.name}")]
        if len(found) == 1:
            return found[0]
        known = [*map(_name, self.values_of)]
        if found:
            which = listed(map(_name, found))
            raise HandcraftedError(
                f"Expected one {self.kind} signal, got {shown(str(key))} for {which}. Name its owner too."
            )
        raise HandcraftedError(
            f"Expected the name of a {self.kind} signal, got {shown(str(key))}.{nearest(str(key), known)}"
        )

    def __getitem__(self, key: str | Signal) -> np.ndarray:
        return self.values_of[self.find(key)]

    def __iter__(self) -> Iterator[Signal]:
        return iter(self.values_of)

    def __len__(self) -> int:
        return len(self.values_of)

    def __repr__(self) -> str:
        return f"{self.kind}: " + ", ".join(map(_name, self.values_of))


def _name(signal: Signal) -> str:
    return f"{signal.owner}.{signal.name}" if signal.owner else signal.name


@dataclass(frozen=True)
class RangeViolation:
    """A signal that left its declared range.

    Attributes:
        kind: `true`, `measured`, `believed` or `done`.
        first: the step at which it was first outside, over all runs.
        steps: in how many steps of all runs it was outside.
        worst: its value farthest outside.
    """

    kind: str
    signal: Signal
    domain: Domain
    first: int
    steps: int
    worst: float

    def __str__(self) -> str:
        return (
            f"{_name(self.signal)} ({self.kind}) left its range {self.domain} at step {self.first}, for {self.steps} "
            f"step{'s' if self.steps > 1 else ''}, down or up to {self.worst:g}"
        )


@dataclass(frozen=True, repr=False)
class Trace(Reported):
    """A closed loop over time, with or without a leading axis of runs.

    Attributes:
        structure: whose loop it is.
        state: the true state of the processes at the start of each step.
        measured: what entered the network, as the sensors rounded it.
        believed: the process models of all controllers.
        remembered: the states that controllers carry, before the step.
        command: what left the network, as the controllers decided it.
        disturbance: what disturbed the processes, by component.
        range_violations: every signal that left its declared range.
        domains: of every signal that has one.
        steps: how many steps were run.
        runs: how many runs there are; None without an axis of runs.
        faults: of each port between blocks, when [(run,) time] it caught a value that is not finite and put a safe one;
            empty without a Layer 0 controller.

    Example:
        >>> model = hc.assemble(hc.load(find("heated room")))
        >>> trace = hc.simulate(model, steps=50)
        >>> trace.state["temperature"].shape, trace.command["heat"][:3].tolist()
        ((50,), [1.0, 1.0, 1.0])
    """

    structure: ControlStructure
    state: Signals
    measured: Signals
    believed: Signals
    remembered: Signals
    command: Signals
    disturbance: Signals
    range_violations: tuple[RangeViolation, ...]
    domains: Mapping[Signal, Domain]
    steps: int
    runs: int | None = None
    faults: Mapping[Signal, np.ndarray] = field(default_factory=dict)

    @property
    def excursions(self) -> tuple[RangeViolation, ...]:
        """What `range_violations` was called before."""
        warnings.warn("`excursions` is now `range_violations`", DeprecationWarning, stacklevel=2)
        return self.range_violations

    @property
    def done(self) -> Signals:
        """What `command` was called before."""
        warnings.warn("`done` is now `command`", DeprecationWarning, stacklevel=2)
        return self.command

    @property
    def kinds(self) -> tuple[Signals, ...]:
        """All signals, kind by kind."""
        return self.state, self.measured, self.believed, self.remembered, self.command, self.disturbance

    @property
    def time(self) -> np.ndarray:
        """The time of each step [time], in the unit of the structure's time step."""
        return np.arange(self.steps) * self.structure.time_step.value

    def _wide(self, signal: Signal) -> bool:
        return signal in self.domains and self.domains[signal].discrete

    def words(self, signals: Signals, key: str | Signal) -> np.ndarray:
        """Return the words of a discrete signal [(run,) time].

        Raises:
            HandcraftedError: if the signal is real.
        """
        signal = signals.find(key)
        if not self._wide(signal):
            raise HandcraftedError(f"Expected a discrete signal, got {signal}, which is a number. Read it as it is.")
        return np.array(self.domains[signal].values)[np.argmax(signals[signal], axis=-1)]

    def save(self, path: str | Path, run: int = 0) -> Path:
        """Write one run as a table: a column per signal, a row per step.

        Raises:
            HandcraftedError: if there is no such run, or the file cannot be written.
        """
        must_be(path, str | Path, "the path of a file to write")
        run = whole("the number of a run", run, 0, (self.runs or 1) - 1)
        titled = {
            "time": self.time,
            **{title: column for kind, s in self._all() for title, column in self._columns(kind, s, run)},
        }
        rows = [[*titled], *zip(*(column.tolist() for column in titled.values()), strict=True)]
        return write_whole(Path(path), as_csv(rows).encode())

    def _all(self) -> Iterator[tuple[Signals, Signal]]:
        return ((kind, signal) for kind in self.kinds for signal in kind)

    def _title(self, kind: Signals, signal: Signal) -> str:
        return f"{kind.kind}: {_name(signal)}"

    def _columns(self, kind: Signals, signal: Signal, run: int) -> Iterator[tuple[str, np.ndarray]]:
        """Return title and values [time] of one signal of one run; of a vector, one column per number."""
        values = self.words(kind, signal) if self._wide(signal) else kind[signal]
        values, title = values if self.runs is None else values[run], self._title(kind, signal)
        if values.ndim == 1:
            yield title, values
            return
        for i, column in enumerate(values.reshape(len(values), -1).T):
            yield f"{title}[{i}]", column

    def report(self) -> Report:
        """Report each signal's least, greatest and last value over all runs; below, what left its range."""
        runs = "" if self.runs is None else f"{self.runs} runs of "
        unit = self.structure.time_step.unit or ""
        title = f"{self.structure.name}: {runs}{self.steps} steps of {self.structure.time_step.value:g} {unit}".strip()
        rows = [(_name(signal), kind.kind, *self._range(kind, signal)) for kind, signal in self._all()]
        below = [*map(str, self.range_violations), *self._caught()]
        return Report(title, ("signal", "kind", "least", "greatest", "last"), rows, below)

    def _range(self, kind: Signals, signal: Signal) -> tuple[str, str, str]:
        """Return least, greatest and last value of a signal; of words all that came up, of a vector nothing."""
        if self._wide(signal):
            words = self.words(kind, signal).ravel()
            return "", ", ".join(dict.fromkeys(words.tolist())), str(words[-1])
        values = kind[signal]
        if values.ndim > 1 + (self.runs is not None):
            return "", f"{int(np.prod(values.shape[values.ndim - 1 :]))} numbers", ""
        return f"{values.min():g}", f"{values.max():g}", f"{values.ravel()[-1]:g}"

    def _caught(self) -> Iterator[str]:
        """Say which ports caught something."""
        for signal, caught in self.faults.items():
            if caught.any():
                first = int(np.flatnonzero(caught.reshape(-1, caught.shape[-1]).any(axis=0))[0])
                where = f"{signal.owner}'s port for {signal.name}"
                yield f"{where} put a safe value for one that is not finite in {caught.sum()} steps, first {first}"


def range_violations_of(
    kinds: Sequence[Signals], domains: Mapping[Signal, Domain], names: Mapping[str, str]
) -> tuple[RangeViolation, ...]:
    """List every real signal that left its declared range, beyond float32 rounding."""
    found = []
    for kind in kinds:
        for signal, values in kind.items():
            domain = domains.get(signal)
            if domain is None or domain.discrete or kind.kind not in names:
                continue
            slack = 1e-6 * max(abs(domain.low), abs(domain.high))
            beyond = np.nan_to_num(np.maximum(domain.low - values, values - domain.high), nan=-np.inf)
            outside = beyond > slack
            if outside.any():
                first = int(np.flatnonzero(outside.reshape(-1, outside.shape[-1]).any(axis=0))[0])
                worst = float(values.reshape(-1)[np.argmax(beyond)])
                found.append(RangeViolation(names[kind.kind], signal, domain, first, int(outside.sum()), worst))
    return tuple(found)
