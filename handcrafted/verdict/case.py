"""One claim held against one program: the variables that either reads, and what both make of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from handcrafted.control.domain import Domain as Values
from handcrafted.control.graph import Signal
from handcrafted.control.resolved import Lagged, next_step
from handcrafted.readout.program import Program
from handcrafted.readout.tolerances import EXACT, STATE, SUMS
from handcrafted.verdict.bends import contexts_of
from handcrafted.verdict.claims import Claim, Joint
from handcrafted.verdict.comparison import Counterexample, Found
from handcrafted.verdict.forms import Forms, joined
from handcrafted.verdict.pieces import Cell, NotPiecewise
from handcrafted.verdict.regions import (
    AllowedDeviation,
    Function,
    InputDomain,
    RegionDifference,
    Regions,
    TooMany,
    compare_regions,
)

MAX_WORDS = 2**14
"""Up to how many combinations of words each is looked at."""

MAX_CELLS = 4096
"""Up to how many cells are looked at for one claim before it is tried at its bends alone."""

MAX_VARIABLES = 8
"""Up to how many real variables regions are cut: a box has 2^n corners."""

HORIZON = 1000
"""Over how many steps the drift of a state is stated."""

MAX_ENTRIES = 2**16
"""Up to how many weights of units bends are sought; where everything is wired to everything there are more."""

PLANES = 4
"""From how many contexts on pairs of numbers are moved, where regions are too many."""

BEYOND = 1.0
"""So many times its width beyond its range a number is moved, to see whether the law still holds there."""

Words = Mapping[Lagged, np.ndarray]
"""Words and bits by what reads them, each [width] or [context, width]."""


class Case:
    """One claim, the program of what it is about, and everything that either of them reads.

    Attributes:
        words: what is one of a few values, with all of them [point, width]: words, and numbers with two values.
        numbers: all else, with its place among the variables.
    """

    def __init__(self, joints: Mapping[Signal, Joint], claim: Claim, program: Program, seed: int):
        self.claim, self.program, self.rng = claim, program, np.random.default_rng(seed)
        reads = dict.fromkeys([*claim.reads, *(Lagged(free.signal, free.lag) for free in program.reads)])
        self.values = {read: _values(joints[read.signal]) for read in reads}
        self.words: dict[Lagged, np.ndarray] = {}
        self.numbers: dict[Lagged, slice] = {}
        for read, values in self.values.items():
            points = values.points(2) if values.count == 1 else None
            if points is not None:
                self.words[read] = points
            else:
                start = max((place.stop for place in self.numbers.values()), default=0)
                self.numbers[read] = slice(start, start + values.width)
        self.domain = _domain([self.values[read] for read in self.numbers])
        results = [(signal, _values(joints[signal])) for signal in claim.results]
        self.signals = [signal for signal, values in results for _ in range(values.width)]
        sizes = [_size(values) for _, values in results for _ in range(values.width)]
        shares = [_share(values, claim, signal) for signal, values in results for _ in range(values.width)]
        self.allowed = AllowedDeviation(np.array(shares), np.array(sizes))
        self.seen = Regions()
        self.wrong: Counterexample | None = None
        self.between: Counterexample | None = None

    def found(self) -> Found:
        """Judge the claim: everywhere, or else at every bend; and look beyond the declared ranges."""
        why_not = self._too_large()
        try:
            if not why_not:
                self._everywhere()
        except TooMany:
            why_not = f"more than {MAX_CELLS} regions"
        except NotPiecewise as reason:
            why_not = str(reason)
        if why_not and not self.wrong and self.program.units.size <= MAX_ENTRIES:
            self._at_bends()
        proved = not why_not and not self.wrong
        count, drift = self.seen.count, self._drift()
        outside = self._outside() if proved else None
        return Found(self.claim, proved, count, why_not, self.wrong, self.between, outside, drift)

    def _too_large(self) -> str:
        combinations = math.prod(len(points) for points in self.words.values())
        if combinations > MAX_WORDS:
            return f"{combinations} combinations of words"
        count = len(self.domain.low)
        return f"{count} real variables" if count > MAX_VARIABLES else ""

    def _everywhere(self) -> None:
        """Look at every region, for every combination of words."""
        if not self.numbers:
            self._points(self._combined(), math.prod(len(points) for points in self.words.values()))
            return
        for words in self._combinations():
            self._look(words, self.domain)
            if self.wrong:
                return

    def _combined(self) -> dict[Lagged, np.ndarray]:
        """Return all combinations of words [combination, width]."""
        combinations = list(itertools.product(*(range(len(points)) for points in self.words.values())))
        chosen = np.array(combinations, int).reshape(len(combinations), len(self.words))
        return {read: points[chosen[:, i]] for i, (read, points) in enumerate(self.words.items())}

    def _combinations(self) -> Iterator[Words]:
        for points in itertools.product(*self.words.values()):
            yield dict(zip(self.words, points, strict=True))

    def _points(self, words: Words, count: int) -> None:
        """Compare at so many combinations of words, where nothing else is read."""
        reads = [words[Lagged(free.signal, free.lag)][:, free.index] for free in self.program.reads]
        first = self.program.at(np.stack(reads, axis=1) if reads else np.zeros((count, 0)))
        law = self.claim.law(words)
        parts = [np.broadcast_to(law[signal], (count, np.shape(law[signal])[-1])) for signal in self.claim.results]
        second = np.concatenate(parts, axis=1)
        self.seen.count += count
        wrong = np.argwhere(~(np.abs(first - second) <= self.allowed.of(second)))
        if len(wrong):
            row, result = wrong[0].tolist()
            law_gives = float(second[row, result])
            here = RegionDifference(np.zeros(0), result, float(first[row, result]), (law_gives, law_gives), True)
            self.wrong = self._example({read: values[row] for read, values in words.items()}, here)

    def _look(self, words: Words, domain: InputDomain, cell: Cell | None = None) -> Regions:
        """Compare on every region of a cell, or of the whole domain, with words held."""
        found = compare_regions(*self._functions(words), domain, self.allowed, MAX_CELLS - self.seen.count, cell)
        self.seen = self.seen.joined(found)
        for one in found.differences:
            if one.falls:
                self.wrong = self.wrong or self._example(words, one)
            else:
                self.between = self.between or self._example(words, one)
        return found

    def _functions(self, words: Words) -> tuple[Function, Function]:
        """Return what the network gives, and what the law gives, as functions of the numbers alone."""
        select = np.zeros((len(self.domain.low), len(self.program.reads)))
        constant = np.zeros(len(self.program.reads))
        for i, free in enumerate(self.program.reads):
            read = Lagged(free.signal, free.lag)
            if read in words:
                constant[i] = words[read][free.index]
            else:
                select[self.numbers[read].start + free.index, i] = 1.0

        def law(x: Forms) -> Forms:
            given = self.claim.law({**words, **{read: x[place] for read, place in self.numbers.items()}})
            return joined([given[signal] for signal in self.claim.results], x.run)

        return (lambda x: self.program.at(x @ select + constant)), law

    def _outside(self) -> Counterexample | None:
        """Return where the law no longer holds once a number is beyond its declared range, the others within."""
        between = self.between
        for k, side in itertools.product(range(len(self.domain.low)), (-1, 1)):
            width = BEYOND * (self.domain.high[k] - self.domain.low[k])
            low, high = self.domain.low.copy(), self.domain.high.copy()
            low[k], high[k] = (low[k] - width, low[k]) if side < 0 else (high[k], high[k] + width)
            for words in self._combinations():
                try:
                    self._look(words, InputDomain(low, high, self.domain.grid))
                except (TooMany, NotPiecewise):
                    return None
                if self.wrong:
                    outside, self.wrong = self.wrong, None
                    return outside
            self.between = between
        return None

    def _at_bends(self) -> None:
        """Move each number, and pairs of them, from many contexts on, and look at every region on the way."""
        try:
            for number, (words, point) in enumerate(
                contexts_of(self.program, self.words, self.numbers, self.domain, self.rng)
            ):
                for moved in _moved(len(point), number < PLANES):
                    low, high = point.copy(), point.copy()
                    low[list(moved)], high[list(moved)] = self.domain.low[list(moved)], self.domain.high[list(moved)]
                    self._look(words, self.domain, Cell.box(low, high))
                    if self.wrong:
                        return
        except (TooMany, NotPiecewise):
            return

    def _example(self, words: Words, at: RegionDifference) -> Counterexample:
        said: dict[Lagged, str | float] = {}
        for read, values in self.values.items():
            if read in self.numbers:
                many = at.point[self.numbers[read]]
                said[read] = float(many[0]) if len(many) == 1 else ", ".join(f"{one:.9g}" for one in many)
            elif values.discrete:
                said[read] = values.values[int(words[read].argmax())]
            else:
                said[read] = float(words[read][0])
        return Counterexample(said, self.signals[at.result], at.first, at.second)

    def _drift(self) -> float:
        """Return how far the state is off after 1,000 steps at the most, as a share of its size.

        Formula: d (1 + L + … + L^999), d the largest difference of one step, L the law's slope along its own state.
        """
        own = [i for i, signal in enumerate(self.signals) if signal in self.claim.state]
        memory = [place for read, place in self.numbers.items() if next_step(read.signal) in self.claim.state]
        if not own or not memory or not self.seen.worst.size:
            return 0.0
        step, slope = self.seen.worst[own].clip(0), self.seen.slopes[own, memory[0]]
        total = np.zeros(len(own))
        with np.errstate(over="ignore"):
            for _ in range(HORIZON):
                total = step + slope @ total
        return float((total / self.allowed.size[own]).max())


def _moved(count: int, pairs: bool) -> Iterator[tuple[int, ...]]:
    """Say which variables are moved at a time: none where there are none, each alone, and pairs."""
    yield from ((k,) for k in range(count)) if count else ((),)
    if pairs:
        yield from itertools.combinations(range(count), 2)


def _values(joint: Joint) -> Values:
    """Return what a signal may be, with the step of its grid, if it has one."""
    return joint.domain if joint.domain.discrete else replace(joint.domain, resolution=joint.quantum)


def _size(values: Values) -> float:
    return 1.0 if values.discrete else max(abs(values.low), abs(values.high))


def _share(values: Values, claim: Claim, signal: Signal) -> float:
    """Return the difference that is allowed, as a share of the size."""
    if (values.discrete and not claim.placeholder) or values.resolution:
        return EXACT
    return STATE if signal in claim.state else SUMS


def _domain(values: Sequence[Values]) -> InputDomain:
    """Return what real variables may be, one after the other."""
    rows = [(one.low, one.high, one.resolution or 0.0) for one in values for _ in range(one.width)]
    low, high, grid = np.array(rows).reshape(-1, 3).T
    return InputDomain(low, high, grid)
