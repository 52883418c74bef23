"""From array entries back to the parameters that they encode: which values derive exactly these numbers?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import pairwise

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.tuning import ParameterRef, Setting, knobs, tuned
from handcrafted.model.arrays import on_host
from handcrafted.model.layout import circuits_by_component, component_at
from handcrafted.model.network import Network, Rebuild
from handcrafted.model.parameters import differ, trials
from handcrafted.model.provenance import places_in
from handcrafted.model.weights import FIELD_AXES, Weights
from handcrafted.text.diagnostics import FilePath, HandcraftedError

STEPS = 40
"""Steps of the search for a number where an entry is no straight line of its parameter."""

DIGITS = (*range(1, 10), 12, 17)
"""Significant digits that are tried: of all numbers that derive the same float32, the shortest is meant."""

MAX_TARGETS = 2
"""Entries by which a value is looked for, if the first ones lead nowhere."""

ELSEWHERE = 2
"""Trials that move entries other than the edited one, before a parameter is given up."""

STRAIGHT = 2.0**-18
"""Up to such a share of what an entry moves it counts as a straight line of its parameter."""

BETWEEN = 18
"""Values that are tried between the nearest one and where a straight line leads, for entries that go by steps."""

REACH = 16
"""How far from a whole number others are tried."""

Place = tuple[str, tuple[int, ...]]
"""An array and an index there."""

Off = Weights
"""Where raw entries differ from what the structure's laws derive, as booleans."""


def drifted(built: Network, raw: Weights) -> Off:
    """Mark the raw entries that are not what a structure derives."""
    return built.weights.map(differ, raw)


def follow(structure: ControlStructure, rebuild: Rebuild, raw: Weights, entry: Place) -> Network:
    """Return the network whose parameters derive as many of the raw entries as they can, one after another.

    Parameters are looked at that move an entry: the one that was just edited. One is moved only if every entry that it
    then moves is exactly what stands there; of several values that derive the same numbers the one with the fewest
    digits is taken.

    Formula: the entry as a function of the parameter is inverted, in one step where it is a straight line.
    Source: Brent 1973, Algorithms for Minimization without Derivatives, chapter 4, where it is none.
    Error: none in the arrays; a parameter is known as well as float32 holds it.
    """
    raw, built = raw.map(on_host), rebuild(structure)
    own = _laws(built, {entry[0]: [entry[1]]})
    while laws := own & _laws(built, {name: places_in(at) for name, at in drifted(built, raw).items()}):
        known = [knob for knob in knobs(built.structure).values() if knob.path[:4] in laws]
        found = [new for knob in known if (new := _Search(rebuild, built, knob, raw, entry).found()) is not None]
        if not found:
            break
        built = max(found, key=lambda new: _moved(built, new))
    return built


def _moved(old: Network, new: Network) -> int:
    """Count the entries in which two sets of arrays differ."""
    return sum(int(differ(array, new.weights[name]).sum()) for name, array in old.weights.items())


def _laws(built: Network, entries: Mapping[str, Iterable[tuple[int, ...]]]) -> set[FilePath]:
    """Say where the file states the laws whose circuits or subspaces hold some entries."""
    off = {signal for name, places in entries.items() for place in places for signal in _written(built, name, place)}
    found: set[FilePath] = set()
    for name, controller in built.structure.resolved.controllers.items():
        for where, parts in (("process model", controller.variables), ("control algorithm", controller.entries)):
            found |= {("components", name, where, part.name) for part in parts if off & {*part.written}}
    return found


def _written(built: Network, array: str, index: tuple[int, ...]) -> Iterator[Signal]:
    component = component_at(array, index)
    if component is None:
        touched = (i for i, axis in zip(index, FIELD_AXES[array], strict=True) if axis == "d_model")
        yield from (built.names.residual[i].subspace for i in touched)
    elif (place := circuits_by_component(built.layout).get(component)) is not None:
        yield place.writes


class _Same:
    """A structure, the same as another if it is that very one."""

    def __init__(self, structure: ControlStructure):
        self.structure = structure

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.structure is other.structure

    def __hash__(self) -> int:
        return id(self.structure)


@lru_cache(maxsize=64, typed=True)
def _changed(which: _Same, knob: ParameterRef, value: Setting) -> ControlStructure:
    """Return a structure with one parameter changed; edit after edit of entries, the same are tried."""
    return tuned(which.structure, knob, value)


