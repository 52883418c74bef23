"""All contexts of a control action: every combination of the cells of the variables that matter for it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from handcrafted.components.minimise import Box, fewest
from handcrafted.control.domain import Domain
from handcrafted.control.parts import Bounds, Condition, Conjunction
from handcrafted.control.resolved import Read, ResolvedEntry, ResolvedLink, ResolvedVariable
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.rules_of_processes import true_state
from handcrafted.safety.stpa.actions import Action, Axis, Test, axis
from handcrafted.text.diagnostics import HandcraftedError

MAX_ROWS = 10**7
"""More contexts than these are not enumerated."""

Tests = dict[str, list[Test]]
"""The tests of each variable."""


@dataclass(frozen=True)
class Contexts:
    """The contexts of an action, or a sample of them.

    Attributes:
        axes: the variables with their cells.
        rows: the number of each variable's cell [context, axis].
        count: how many contexts there are; more than rows where they are sampled.
    """

    action: Action
    axes: tuple[Axis, ...]
    rows: np.ndarray
    count: int

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def sampled(self) -> bool:
        """Whether these are not all."""
        return len(self.rows) < self.count

    def matching(self, condition: Condition | None) -> np.ndarray:
        """Say of each context [context] whether it fulfils a condition; all fulfil none."""
        if condition is None:
            return np.ones(len(self.rows), bool)
        return np.any([self._row_matching(row) for row in condition], axis=0)

    def _row_matching(self, row: Conjunction) -> np.ndarray:
        found = np.ones(len(self.rows), bool)
        for at, one in enumerate(self.axes):
            found &= one.passing(row.get(one.name))[self.rows[:, at]]
        return found

    def number_of(self, rows: np.ndarray) -> np.ndarray:
        """The number of the context with these cells [row, axis]; -1 for no cell, and for what no sample holds."""
        if not self.axes:
            return np.zeros(len(rows), int)
        if not self.sampled:
            sizes = tuple(len(one.cells) for one in self.axes)
            return np.where((rows < 0).any(axis=1), -1, np.ravel_multi_index(tuple(np.maximum(rows, 0).T), sizes))
        number = {tuple(row): i for i, row in enumerate(self.rows.tolist())}
        return np.array([number.get(tuple(row), -1) for row in rows.tolist()], int)


def contexts_of(structure: ControlStructure, action: Action, sample: int | None = None, seed: int = 0) -> Contexts:
    """Enumerate the contexts of an action.

    Variables are those that rules about the action test, and those of the true state that its decision reads; words
    are cut one by one, numbers at every threshold that a rule, the decision or a hazard tests.

    Source: Thomas 2013, Extending and Automating a Systems-Theoretic Hazard Analysis, chapter 4.

    Args:
        structure: with rules.
        action: of one of its controllers.
        sample: draw so many contexts where there are more; None enumerates them all.
        seed: of the sample.

    Raises:
        HandcraftedError: if there are more than 10^7 contexts and no sample is asked for.
    """
    tests = tests_of(structure, action)
    domains = domains_of(structure)
    axes = tuple(axis(name, domains[name], found) for name, found in tests.items())
    sizes = [len(one.cells) for one in axes]
    count = math.prod(sizes)
    if sample is None and count > MAX_ROWS:
        raise HandcraftedError(
            f"Expected at most {MAX_ROWS:,} contexts of {action}, got {count:,}. Ask for a sample of them instead "
            "(`sample=10_000`, or --sample 10000)."
        )
    if sample is not None and count > sample:
        rng = np.random.default_rng(seed)
        rows = np.column_stack([rng.integers(size, size=sample) for size in sizes])
        return Contexts(action, axes, np.unique(rows, axis=0), count)
    rows = np.stack(np.unravel_index(np.arange(count), sizes), axis=1) if axes else np.zeros((1, 0), int)
    return Contexts(action, axes, rows, count)


def tests_of(structure: ControlStructure, action: Action) -> Tests:
    """Return the variables that contexts of an action are made of, with the tests that cut them."""
    found: Tests = {}
    for rule in (*structure.unsafe_control_actions, *structure.not_hazardous):
        if (rule.by, rule.action) == (action.by, action.name):
            _add(found, rule.context)
    for name, tests in _decided_by(structure, action):
        found.setdefault(name, []).extend(tests)
    others: Tests = {}
    for hazard in structure.hazards.values():
        _add(others, hazard.when)
    for name in found.keys() & others.keys():
        found[name] += others[name]
    return found


def _add(found: Tests, condition: Condition | None) -> None:
    for row in condition or ():
        for name, test in row.items():
            found.setdefault(name, []).append(test)


def _decided_by(structure: ControlStructure, action: Action) -> Iterator[tuple[str, list[Test]]]:
    """Return the links that the decision reads, through the variables, with the tests made on the way."""
    controller = structure.resolved.controllers.get(action.by)
    for entry in controller.entries if controller else ():
        if any(link in action.links for link in entry.links):
            for variable in entry.reads:
                for link in variable.reads:
                    if _matters(link):
                        yield (
                            link.id.name,
                            [*_on(variable, link), *(_through(entry, variable) if variable.copies else [])],
                        )


def _matters(link: ResolvedLink) -> bool:
    """Whether what arrives is of the true state, or a command in words; numbers that are commanded are no state."""
    return not link.sent_by_controller or link.domain.discrete


def _on(variable: ResolvedVariable, link: ResolvedLink) -> list[Test]:
    """Return the tests of a variable's own law on a link."""
    return _tests_in(variable.task.when, link.id.name)


