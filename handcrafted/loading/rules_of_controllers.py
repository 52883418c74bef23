"""Rules of controllers: their laws, their guards, and what all of them read and write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from handcrafted.control.domain import Domain, Value
from handcrafted.control.entries import AlgorithmEntry, LawEntry, Variable
from handcrafted.control.parts import AllNamed, Bounds, Condition
from handcrafted.control.resolved import ResolvedController, ResolvedEntry
from handcrafted.control.vocabulary import ComponentKind, LinkKind
from handcrafted.laws.catalogue import LAWS, law_named
from handcrafted.loading.resolve_links import Arriving
from handcrafted.loading.structure import StructureComponent, StructureFile
from handcrafted.text.diagnostics import Complaints, FilePath, must_be_known, nearest, refuse
from handcrafted.text.letters import listed, shown

CONTROLLER_KEYS = ("layer 0", "process model", "control algorithm", "budget")


def check_names(structure: StructureFile, name: str, component: StructureComponent, complaints: Complaints) -> None:
    """Check one component: controllers' keys on controllers only, and every law and every read in it."""
    path: FilePath = ("components", name)
    complaints.of(_check_keys, path, name, component)
    if component.kind != ComponentKind.CONTROLLER:
        return
    arriving = Arriving(structure.arriving.get(name, ()))
    issued = dict.fromkeys(id.name for id in structure.leaving.get(name, ()))
    for variable_name, variable in component.process_model.items():
        at = (*path, "process model", variable_name)
        complaints.of(_check_reads, at, name, variable_name, variable, arriving)
        complaints.of(check_variable, structure, name, at, variable_name, variable)
        complaints.of(_check_law, at, variable_name, variable)
    for action, entry in component.control_algorithm.items():
        at = (*path, "control algorithm", action)
        complaints.of(must_be_known, at, f"something that {name} issues or reports", action, issued)
        complaints.of(_check_decision, structure, name, at, entry, arriving)
        complaints.of(_check_law, at, action, entry)
        complaints.of(check_gates, structure, name, at, action, entry)


def _check_keys(path: FilePath, name: str, component: StructureComponent) -> None:
    if component.kind == ComponentKind.CONTROLLER:
        if component.dynamics is not None:
            refuse((*path, "dynamics"), f"Expected dynamics on a process, got it on the controller {name}. Move it.")
        return
    for key in CONTROLLER_KEYS:
        if getattr(component, key.replace(" ", "_")):
            refuse((*path, key), f"Expected `{key}` on a controller, got it on the {component.kind} {name}. Move it.")


def _check_decision(
    structure: StructureFile, name: str, at: FilePath, entry: AlgorithmEntry, arriving: Arriving
) -> None:
    """Check the names of what a decision reads and tests."""
    component = structure.components[name]
    if component.process_model:
        for read in entry.reads or ():
            if isinstance(read, str):
                must_be_known((*at, "reads"), f"a variable of {name}", read, component.process_model)
            else:
                _check_read((*at, "reads"), name, read, arriving)
    else:
        for read in entry.reads or ():
            _check_read((*at, "reads"), name, read, arriving)
        for key, condition in (("when", entry.when), ("permit", entry.permit)):
            for i, row in enumerate(condition or ()):
                for tested in row:
                    _must_mean_one((*at, key, i, tested), tested, arriving)


def _check_reads(path: FilePath, owner: str, name: str, variable: Variable, arriving: Arriving) -> None:
    """Check that a variable reads what arrives, each by a name that means nothing else."""
    for read in variable.reads or ():
        _check_read((*path, "reads"), owner, read, arriving)
    if variable.reads is None and name in arriving.named:
        told = [arriving.called(id) for id in arriving.named[name] if id.kind != LinkKind.REQUEST]
        if len(told) > 1:
            refuse(path, several(name, told, f"`reads: {AllNamed(all_named=name)}`", "`reads` with one of these"))
    read_ids = [id for read in variable.reads or () for id in arriving.meant_by(read)]
    by_name = Arriving(dict.fromkeys(read_ids))
    for i, row in enumerate(variable.when or ()):
        for tested in row:
            _must_mean_one((*path, "when", i, tested), tested, by_name)


def _check_read(path: FilePath, owner: str, read: str | AllNamed, arriving: Arriving) -> None:
    what = f"the name of something that arrives at {owner}"
    if isinstance(read, AllNamed):
        must_be_known(path, what, read.all_named, arriving.named)
        return
    if read not in arriving.meant:
        must_be_known(path, what, read, [arriving.called(id) for id in arriving.ids])
    _must_mean_one(path, read, arriving, f"`{AllNamed(all_named=read)}`")


def _must_mean_one(path: FilePath, name: str, arriving: Arriving, all_of_them: str = "") -> None:
    """Refuse a name by which several things arrive."""
    if len(meant := arriving.meant.get(name, ())) > 1:
        refuse(path, several(name, [arriving.called(id) for id in meant], all_of_them))


def several(name: str, choices: Iterable[str], all_of_them: str = "", what: str = "one of these") -> str:
    """Say that a name means several things, and what to write instead."""
    end = f", or {all_of_them} for all of them" if all_of_them else ""
    said = listed((f"`{choice}`" for choice in choices), " and ")
    return f"Expected a name that means one thing, got {shown(name)}, which may be {said}. Write {what}{end}."