class _Search:
    """The search for the value of one parameter."""

    def __init__(self, rebuild: Rebuild, built: Network, knob: ParameterRef, raw: Weights, entry: Place):
        self.rebuild, self.built, self.knob, self.raw, self.entry = rebuild, built, knob, raw, entry
        self.tried: dict[Setting, Network | None] = {}

    def found(self) -> Network | None:
        """Return the network of another value, if some value derives exactly the raw entries that it moves."""
        for value in self._candidates():
            if (new := self._built(value)) is not None and self._fits(new):
                return new
        return None

    def _candidates(self) -> Iterator[Setting]:
        """Return values to try: other words, whole numbers nearby, or what the secants say, from few digits to many."""
        value = self.knob.value
        if isinstance(value, str):
            yield from self.knob.choices
            return
        probe = self._telling()
        if probe is None:
            return
        if isinstance(value, int):
            yield from (value + k for step in range(1, REACH + 1) for k in (-step, step))
        for name, at in self._responding(probe):
            for solved, digits in self._solved((name, at)):
                numbers = list(dict.fromkeys(float(f"{solved:.{count}g}") for count in digits))
                yield from numbers
                if any((new := self._built(one)) and new.weights[name][at] == self.raw[name][at] for one in numbers):
                    return  # what gives this entry was tried, and does not give the others

    def _telling(self) -> Network | None:
        """Return a trial that moves the edited entry, and most of whose moves are off.

        If none is, no other value explains what stands there. Once `ELSEWHERE` trials moved other entries alone, the
        parameter is taken to be about those.
        """
        elsewhere, (name, at) = 0, self.entry
        for probe in filter(None, map(self._probe, trials(self.knob))):
            if self.built.weights[name][at] != probe.weights[name][at]:
                off, right = self._moves(probe)
                if off > right:
                    return probe
            elif (elsewhere := elsewhere + 1) == ELSEWHERE:
                return None
        return None

    def _probe(self, value: Setting) -> Network | None:
        """Return a trial that moves anything."""
        new = self._built(value)
        return None if new is None or not _moved(self.built, new) else new

    def _moves(self, new: Network) -> tuple[int, int]:
        """Count what a trial moves: entries that are off, and entries that are not."""
        off = drifted(self.built, self.raw)
        counts = np.zeros(2, int)
        for name, array in self.built.weights.items():
            moved = differ(array, new.weights[name])
            wrong = (moved & off[name]).sum()
            counts += wrong, moved.sum() - wrong
        return int(counts[0]), int(counts[1])

    def _built(self, value: Setting) -> Network | None:
        """Return what a value derives; None where it is not valid, or needs other circuits."""
        if value not in self.tried:
            self.tried[value] = None
            with suppress(HandcraftedError):
                new = self.rebuild(_changed(_Same(self.built.structure), self.knob, value))
                self.tried[value] = new if self.built.same_circuits(new) else None
        return self.tried[value]

    def _fits(self, new: Network) -> bool:
        """Whether a value moves something, and all that it moves to what stands there."""
        moved = self.built.weights.map(differ, new.weights)
        fits = not any((at & differ(new.weights[name], self.raw[name])).any() for name, at in moved.items())
        return fits and bool(_moved(self.built, new))

    def _responding(self, new: Network) -> list[Place]:
        """Return entries that a probe moves, those first that it moves least: others may jump."""
        found: dict[tuple[float, float, float], Place] = {}
        for name, array in self.built.weights.items():
            for at in places_in(differ(array, new.weights[name])):
                numbers = float(array[at]), float(new.weights[name][at]), float(self.raw[name][at])
                found.setdefault(numbers, (name, at))
        order = sorted(found, key=lambda numbers: abs(numbers[1] - numbers[0]))
        return [found[numbers] for numbers in order[:MAX_TARGETS]]

    @staticmethod
    def _straight(points: Sequence[tuple[float, float]]) -> bool:
        """Whether points lie on a straight line: what is beyond the values that are valid is found by none of them."""
        x, y = np.array(points, float).T if points else np.zeros((2, 0))
        if len(x) < 3:
            return False
        off = np.abs(np.polynomial.Polynomial.fit(x, y, 1)(x) - y).max()
        return bool(off <= STRAIGHT * np.abs(y - y[0]).max())

    def _solved(self, entry: Place) -> Iterator[tuple[float, Sequence[int]]]:
        """Solve for the parameter that gives what stands at an entry: on a straight line, then between two values.

        Returns:
            Numbers, each with the significant digits to which it is to be tried.
        """
        from scipy.optimize import root_scalar

        name, at = entry
        target = float(self.raw[name][at])
        over = lambda value: float(built.weights[name][at]) - target if (built := self._built(value)) else np.nan
        tried = (float(value) for value in (self.knob.value, *trials(self.knob)) if not isinstance(value, str))
        points = sorted((value, over(value)) for value in tried)
        points = [(value, off) for value, off in points if np.isfinite(off)]
        nearest = sorted(points, key=lambda point: abs(point[1]))[:2]
        line = [x - off * (y - x) / (beyond - off) for (x, off), (y, beyond) in pairwise(nearest) if off != beyond]
        yield from ((value, DIGITS) for value in line)
        if self._straight(points):
            return
        for (x, off), (y, beyond) in pairwise(points):
            if off * beyond < 0:
                with suppress(ValueError):  # not every value between them is valid
                    yield root_scalar(over, bracket=(x, y), maxiter=STEPS).root, DIGITS
        for end in line:  # steps, and no value tried on their far side
            for value in map(float, np.linspace(nearest[0][0], end, BETWEEN)[1:-1]):
                yield value, DIGITS if over(value) == 0 else ()