def _through(entry: ResolvedEntry, variable: ResolvedVariable) -> list[Test]:
    """Return the tests of a decision on a variable that stands for what it reads."""
    reads = [read for read in entry.task.reads if read.name == variable.name]
    return [*_tests_in(entry.task.when, variable.name), *(_switching(entry, reads[0]) if reads else [])]


def _tests_in(condition: Condition | None, name: str) -> list[Test]:
    return [row[name] for row in condition or () if name in row]


def _switching(entry: ResolvedEntry, read: Read) -> list[Test]:
    """Return the thresholds of a law that switches at numbers of the one signal that it reads."""
    given: Mapping[str, object] = entry.declared.parameters if entry.declared else {}
    if read.domain.discrete or len(entry.task.reads) > 1:
        return []
    found: list[Test] = []
    for key, value in given.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            side = next((side for side in ("above", "below") if side in key.split()), None)
            if side:
                found.append(Bounds(above=value) if side == "above" else Bounds(below=value))
    return found


def domains_of(structure: ControlStructure) -> dict[str, Domain]:
    """Return the domain of every variable of the true state, with what the structure's defaults fill in."""
    found = {name: domain for name, domain in true_state(structure).items() if domain is not None}
    for link in structure.resolved.links:
        # the domain of a link that a sensor rounds also says on which grid
        if link.id.name not in found or link.domain.resolution:
            found[link.id.name] = link.domain
    for controller in structure.resolved.controllers.values():
        for variable in controller.variables:
            found.setdefault(variable.name, variable.domain)
    for name in true_state(structure):
        found.setdefault(name, Domain())
    return found


def merged(contexts: Contexts, chosen: np.ndarray) -> list[Box]:
    """Return the fewest rows that hold exactly these contexts [context]; sampled contexts stay as they are.

    A row says for each variable in which of its cells it is: words in any number, numbers in one interval.

    Source: prime implicants on many-valued variables, see `handcrafted.components.minimise`.
    """
    single = [tuple(1 << int(cell) for cell in row) for row in contexts.rows[chosen]]
    if contexts.sampled or not single:
        return single
    return ordered(fewest(gathered(single, contexts.axes), contexts.axes))


def box_of(axes: Sequence[Axis], condition: Condition | None) -> list[Box]:
    """Return a condition's rows as boxes; a row that nothing fulfils is left out."""
    found = []
    for row in condition if condition is not None else ({},):
        box = tuple(sum(1 << int(cell) for cell in np.flatnonzero(own.passing(row.get(own.name)))) for own in axes)
        if all(box):
            found.append(box)
    return found


def gathered(boxes: Sequence[Box], axes: Sequence[Axis]) -> list[Box]:
    """Join boxes that differ in one variable alone, variable by variable."""
    for at, own in enumerate(axes):
        together: dict[Box, int] = {}
        for box in boxes:
            rest = (*box[:at], 0, *box[at + 1 :])
            together[rest] = together.get(rest, 0) | box[at]
        boxes = [
            (*rest[:at], part, *rest[at + 1 :]) for rest, cells in together.items() for part in _sayable(cells, own)
        ]
    return list(boxes)


def _sayable(cells: int, own: Axis) -> list[int]:
    """Cut cells into what can be said in one breath."""
    if own.testable(cells):
        return [cells]
    parts = []
    while cells:
        lowest = cells & -cells
        run = cells & ~(cells + lowest)
        parts.append(run)
        cells &= ~run
    return parts


def ordered(boxes: Sequence[Box]) -> list[Box]:
    """Order rows: those that say most of the first variable come last."""
    return sorted(boxes, key=lambda box: tuple((cells.bit_count(), cells) for cells in box))
