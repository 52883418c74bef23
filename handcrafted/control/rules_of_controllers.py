"""Rules inside a controller: what its process model and its control algorithm may name."""

from __future__ import annotations

from collections.abc import Mapping

from handcrafted.control.complaint import FilePath, must_be_known, nearest, refuse
from handcrafted.control.domain import Domain, Value
from handcrafted.control.letters import listed
from handcrafted.control.parts import Bounds, Condition
from handcrafted.control.resolved import ResolvedController, ResolvedEntry, link_names
from handcrafted.control.rules_of_guards import check_gates, check_guards, check_variable
from handcrafted.control.settings import SETTINGS
from handcrafted.control.structure import AlgorithmEntry, Component, ControlStructure, Law
from handcrafted.control.vocabulary import ComponentKind

CONTROLLER_KEYS = ("layer 0", "process model", "control algorithm", "budget")


def check_names(structure: ControlStructure, name: str, component: Component) -> None:
    """Check one component: controllers' keys on controllers only, and every law and every read in it."""
    path: FilePath = ("components", name)
    if component.kind != ComponentKind.CONTROLLER:
        for key in CONTROLLER_KEYS:
            if getattr(component, key.replace(" ", "_")):
                refuse(
                    (*path, key), f"Expected `{key}` on a controller, got it on the {component.kind} {name}. Move it."
                )
        return
    if component.dynamics is not None:
        refuse((*path, "dynamics"), f"Expected dynamics on a process, got it on the controller {name}. Move it.")
    names = link_names(structure)
    arriving = [names[kind, at] for kind, at, link in structure.links() if link.receiver == name]
    issued = [names[kind, at] for kind, at, link in structure.links() if link.sender == name]
    for variable_name, variable in component.process_model.items():
        at = (*path, "process model", variable_name)
        for read in variable.reads or ():
            must_be_known((*at, "reads"), f"the name of something that arrives at {name}", read, arriving)
        check_variable(structure, name, at, variable_name, variable)
        _check_law(at, variable_name, variable)
    for action, entry in component.control_algorithm.items():
        at = (*path, "control algorithm", action)
        must_be_known(at, f"something that {name} issues or reports", action, issued)
        for read in entry.reads or ():
            must_be_known((*at, "reads"), f"a variable of {name}", read, component.process_model or arriving)
        _check_law(at, action, entry)
        check_gates(structure, name, at, action, entry)


def _check_law(path: FilePath, name: str, law: Law) -> None:
    if law.law is not None and law.law not in SETTINGS:
        refuse((*path, "law"), f"Expected a law of the catalogue, got `{law.law}`.{nearest(law.law, SETTINGS)}")
    if law.law == "decision table" and law.when is None:
        refuse(path, f"Expected `when` in the decision table of {name}, got none. List the rows that issue it.")
    if law.law != "decision table" and law.when is not None:
        refuse((*path, "when"), f"Expected `when` in a decision table, got it beside law {law.law}. Name that law.")


def check_controller(structure: ControlStructure, name: str) -> None:
    """Check what a controller's laws test and gate against the values of what they read."""
    controller = structure.resolved.controllers[name]
    for variable in controller.variables:
        if variable.task.when is not None:
            path = ("components", name, "process model", variable.name, "when")
            check_condition(path, variable.task.when, {read.name: read.domain for read in variable.task.reads})
    for entry in controller.entries:
        if entry.declared is not None:
            _check_entry(controller, entry, entry.declared)
    check_guards(controller)


def _check_entry(controller: ResolvedController, entry: ResolvedEntry, declared: AlgorithmEntry) -> None:
    path: FilePath = ("components", controller.name, "control algorithm", entry.name)
    domains = {variable.name: variable.domain for variable in controller.variables}
    for key, condition in (("when", declared.when), ("permit", declared.permit)):
        if condition is not None:
            check_condition((*path, key), condition, domains)
    tested = {variable for row in declared.when or () for variable in row}
    if declared.reads is not None and (left_out := sorted(tested - set(declared.reads))):
        refuse(
            (*path, "reads"), f"Expected `reads` to name all that is tested, got none of {listed(left_out)}. Add it."
        )
    if declared.initial is not None:
        what = f"the initial value of {entry.name}"
        check_value((*path, "initial"), what, declared.initial, entry.links[0].domain)
    if declared.safe is not None:
        check_value((*path, "safe"), f"the safe value of {entry.name}", declared.safe, entry.links[0].domain)


def check_condition(path: FilePath, condition: Condition, domains: Mapping[str, Domain | None]) -> None:
    """Check that a condition names known variables, known words of discrete ones, and bounds of real ones."""
    for i, row in enumerate(condition):
        for name, test in row.items():
            at = (*path, i, name)
            must_be_known(at, "a known variable", name, domains)
            domain = domains[name]
            if domain is None:
                continue
            if isinstance(test, Bounds) and domain.discrete:
                refuse(at, f"Expected one of {domain} for {name}, got bounds. Name a value.")
            if not isinstance(test, Bounds) and not domain.discrete:
                refuse(at, f"Expected bounds for the real variable {name}, got {listed(test)}. Use above or below.")
            for word in () if isinstance(test, Bounds) else test:
                must_be_known(at, f"a value of {name}", word, domain.values)


def check_value(path: FilePath, what: str, value: Value, domain: Domain) -> None:
    """Check that a value lies in a domain."""
    if domain.discrete:
        must_be_known(path, what, str(value), domain.values)
    elif isinstance(value, str) or not domain.low <= value <= domain.high:
        refuse(path, f"Expected {what} within {domain}, got {value}. Choose one inside.")
