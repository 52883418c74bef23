"""Traces from losses to responsibilities and unsafe control actions: the table, and every arrow that is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from handcrafted.control.vocabulary import ComponentKind
from handcrafted.loading.control_structure import ControlStructure


@dataclass(frozen=True)
class Break:
    """A place where a trace ends too soon.

    Attributes:
        at: the entry.
        text: one sentence.
    """

    at: str
    text: str


def breaks_of(structure: ControlStructure) -> tuple[Break, ...]:
    """Name every loss, hazard, constraint, responsibility and rule that leads on to nothing, or to which nothing leads.

    Source: STPA Handbook (Leveson & Thomas 2018): loss <- hazard <- system constraint <- responsibility, and
        hazard <- unsafe control action.
    """
    return tuple(_breaks(structure))


def _breaks(structure: ControlStructure) -> Iterator[Break]:
    whole = {hazard.part_of for hazard in structure.hazards.values()}
    caused = {loss for name in structure.hazards for loss in losses_of(structure, name)}
    kept = {hazard for constraint in structure.constraints.values() for hazard in constraint.hazards}
    duties = [
        (owner, id, duty) for owner, part in structure.components.items() for id, duty in part.responsibilities.items()
    ]
    served = {constraint for _, _, duty in duties for constraint in duty.constraints}
    ruled = {hazard for rule in structure.unsafe_control_actions for hazard in rule.hazards}
    for loss in structure.losses:
        if loss not in caused:
            yield Break(loss, f"No hazard leads to the loss {loss}.")
    for name, hazard in structure.hazards.items():
        if not losses_of(structure, name):
            yield Break(name, f"The hazard {name} leads to no loss.")
        parts = {part for part, other in structure.hazards.items() if other.part_of == name}
        if not ({name, *parts} & kept) and not (hazard.part_of and hazard.part_of in kept):
            yield Break(name, f"No constraint keeps the hazard {name} away.")
        if structure.unsafe_control_actions and name not in ruled and name not in whole:
            yield Break(name, f"No unsafe control action leads to the hazard {name}.")
    for name, constraint in structure.constraints.items():
        parts = {part for part, other in structure.constraints.items() if other.part_of == name}
        if not constraint.hazards and not constraint.part_of:
            yield Break(name, f"The constraint {name} keeps no hazard away.")
        if not {name, constraint.part_of, *parts} & served:
            yield Break(name, f"Nobody is responsible for the constraint {name}.")
    for owner, id, duty in duties:
        if not duty.constraints:
            yield Break(f"{owner} {id}", f"The responsibility {id} of {owner} serves no constraint.")
    for owner, part in structure.components.items():
        if part.kind == ComponentKind.CONTROLLER and not part.responsibilities:
            yield Break(owner, f"The controller {owner} has no responsibility.")
    for rule in structure.unsafe_control_actions:
        if not rule.hazards:
            yield Break(rule.id, f"The unsafe control action {rule.id} leads to no hazard.")
    yield from _after(structure)


def _after(structure: ControlStructure) -> Iterator[Break]:
    """Name what step 4 leaves open, where it has begun: no kind of entry is missed of which there is none."""
    rules = [rule.id for rule in structure.unsafe_control_actions]
    inverted = {id for one in structure.controller_constraints.values() for id in one.about}
    explained = {id for one in structure.loss_scenarios.values() for id in one.about}
    required = {id for one in structure.requirements.values() for id in one.about}
    for id in rules:
        if structure.controller_constraints and id not in inverted:
            yield Break(id, f"The unsafe control action {id} has no controller constraint.")
        if structure.loss_scenarios and id not in explained:
            yield Break(id, f"The unsafe control action {id} has no loss scenario.")
    for id, one in structure.controller_constraints.items():
        if not one.about:
            yield Break(id, f"The controller constraint {id} is about no unsafe control action.")
    for id, one in structure.loss_scenarios.items():
        if not one.about and not one.hazards:
            yield Break(id, f"The loss scenario {id} is about no unsafe control action and no hazard.")
        if structure.requirements and id not in required:
            yield Break(id, f"The loss scenario {id} leads to no requirement.")
    for id, one in structure.requirements.items():
        if not one.about:
            yield Break(id, f"The requirement {id} is asked because of nothing.")


def losses_of(structure: ControlStructure, hazard: str) -> tuple[str, ...]:
    """Return the losses to which a hazard leads: its own, or those of what it is a part of."""
    own = structure.hazards[hazard]
    return own.losses or (losses_of(structure, own.part_of) if own.part_of else ())


ROW = ("loss", "hazard", "constraint", "controller", "responsibility", "unsafe control action")


def trace_rows(structure: ControlStructure) -> list[tuple[str, ...]]:
    """Return the table of traces, one way from a loss to a responsibility, or to an unsafe control action, per row."""
    rows: list[tuple[str, ...]] = []
    for name in structure.hazards:
        for loss in losses_of(structure, name) or ("",):
            kept = [id for id, constraint in structure.constraints.items() if name in constraint.hazards]
            for constraint in kept or [""]:
                duties = [
                    (owner, id)
                    for owner, part in structure.components.items()
                    for id, duty in part.responsibilities.items()
                    if constraint and constraint in duty.constraints
                ]
                rows += [(loss, name, constraint, owner, id, "") for owner, id in duties or [("", "")]]
            rows += [
                (loss, name, "", rule.by, "", rule.id)
                for rule in structure.unsafe_control_actions
                if name in rule.hazards
            ]
    return rows
