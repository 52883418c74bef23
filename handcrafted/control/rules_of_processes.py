"""Rules of processes: what their dynamics may name, and where they may start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from handcrafted.control.complaint import FilePath, must_be_known, refuse
from handcrafted.control.domain import Domain, Value
from handcrafted.control.dynamics import Dynamics, FiniteState, first_outputs
from handcrafted.control.letters import listed
from handcrafted.control.resolved import ResolvedLink
from handcrafted.control.structure import ControlStructure

MOST_HANDED = 100
"""Components that hand a signal on before it reaches a controller."""


def check_dynamics(structure: ControlStructure, name: str, dynamics: Dynamics) -> None:
    """Check the dynamics of one component against what arrives at it and what is fed back from it."""
    path: FilePath = ("components", name, "dynamics")
    arriving = {link.id.name: link.domain for link in structure.resolved.links if link.id.receiver == name}
    if isinstance(dynamics, FiniteState):
        _check_transitions(path, dynamics, name, arriving)
    else:
        for given in dynamics.inputs:
            must_be_known((*path, "inputs"), f"the name of something that arrives at {name}", given, arriving)
    for output, first in first_outputs(dynamics).items():
        for link in _carrying(structure, name, output, (name,)):
            _check_output(path, dynamics, link, first)


def _carrying(structure: ControlStructure, sender: str, name: str, seen: tuple[str, ...]) -> Iterator[ResolvedLink]:
    """Give the links by which an output of a process enters the network, through sensors too."""
    for link in structure.resolved.links:
        receiver = structure.components.get(link.id.receiver or "")
        if (link.id.sender, link.id.name) != (sender, name) or receiver is None or link.id.receiver is None:
            continue
        if link.counted:
            yield link
        elif receiver.dynamics is None and link.id.receiver not in seen:
            if len(seen) > MOST_HANDED:
                text = (
                    f"Expected {name} of {seen[0]} to be handed on at most {MOST_HANDED} times, got more. Shorten it."
                )
                refuse(("components", seen[0], "dynamics"), text)
            yield from _carrying(structure, link.id.receiver, name, (*seen, link.id.receiver))


def _check_transitions(path: FilePath, dynamics: FiniteState, name: str, arriving: Mapping[str, Domain]) -> None:
    states = dynamics.states
    if dynamics.initial is not None:
        must_be_known((*path, "initial"), f"a state of {name}", dynamics.initial, states)
    for i, row in enumerate(dynamics.transitions):
        at = (*path, "transitions", i)
        must_be_known((*at, "state"), f"a state of {name}", row.state, states)
        must_be_known((*at, "next"), f"a state of {name}", row.next, states)
        for given, word in row.when.items():
            must_be_known((*at, "when"), f"the name of something that arrives at {name}", given, arriving)
            if not arriving[given].discrete:
                text = f"Expected words to test in a transition, got {given} ({arriving[given]}). Give it values."
                refuse((*at, "when", given), text)
            must_be_known((*at, "when", given), f"a value of {given}", word, arriving[given].values)


def _check_output(path: FilePath, dynamics: Dynamics, link: ResolvedLink, first: Value) -> None:
    """Check one feedback of a process: its kind of values, and that the process starts inside them."""
    states = dynamics.states if isinstance(dynamics, FiniteState) else ()
    if link.domain.values != states:
        got = f"the values {link.domain}" if link.domain.discrete else "a range"
        wanted = f"the states {listed(states)} as its values" if states else "a range, for it is a number"
        text = f"Expected {wanted} for {link.id.name} from {link.id.sender}, got {got}. Declare the same on both."
        refuse(path, text)
    if not isinstance(first, str) and not link.domain.low <= first <= link.domain.high:
        refuse(
            path,
            f"Expected {link.id.name} to start within its range {link.domain}, got {first:g}. Start inside, or widen "
            "the range of the feedback.",
        )
