"""Enumerate the contexts of an action: which variables matter, where they are cut, and what assumptions rule out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from handcrafted.control.domain import Domain, Value
from handcrafted.control.parts import Bounds, Condition
from handcrafted.control.resolved import Read, ResolvedEntry, ResolvedLink, ResolvedVariable
from handcrafted.control.stpa import Assumption
from handcrafted.control.true_variable import TrueVariable
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.true_state import TrueState
from handcrafted.safety.stpa.actions import Action, Test, axis
from handcrafted.safety.stpa.contexts import Contexts
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import listed

MAX_ROWS = 10**7
"""More contexts than these are not enumerated."""

Tests = dict[str, list[Test]]
"""The tests of each variable."""


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
    return enumerated(structure, action, tests_of(structure, action), sample, seed)


def enumerated(
    structure: ControlStructure, action: Action, tests: Tests, sample: int | None = None, seed: int = 0
) -> Contexts:
    """Enumerate the contexts that some variables make, cut where tests tell their values apart; see `contexts_of`."""
    _complete(structure, tests)
    state, domains = structure.true_state, domains_of(structure)
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
        return _possible(structure, Contexts(action, state, axes, np.unique(rows, axis=0), count))
    rows = np.stack(np.unravel_index(np.arange(count), sizes), axis=1) if axes else np.zeros((1, 0), int)
    return _possible(structure, Contexts(action, state, axes, rows, count))


def _possible(structure: ControlStructure, contexts: Contexts) -> Contexts:
    """Leave the contexts out that assumptions rule out.

    Raises:
        HandcraftedError: if none is left.
    """
    axes, against = {one.name for one in contexts.axes}, {}
    for name, assumed in structure.assume.items():
        tested = _tested_by(contexts.state, assumed)
        if tested and tested.keys() <= axes:
            against[name] = contexts.matching(assumed.when) & ~contexts.matching(assumed.then)
            if assumed.never is not None:
                against[name] = contexts.matching(assumed.never)
    if not against:
        return contexts
    kept = ~np.any(list(against.values()), axis=0)
    if not kept.any():
        raise HandcraftedError(
            f"Expected assumptions that leave some context of {contexts.action}, got {listed(against)}, which rule out "
            "every one. Mend one of them."
        )
    count = contexts.count if contexts.sampled else int(kept.sum())
    ruled_out = {name: int(bad.sum()) for name, bad in against.items() if bad.any()}
    return replace(contexts, rows=contexts.rows[kept], count=count, ruled_out=ruled_out)


def _tested_by(state: TrueState, assumed: Assumption) -> Tests:
    """Return the variables that an assumption is about, with its tests."""
    found: Tests = {}
    for condition in (assumed.never, assumed.when, assumed.then):
        add_tests(found, state.plain(condition))
    return found


def against_assumptions(structure: ControlStructure, values: Mapping[TrueVariable, Value]) -> bool:
    """Whether some values cannot stand together, as far as they are all that an assumption is about."""
    state = structure.true_state
    passes = lambda value, test: value in test if isinstance(test, tuple) else _between(float(value), test)
    holds = lambda condition: any(
        all(passes(values[state.variable(name)], test) for name, test in row.items()) for row in condition
    )
    for assumed in structure.assume.values():
        tested = _tested_by(state, assumed)
        if tested and all(state.variable(name) in values for name in tested):
            if assumed.never is not None and holds(assumed.never):
                return True
            if assumed.then is not None and (assumed.when is None or holds(assumed.when)) and not holds(assumed.then):
                return True
    return False


def _between(value: float, test: Bounds) -> bool:
    return (test.above is None or value > test.above) and (test.below is None or value < test.below)


def tests_of(structure: ControlStructure, action: Action) -> Tests:
    """Return the variables that contexts of an action are made of, with the tests that cut them."""
    found: Tests = {}
    state = structure.true_state
    for rule in (*structure.unsafe_control_actions, *structure.not_hazardous):
        if (rule.by, rule.action) == (action.by, action.name):  # one in words alone tests nothing
            add_tests(found, state.plain(rule.context))
    for name, tests in _decided_by(structure, action):
        found.setdefault(name, []).extend(tests)
    return found


def _complete(structure: ControlStructure, found: Tests) -> None:
    """Add the variables of assumptions that are about some of them, and where hazards cut any of them."""
    state = structure.true_state
    left = [_tested_by(state, assumed) for assumed in structure.assume.values()]
    while about := [tests for tests in left if tests.keys() & found.keys()]:
        left = [tests for tests in left if tests not in about]
        for name, tests in (item for one in about for item in one.items()):
            found.setdefault(name, []).extend(tests)
    others: Tests = {}
    for hazard in structure.hazards.values():
        add_tests(others, state.plain(hazard.when))
    for name in found.keys() & others.keys():
        found[name] += others[name]


def add_tests(found: Tests, condition: Condition) -> None:
    """Add the tests of a condition, whose variables go by their shortest names."""
    for row in condition:
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
                        name = structure.true_state.called(link.carries)
                        yield name, [*_on(variable, link), *(_through(entry, variable) if variable.copies else [])]


def _matters(link: ResolvedLink) -> bool:
    """Whether what arrives is of the true state, or a command in words; numbers that are commanded are no state."""
    return not link.sent_by_controller or link.domain.discrete


def _on(variable: ResolvedVariable, link: ResolvedLink) -> list[Test]:
    """Return the tests of a variable's own law on a link."""
    return _tests_in(variable.task.when, link.called)


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
    state = structure.true_state
    found = {variable: domain for variable, domain in state.domains.items() if domain is not None}
    for link in structure.resolved.links:
        # the domain of a link that a sensor rounds also says on which grid
        if link.carries not in found or link.domain.resolution:
            found[link.carries] = link.domain
    for controller in structure.resolved.controllers.values():
        for variable in controller.variables:
            found.setdefault(TrueVariable(controller.name, variable.name), variable.domain)
    return {state.called(variable): found.get(variable, Domain()) for variable in state.domains}