def _check_law(path: FilePath, name: str, law: LawEntry) -> None:
    """Check that there is such a law, with what it needs and no more."""
    if law.law is not None and law.law not in LAWS:
        refuse((*path, "law"), f"Expected a law of the catalogue, got `{law.law}`.{nearest(law.law, LAWS)}")
    if law.law == "decision table" and law.when is None:
        refuse(path, f"Expected `when` in the decision table of {name}, got none. List the rows that issue it.")
    if law.law != "decision table" and law.when is not None:
        refuse((*path, "when"), f"Expected `when` in a decision table, got it beside law {law.law}. Name that law.")
    law_named(law.law, law.parameters, (*path, "parameters"))


def check_controller(controller: ResolvedController) -> None:
    """Check what a controller's laws test and gate against the values of what they read."""
    for variable in controller.variables:
        if variable.task.when is not None:
            path = ("components", controller.name, "process model", variable.name, "when")
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
    if declared.reads is not None and (left_out := sorted(tested - {variable.name for variable in entry.reads})):
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


GUARD = "guard"
GUARD_KEYS = ("gates", "permit", "safe")


def check_gates(structure: StructureFile, name: str, path: FilePath, action: str, entry: AlgorithmEntry) -> None:
    """Check, by names alone, that a guard gates one request, and that its action goes to what lies outside."""
    if entry.law != GUARD:
        for key in GUARD_KEYS:
            if getattr(entry, key) is not None:
                text = f"Expected `{key}` in a guard, got it in {action} beside law {entry.law}. Say `law: guard`."
                refuse((*path, key), text)
        return
    if entry.gates is None:
        refuse(path, f"Expected `gates` in the guard {action}, got none. Name the request that it gates.")
    arriving = [id for id in structure.arriving.get(name, ()) if id.kind == LinkKind.REQUEST]
    must_be_known((*path, "gates"), f"a request that arrives at {name}", entry.gates, [id.name for id in arriving])
    senders = [id.sender for id in arriving if id.name == entry.gates]
    if len(senders) > 1:
        text = (
            f"Expected one request {entry.gates} to {name}, got one from {listed(map(str, senders), ' and one from ')}."
        )
        refuse((*path, "gates"), f"{text} Name them differently, and give each a guard.")
    for link in structure.leaving.get(name, ()):
        receiver = structure.components.get(link.receiver or "")
        guarded = (link.kind, link.name) == (LinkKind.CONTROL_ACTION, action)
        if guarded and receiver is not None and receiver.kind not in (ComponentKind.PROCESS, ComponentKind.ACTUATOR):
            refuse(
                (*path, "gates"),
                f"Expected a guarded action to go to a process or an actuator, got {action} to the {receiver.kind} "
                f"{link.receiver}: the guard acts last. Send it elsewhere, or do not guard it.",
            )


def check_variable(structure: StructureFile, name: str, path: FilePath, variable: str, declared: Variable) -> None:
    """Check that a belief is no guard, and that Layer 0 believes nothing because it was asked for it."""
    if declared.law == GUARD:
        refuse((*path, "law"), f"Expected a guard in a control algorithm, got it in the variable {variable}. Move it.")
    if not structure.components[name].layer_0:
        return
    arriving = Arriving(structure.arriving.get(name, ()))
    for id in (id for read in declared.reads or () for id in arriving.meant_by(read)):
        if id.kind == LinkKind.REQUEST:
            refuse(
                (*path, "reads"),
                f"Expected the Layer 0 controller {name} to believe only what it measures itself, got {variable} that "
                f"reads the request {id.name} of {id.sender}. Let a guard gate it instead.",
            )


def check_layer_0(structure: StructureFile) -> None:
    """Check that there is at most one Layer 0 controller, and that no controller stands above it."""
    base = [name for name, component in structure.components.items() if component.layer_0]
    if len(base) > 1:
        refuse(
            ("components", base[1], "layer 0"),
            f"Expected at most one Layer 0 controller, got {base[0]} and {base[1]}. Keep one of them.",
        )
    for name, component in structure.components.items():
        if not base or component.kind != ComponentKind.CONTROLLER:
            continue
        own = structure.components[base[0]].level
        if component.level < own:
            refuse(
                ("components", base[0], "level"),
                f"Expected no controller above the Layer 0 controller {base[0]} (level {own}), got {name} (level "
                f"{component.level}). Give {base[0]} the smallest level.",
            )


def check_guards(controller: ResolvedController) -> None:
    """Check what a controller's guards gate against the domain of what they issue."""
    safe: dict[str, tuple[str, Value]] = {}
    for entry in controller.entries:
        task, declared = entry.task, entry.declared
        if declared is None or task.law != GUARD or declared.gates is None:
            continue
        path: FilePath = ("components", controller.name, "control algorithm", entry.name)
        asked = task.reads[-1]
        if asked.domain.values != task.domain.values:
            refuse(
                (*path, "gates"),
                f"Expected the request {asked.name} to have the values of {entry.name} ({task.domain}), got "
                f"{asked.domain}. Give both the same.",
            )
        tested = {read.name for read in task.tested}
        if declared.reads is not None and (spare := sorted({v.name for v in entry.reads} ^ tested)):
            refuse((*path, "reads"), f"Expected `reads` to name what `permit` tests, got {listed(spare)}. Drop it.")
        assert task.safe is not None
        other, value = safe.setdefault(declared.gates, (entry.name, task.safe))
        if value != task.safe:
            refuse(
                (*path, "safe"),
                f"Expected one `safe` value of all that gates {declared.gates}, got {value} of {other} and {task.safe} "
                f"of {entry.name}. Send a request for each.",
            )


Declared = Variable | AlgorithmEntry
