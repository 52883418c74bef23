"""Rules of what an analyst writes: traces, unsafe control actions, assumptions, and all that is about them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import networkx as nx

from handcrafted.control.parts import Bounds
from handcrafted.control.resolved import Resolved
from handcrafted.control.stpa import Rule, UnsafeControlAction
from handcrafted.control.vocabulary import LinkKind
from handcrafted.loading.structure import StructureFile
from handcrafted.loading.true_state import TrueState
from handcrafted.text.diagnostics import Complaints, FilePath, must_be_known, refuse
from handcrafted.text.letters import listed

ISSUED = (LinkKind.CONTROL_ACTION, LinkKind.REQUEST, LinkKind.OTHER_OUTPUT)


def check_traces(structure: StructureFile, state: TrueState, complaints: Complaints) -> None:
    """Check losses <- hazards <- constraints <- responsibilities."""
    known = lambda path, what, word, words: complaints.of(must_be_known, path, what, word, words)
    for name, hazard in structure.hazards.items():
        for i, loss in enumerate(hazard.losses):
            known(("hazards", name, "losses", i), "a declared loss", loss, structure.losses)
        if hazard.when is not None:
            complaints.of(state.check, ("hazards", name, "when"), hazard.when)
    complaints.of(_check_parts, "hazard", {name: hazard.part_of for name, hazard in structure.hazards.items()})
    complaints.of(_check_parts, "constraint", {name: one.part_of for name, one in structure.constraints.items()})
    for name, constraint in structure.constraints.items():
        for i, hazard in enumerate(constraint.hazards):
            known(("constraints", name, "hazards", i), "a declared hazard", hazard, structure.hazards)
    for owner, component in structure.components.items():
        for name, duty in component.responsibilities.items():
            for i, constraint in enumerate(duty.constraints):
                path = ("components", owner, "responsibilities", name, "constraints", i)
                known(path, "a declared constraint", constraint, structure.constraints)


def _check_parts(what: str, whole: Mapping[str, str | None]) -> None:
    """Check that parts are parts of something declared, and of nothing that is part of them."""
    parts = nx.DiGraph()
    for name, other in whole.items():
        if other is not None:
            must_be_known((f"{what}s", name, "part of"), f"a declared {what}", other, whole)
            parts.add_edge(name, other)
    if not nx.is_directed_acyclic_graph(parts):
        ring = [edge[0] for edge in nx.find_cycle(parts)]
        said = listed([*ring, ring[0]], " part of ")
        refuse((f"{what}s", ring[0], "part of"), f"Expected sub-{what}s of {what}s, got {said}. Take one of them out.")


def check_analysis(structure: StructureFile, state: TrueState, complaints: Complaints) -> None:
    """Check assumptions, loss scenarios, controller constraints and requirements against what they are about."""
    for name, assumed in structure.assume.items():
        for key in ("never", "when", "then"):
            if (condition := getattr(assumed, key)) is not None:
                complaints.of(state.check, ("assume", name, key), condition)
    rules, what = [rule.id for rule in structure.unsafe_control_actions], "the id of an unsafe control action"
    for name, one in structure.controller_constraints.items():
        complaints.of(_check_about, ("controller constraints", name, "for"), what, one.about, rules)
    for name, scenario in structure.loss_scenarios.items():
        path: FilePath = ("loss scenarios", name)
        complaints.of(_check_about, (*path, "for"), what, scenario.about, rules)
        complaints.of(_check_about, (*path, "hazards"), "a declared hazard", scenario.hazards, structure.hazards)
    known = [
        *rules, *structure.loss_scenarios, *structure.controller_constraints, *structure.constraints,
        *structure.hazards,
    ]  # fmt: skip
    for name, one in structure.requirements.items():
        what = "the id of a scenario, constraint, unsafe control action or hazard"
        complaints.of(_check_about, ("requirements", name, "for"), what, one.about, known)


def _check_about(path: FilePath, what: str, ids: Iterable[str], known: Collection[str]) -> None:
    for i, id in enumerate(ids):
        must_be_known((*path, i), what, id, known)


def check_unsafe_control_actions(structure: StructureFile, state: TrueState, complaints: Complaints) -> None:
    """Check the rules on unsafe control actions, and those on what is not hazardous."""
    seen: set[str] = set()
    for i, uca in enumerate(structure.unsafe_control_actions):
        path: FilePath = ("unsafe control actions", i)
        if uca.id in seen:
            text = f"Expected each id once, got {uca.id} twice. Number them differently."
            complaints.of(refuse, (*path, "id"), text)
        seen.add(uca.id)
        complaints.of(_check_rule, structure, path, uca, state)
        complaints.of(_check_about, (*path, "hazards"), "a declared hazard", uca.hazards, structure.hazards)
    for i, excuse in enumerate(structure.not_hazardous):
        complaints.of(_check_rule, structure, ("not hazardous", i), excuse, state)
    for i, start in enumerate(structure.trial.start if structure.trial else ()):
        if start.when is not None:
            complaints.of(state.check, ("trial", "start", i, "when"), start.when)


def check_amounts(structure: StructureFile, resolved: Resolved, complaints: Complaints) -> None:
    """Check what rules count as issued against the values of the action."""
    for i, uca in enumerate(structure.unsafe_control_actions):
        complaints.of(_check_amount, resolved, ("unsafe control actions", i), uca)


def _check_rule(structure: StructureFile, path: FilePath, rule: Rule, state: TrueState) -> None:
    issuing = [name for name, ids in structure.leaving.items() if any(id.kind in ISSUED for id in ids)]
    must_be_known((*path, "by"), "the controller that issues the action", rule.by, [name or "" for name in issuing])
    own = [id.name for id in structure.leaving[rule.by] if id.kind in ISSUED]
    must_be_known((*path, "action"), f"an action that {rule.by} issues", rule.action, own)
    if rule.context is not None:
        state.check((*path, "context"), rule.context)


def _check_amount(resolved: Resolved, path: FilePath, uca: UnsafeControlAction) -> None:
    if uca.amount is None:
        return
    (domain, *_) = (link.domain for link in resolved.leaving[uca.by] if link.id.name == uca.action)
    if isinstance(uca.amount, Bounds) == domain.discrete:
        wanted, got = (f"one of {domain}", "bounds") if domain.discrete else ("bounds", "words")
        refuse((*path, "amount"), f"Expected {wanted} for the amount of {uca.action}, got {got}. Say how much.")
    for word in () if isinstance(uca.amount, Bounds) else uca.amount:
        must_be_known((*path, "amount"), f"a value of {uca.action}", word, domain.values)
