"""Rules of processes, and of what must never happen."""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx

from handcrafted.control.domain import Domain, Value
from handcrafted.control.entries import Rule, UnsafeControlAction
from handcrafted.control.parts import Bounds
from handcrafted.control.resolved import Resolved, ResolvedLink
from handcrafted.control.vocabulary import LinkKind
from handcrafted.loading.rules_of_controllers import check_condition
from handcrafted.loading.structure import StructureFile
from handcrafted.plants.plant import Plant
from handcrafted.text.diagnostics import FilePath, must_be_known, refuse
from handcrafted.text.letters import listed

MAX_HANDED = 100
"""Components that hand a signal on before it reaches a controller."""


def check_dynamics(structure: StructureFile, resolved: Resolved, name: str, dynamics: Plant) -> None:
    """Check the dynamics of one component against what arrives at it and what is fed back from it."""
    path: FilePath = ("components", name, "dynamics")
    arriving = {link.id.name: link.domain for link in resolved.arriving.get(name, ())}
    dynamics.check(path, name, arriving)
    for output, first in dynamics.first_outputs.items():
        for link in _carrying(structure, resolved, name, output, (name,)):
            _check_output(path, dynamics, link, first)


def _carrying(
    structure: StructureFile, resolved: Resolved, sender: str, name: str, seen: tuple[str, ...]
) -> Iterator[ResolvedLink]:
    """Return the links by which an output of a process enters the network, through sensors too."""
    for link in resolved.leaving.get(sender, ()):
        receiver = structure.components.get(link.id.receiver or "")
        if link.id.name != name or receiver is None or link.id.receiver is None:
            continue
        if link.counted:
            yield link
        elif receiver.dynamics is None and link.id.receiver not in seen:
            if len(seen) > MAX_HANDED:
                text = f"Expected {name} of {seen[0]} to be handed on at most {MAX_HANDED} times, got more. Shorten it."
                refuse(("components", seen[0], "dynamics"), text)
            yield from _carrying(structure, resolved, link.id.receiver, name, (*seen, link.id.receiver))


def _check_output(path: FilePath, dynamics: Plant, link: ResolvedLink, first: Value) -> None:
    """Check one feedback of a process: its kind of values, and that the process starts inside them."""
    states = dynamics.words
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


ISSUED = (LinkKind.CONTROL_ACTION, LinkKind.REQUEST, LinkKind.OTHER_OUTPUT)


def check_traces(structure: StructureFile) -> None:
    """Check losses <- hazards <- constraints <- responsibilities."""
    parts = nx.DiGraph()
    for name, hazard in structure.hazards.items():
        for i, loss in enumerate(hazard.losses):
            must_be_known(("hazards", name, "losses", i), "a declared loss", loss, structure.losses)
        if hazard.part_of is not None:
            must_be_known(("hazards", name, "part of"), "a declared hazard", hazard.part_of, structure.hazards)
            parts.add_edge(name, hazard.part_of)
        if hazard.when is not None:
            check_condition(("hazards", name, "when"), hazard.when, true_state(structure))
    if not nx.is_directed_acyclic_graph(parts):
        ring = [edge[0] for edge in nx.find_cycle(parts)]
        said = listed([*ring, ring[0]], " part of ")
        refuse(("hazards", ring[0], "part of"), f"Expected sub-hazards of hazards, got {said}. Take one of them out.")
    for name, constraint in structure.constraints.items():
        for i, hazard in enumerate(constraint.hazards):
            must_be_known(("constraints", name, "hazards", i), "a declared hazard", hazard, structure.hazards)
    for owner, component in structure.components.items():
        for name, duty in component.responsibilities.items():
            for i, constraint in enumerate(duty.constraints):
                path = ("components", owner, "responsibilities", name, "constraints", i)
                must_be_known(path, "a declared constraint", constraint, structure.constraints)


def true_state(structure: StructureFile) -> dict[str, Domain | None]:
    """Name the variables of the true state: what processes give, what feedback carries, what controllers model.

    The domain is None where it is not declared, so that any test fits. A belief that copies one signal of another name
    is left out: it is that signal, and would be a second, independent variable.
    """
    found: dict[str, Domain | None] = {}

    def add(name: str | None, domain: Domain | None) -> None:
        if name is not None:
            found[name] = found.get(name) or domain

    for _, _, link in structure.links():
        add(link.name, link.domain)
    for component in structure.components.values():
        for name, variable in component.process_model.items():
            copied = None if variable.law else variable.reads
            if not copied or len(copied) != 1 or copied[0] == name:
                add(name, variable.domain)
        if component.dynamics:
            states = component.dynamics.words
            for name in component.dynamics.first_outputs:
                add(name, Domain(states) if states else None)
    return found


def check_unsafe_control_actions(structure: StructureFile, resolved: Resolved) -> None:
    """Check the rules on unsafe control actions, and those on what is not hazardous."""
    seen: set[str] = set()
    for i, uca in enumerate(structure.unsafe_control_actions):
        path: FilePath = ("unsafe control actions", i)
        if uca.id in seen:
            refuse((*path, "id"), f"Expected each id once, got {uca.id} twice. Number them differently.")
        seen.add(uca.id)
        _check_rule(structure, path, uca)
        for j, hazard in enumerate(uca.hazards):
            must_be_known((*path, "hazards", j), "a declared hazard", hazard, structure.hazards)
        _check_amount(resolved, path, uca)
    for i, excuse in enumerate(structure.not_hazardous):
        _check_rule(structure, ("not hazardous", i), excuse)
    for i, start in enumerate(structure.trial.start if structure.trial else ()):
        if start.when is not None:
            check_condition(("trial", "start", i, "when"), start.when, true_state(structure))


def _check_rule(structure: StructureFile, path: FilePath, rule: Rule) -> None:
    issuing = [name for name, ids in structure.leaving.items() if any(id.kind in ISSUED for id in ids)]
    must_be_known((*path, "by"), "the controller that issues the action", rule.by, [name or "" for name in issuing])
    own = [id.name for id in structure.leaving[rule.by] if id.kind in ISSUED]
    must_be_known((*path, "action"), f"an action that {rule.by} issues", rule.action, own)
    if rule.context is not None:
        check_condition((*path, "context"), rule.context, true_state(structure))


def _check_amount(resolved: Resolved, path: FilePath, uca: UnsafeControlAction) -> None:
    if uca.amount is None:
        return
    (domain, *_) = (link.domain for link in resolved.leaving[uca.by] if link.id.name == uca.action)
    if isinstance(uca.amount, Bounds) == domain.discrete:
        wanted, got = (f"one of {domain}", "bounds") if domain.discrete else ("bounds", "words")
        refuse((*path, "amount"), f"Expected {wanted} for the amount of {uca.action}, got {got}. Say how much.")
    for word in () if isinstance(uca.amount, Bounds) else uca.amount:
        must_be_known((*path, "amount"), f"a value of {uca.action}", word, domain.values)
