"""Folding: copies inside a controller go by one name; what one reader alone reads is written where it is read."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from handcrafted.control.graph import INPUT, OUTPUT, Signal
from handcrafted.control.vocabulary import Role
from handcrafted.readout.equations.extract import Extractor
from handcrafted.readout.equations.terms import Clip, RectifiedUnit, Sum, Value, substituted, term, values_of
from handcrafted.readout.target import TargetNetwork

MAX_LEAVES = 64
"""Values in a formula up to which it is written where it is read."""

STAYS = (Role.FEEDBACK, Role.FEEDBACK_MODELLING)
"""Roles of what a controller receives and believes: written where it is read only by others of its role."""


Formulas = dict[Value, Sum]
"""What each coordinate is, at its last value or up to a half-layer."""

Starts = dict[tuple[Signal, int], float]
"""The value of each coordinate before t = 0."""

Copy = tuple[Signal, int]
"""What a subspace is a copy of, and how many steps later."""


@dataclass(frozen=True)
class Folded:
    """The formulas of a network.

    Attributes:
        formulas: of every coordinate that is left, in order of the names.
        copies: for each subspace that goes by another one's name, which one, and how many steps later.
        starts: the value of each coordinate before t = 0.
    """

    formulas: Formulas
    copies: dict[Signal, Copy]
    starts: Starts


def fold(subject: TargetNetwork) -> Folded:
    """Read the formulas off the weights, and fold them until nothing changes."""
    formulas = Extractor(subject).formulas()
    starts = {
        (signal, i): float(subject.parts.ends.initial[place])
        for signal, places in subject.spaces.items()
        for i, place in enumerate(places)
    }
    while True:
        one = _Pass(formulas, starts)
        folded = one.run()
        if folded == formulas:
            return Folded(_without_copies(folded, one.copies), one.copies, starts)
        formulas = folded


def _without_copies(formulas: Formulas, copies: dict[Signal, Copy]) -> Formulas:
    """Leave out the formulas of copies that nothing reads under their own name."""
    read = {value.signal for formula in formulas.values() for value in values_of(formula)}
    return {value: formula for value, formula in formulas.items() if value.signal not in copies or value.signal in read}


def plain(name: str) -> str:
    """Return a signal's name without what tells equal ones apart, and without what marks the next step."""
    stem = name.removesuffix(" next")
    head, number, digits = stem.rpartition("#")
    return head if number and digits.isdigit() else stem


class _Pass:
    """One pass over all formulas: copies, constants and single readers; repeated until nothing changes."""

    def __init__(self, formulas: Formulas, starts: Starts):
        self.formulas, self.starts = formulas, starts
        self.coordinates: dict[Signal, list[Value]] = {}
        for value in formulas:
            if value.until is None:
                self.coordinates.setdefault(value.signal, []).append(value)
        self.copies = {signal: copy for signal in self.coordinates if (copy := self._copy(signal))}
        self.readers: dict[Value, set[tuple[Signal, int]]] = defaultdict(set)
        for value, formula in formulas.items():
            for read in values_of(formula):
                self.readers[replace(read, lag=0)].add((value.signal, read.lag))
        self.done: dict[Value, Sum] = {}

    def run(self) -> Formulas:
        """Return the formulas that are left."""
        found = {value: self.formula(value) for value in self.formulas}
        needed = {replace(read, lag=0) for formula in found.values() for read in values_of(formula)}
        return {value: f for value, f in found.items() if value in needed or not self.inlined(value)}

    def formula(self, value: Value) -> Sum:
        """Return the folded formula of a coordinate."""
        if value not in self.done:
            own = value.signal
            self.done[value] = substituted(self.formulas[value], lambda read: self.read(read, own))
        return self.done[value]

    def read(self, read: Value, reader: Signal) -> Sum:
        """Return what stands in a formula of `reader` for a value that it reads."""
        now = replace(read, lag=0)
        if now not in self.formulas or read.signal.role == INPUT:
            return term(read)
        if same_owner(read.signal, reader):
            if read.until is None and (copy := self.copies.get(read.signal)) and self.carries(read, copy):
                return self.read(replace(read, signal=copy[0], lag=read.lag + copy[1]), reader)
            if read.lag == 0 and (self.inlined(read) or not self.formulas[now].terms):
                return self.formula(now)
            return term(replace(read, fraction=self.fraction(read)))
        return term(read)

    def carries(self, read: Value, copy: Copy) -> bool:
        """Whether a copy may stand in for what is read: before t = 0 it must have had the same value."""
        places = (read.signal, read.index), (copy[0], read.index)
        return read.lag == 0 or self.starts.get(places[0]) == self.starts.get(places[1])

    def fraction(self, read: Value) -> bool:
        """Whether a value lies between 0 and 1 at every step, those before the start included."""
        low, high = self.formulas[replace(read, lag=0)].bounds
        return low >= 0 and high <= 1 and 0 <= self.starts.get((read.signal, read.index), 0.0) <= 1

    def _copy(self, signal: Signal) -> Copy | None:
        """Return what a subspace is a mere copy of, of its owner and of its name; None where it is none."""
        found = set()
        for value in self.coordinates[signal]:
            one = self.formulas[value].alone
            if not isinstance(one, Value) or one.index != value.index or one.until is not None:
                return None
            found.add((one.signal, one.lag))
        if len(found) != 1:
            return None
        other, lag = found.pop()
        if other not in self.coordinates or other == signal or not same_owner(signal, other):
            return None
        same_size = len(self.coordinates[other]) == len(self.coordinates[signal])
        return (other, lag) if same_size and plain(other.name) == plain(signal.name) else None

    def inlined(self, value: Value) -> bool:
        """Whether a coordinate is written where it is read: a delay or one unit that one subspace alone reads."""
        now = replace(value, lag=0)
        readers = self.readers[now]
        if len(readers) != 1 or value.until is not None or value.signal.role in (INPUT, OUTPUT):
            return False
        ((reader, lag),) = readers
        if lag or not same_owner(value.signal, reader) or reader == value.signal or value.signal in self.copies:
            return False
        if value.signal.role in STAYS and reader.role != value.signal.role:
            return False
        formula = self.formulas[now]
        if len(formula.terms) != 1 or formula.constant != 0:
            return False
        one = formula.terms[0][0]
        delayed = isinstance(one, Value) and formula.alone is one and one.lag > 0 and one.signal != value.signal
        return delayed or (isinstance(one, (RectifiedUnit, Clip)) and len(values_of(formula)) <= MAX_LEAVES)


def same_owner(one: Signal, other: Signal) -> bool:
    """Whether one signal may be folded into the other: those of one owner inside the network."""
    return one.owner == other.owner and not {INPUT, OUTPUT} & {one.role, other.role}
