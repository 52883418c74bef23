"""What is claimed never to happen: a hazard, or an unsafe control action, as tests of one step."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from math import prod
from typing import NamedTuple

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.entries import Hazard
from handcrafted.control.parts import Bounds, Condition
from handcrafted.control.signal_graph import network_output
from handcrafted.control.stpa import UnsafeControlAction
from handcrafted.control.true_variable import TrueVariable
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.names import Names
from handcrafted.text.diagnostics import HandcraftedError, nearest
from handcrafted.text.letters import shown

SAID, UNSAID = "1/2", "9/16"
"""A word is said above the first of these; what is not above the second may count as not said, too."""

ASKED = {
    "provided": ((None, None), (True, True)),
    "not provided": ((None, None), (True, False)),
    "too early": ((False, True), (True, None)),
    "too late": ((False, None), (True, False)),
    "stopped too soon": ((True, True), (True, False)),
    "applied too long": ((True, True), (False, True)),
}
"""What each type of unsafe control action asks: whether its context held in the step before, whether the action was
provided then, and both now; what `handcrafted.safety.stpa.timing` asks of traces."""

MAX_ROWS = 256
"""Rows of tests, any of which is never to be met."""


class StepTest(NamedTuple):
    """One test of a step: of the true state, or of an action.

    Attributes:
        way: `above` or `below` a mark; a word counts 1 where it is said, else 0.
        mark: the exact number, as text.
        variable: of the true state.
        word: which word it must be.
        column: of the network's outputs, in place of a variable.
        before: whether it is asked of the step before.
    """

    way: str
    mark: str
    variable: TrueVariable | None = None
    word: int | None = None
    column: int | None = None
    before: bool = False


class SafetyClaim(NamedTuple):
    """What is claimed never to happen.

    Attributes:
        id: of the hazard, or of the unsafe control action.
        text: what it is, in words.
        never: any of these, each all of some tests of one step and the one before.
        at_first: whether, at the first step, what is asked of the one before counts as met.
    """

    id: str
    text: str
    never: tuple[tuple[StepTest, ...], ...]
    at_first: bool = False


def claims_of(
    structure: ControlStructure, names: Names, hazards: Iterable[str] = (), rules: Iterable[str] = ()
) -> list[SafetyClaim]:
    """Return what can be claimed: chosen hazards and unsafe control actions, or all that two steps decide.

    Raises:
        HandcraftedError: if there is none of that id, or none that can be claimed.
    """
    chosen, ids = [*hazards], [*rules]
    known = {rule.id: rule for rule in structure.unsafe_control_actions}
    for what, some, all_of in (("a hazard", chosen, structure.hazards), ("an unsafe control action", ids, known)):
        for one in some:
            if one not in all_of:
                raise HandcraftedError(f"Expected the id of {what}, got {shown(one)}.{nearest(one, all_of)}")
    if not chosen and not ids:
        left = unclaimed(structure, names)
        chosen, ids = [id for id in structure.hazards if id not in left], [id for id in known if id not in left]
    if not chosen and not ids:
        raise HandcraftedError(
            f"Expected a hazard with `when`, or an unsafe control action with a context, got none in {structure.name}. "
            "State one."
        )
    found = [_of_hazard(structure, id, structure.hazards[id]) for id in chosen]
    return found + [_of_rule(structure, names, known[id]) for id in ids]


def unclaimed(structure: ControlStructure, names: Names) -> dict[str, str]:
    """Return the hazards and unsafe control actions of which nothing can be claimed, with the reasons."""
    found = {}
    for id, hazard in structure.hazards.items():
        with _kept(found, id):
            _of_hazard(structure, id, hazard)
    for rule in structure.unsafe_control_actions:
        with _kept(found, rule.id):
            _of_rule(structure, names, rule)
    return found


@contextmanager
def _kept(found: dict[str, str], id: str) -> Iterator[None]:
    try:
        yield
    except HandcraftedError as error:
        found[id] = str(error)


def _of_hazard(structure: ControlStructure, id: str, hazard: Hazard) -> SafetyClaim:
    if not hazard.when:
        raise HandcraftedError(
            f"Expected hazard {id} with `when`, a predicate over the true state, got none. State it, or prove an "
            "unsafe control action that leads to it."
        )
    return SafetyClaim(id, hazard.text, _rows(structure, hazard.when))


def _rows(structure: ControlStructure, condition: Condition) -> tuple[tuple[StepTest, ...], ...]:
    """Return a condition over the true state as rows of tests; of several words each has rows of its own."""
    state, found = structure.true_state, []
    for row in condition:
        ways: list[list[tuple[StepTest, ...]]] = []
        for name, test in row.items():
            variable = state.variable(name)
            if isinstance(test, Bounds):
                ways.append([tuple(StepTest(way, mark, variable) for way, mark in _bounds(test))])
            else:
                domain = state.domains[variable]
                words = domain.values if domain else ()
                ways.append([(StepTest("above", SAID, variable, words.index(word)),) for word in test])
        found += [tuple(itertools.chain(*one)) for one in itertools.product(*ways)]
    return tuple(found)


def _bounds(test: Bounds) -> Iterator[tuple[str, str]]:
    if test.above is not None:
        yield "above", str(Fraction(repr(float(test.above))))
    if test.below is not None:
        yield "below", str(Fraction(repr(float(test.below))))


def _of_rule(structure: ControlStructure, names: Names, rule: UnsafeControlAction) -> SafetyClaim:
    """Return an unsafe control action as a claim: a context together with what counts as done, or as not done.

    What can be taken for either counts as both. A number counts as provided above half its range.
    """
    if rule.type not in ASKED or not rule.formal:
        raise HandcraftedError(
            f"Expected an unsafe control action that two steps decide, {', '.join(ASKED)}, with a context, got "
            f"{rule.id}. Nothing is proved of the others yet."
        )
    holds = _rows(structure, rule.context) if rule.context else ((),)
    action = _outputs(structure, names, rule)
    wanted: list[list[tuple[StepTest, ...]]] = []
    for at, (context, provided) in enumerate(ASKED[rule.type]):
        rows = [] if context is None else [[*holds]] if context else [_negated(holds)]
        rows += [] if provided is None else [_done(action, rule, provided)]
        wanted += [[tuple(test._replace(before=at == 0) for test in row) for row in some] for some in rows]
    if (count := prod(map(len, wanted))) > MAX_ROWS or not count:
        raise HandcraftedError(
            f"Expected a context of {rule.id} that is not every context, of {MAX_ROWS} combinations of tests at most, "
            f"got {count}. State it in fewer rows."
        )
    text, first = f"{rule.by}: {rule.action} {rule.type}", rule.type == "too late"
    return SafetyClaim(rule.id, text, tuple(tuple(itertools.chain(*one)) for one in itertools.product(*wanted)), first)


def _negated(rows: Sequence[tuple[StepTest, ...]]) -> list[tuple[StepTest, ...]]:
    """Return rows of which one is met where none of some others is."""
    if prod(map(len, rows)) > MAX_ROWS:
        return [()] * (MAX_ROWS + 1)
    return [tuple(map(_not, one)) for one in itertools.product(*rows)]


def _not(test: StepTest) -> StepTest:
    """Return the opposite of a test; a state is a float32 number, so that the next one beyond an end is known."""
    if test.word is not None:
        return test._replace(way="below")
    exact, turned = Fraction(test.mark), {"above": "below", "below": "above"}[test.way]
    near = np.float32(float(exact))
    beyond = near if (Fraction(float(near)) > exact if turned == "below" else Fraction(float(near)) < exact) else None
    mark = beyond if beyond is not None else np.nextafter(near, np.float32(np.inf if turned == "below" else -np.inf))
    return test._replace(way=turned, mark=str(Fraction(float(mark))))


def _outputs(structure: ControlStructure, names: Names, rule: UnsafeControlAction) -> tuple[list[int], Domain]:
    """Return which outputs of the network an action is, and its domain."""
    links = [
        link
        for link in structure.resolved.links
        if link.sent_by_controller and (link.id.sender, link.id.name) == (rule.by, rule.action) and link.port
    ]
    signals = {network_output(link.port) for link in links if link.port} & set(names.output_signals)
    if len(signals) != 1 or len({link.port for link in links}) != 1:
        raise HandcraftedError(
            f"Expected {rule.action} of {rule.by} to leave the network, got one that goes to a controller. Nothing is "
            "proved of those yet."
        )
    return names.output_signals[signals.pop()].tolist(), links[0].domain


def _done(action: tuple[list[int], Domain], rule: UnsafeControlAction, issued: bool) -> list[tuple[StepTest, ...]]:
    """Return an action as rows of tests, one of which is met where it is done, or where it is not."""
    columns, domain = action
    if not domain.discrete:
        if isinstance(rule.amount, Bounds):
            inside = tuple(StepTest(way, mark, column=columns[0]) for way, mark in _bounds(rule.amount))
            if issued:
                return [inside]
            return [(_not(test),) for test in inside]
        half = Fraction(repr(float(domain.low + domain.high))) / 2
        most = str(half if issued else half + Fraction(1, 2**20))
        return [(StepTest("above" if issued else "below", most, column=columns[0]),)]
    counted = rule.amount if isinstance(rule.amount, tuple) else domain.values[1:]
    of = [column for column, word in zip(columns, domain.values, strict=True) if (word in counted) == issued]
    rest = [column for column in columns if column not in of]
    said = [(StepTest("above", SAID, column=column),) for column in of]
    return [*said, tuple(StepTest("below", UNSAID, column=column) for column in rest)]
