"""Rules of guards: what they gate, what they give instead, and what the Layer 0 controller may hear."""

from __future__ import annotations

from handcrafted.control.complaint import FilePath, must_be_known, refuse
from handcrafted.control.domain import Value
from handcrafted.control.letters import listed
from handcrafted.control.resolved import ResolvedController
from handcrafted.control.structure import AlgorithmEntry, ControlStructure, Variable
from handcrafted.control.vocabulary import ComponentKind

GUARD = "guard"
GUARD_KEYS = ("gates", "permit", "safe")


def check_gates(structure: ControlStructure, name: str, path: FilePath, action: str, entry: AlgorithmEntry) -> None:
    """Check, by names alone, that a guard gates one request, and that its action goes to what lies outside."""
    if entry.law != GUARD:
        for key in GUARD_KEYS:
            if getattr(entry, key) is not None:
                text = f"Expected `{key}` in a guard, got it in {action} beside law {entry.law}. Say `law: guard`."
                refuse((*path, key), text)
        return
    if entry.gates is None:
        refuse(path, f"Expected `gates` in the guard {action}, got none. Name the request that it gates.")
    arriving = [(link.name or "", link.sender) for link in structure.requests if link.receiver == name]
    must_be_known((*path, "gates"), f"a request that arrives at {name}", entry.gates, dict(arriving))
    senders = [sender for asked, sender in arriving if asked == entry.gates]
    if len(senders) > 1:
        text = (
            f"Expected one request {entry.gates} to {name}, got one from {listed(map(str, senders), ' and one from ')}."
        )
        refuse((*path, "gates"), f"{text} Name them differently, and give each a guard.")
    for link in structure.control_actions:
        receiver = structure.components.get(link.receiver or "")
        guarded = (link.sender, link.name) == (name, action)
        if guarded and receiver is not None and receiver.kind not in (ComponentKind.PROCESS, ComponentKind.ACTUATOR):
            refuse(
                (*path, "gates"),
                f"Expected a guarded action to go to a process or an actuator, got {action} to the {receiver.kind} "
                f"{link.receiver}: the guard acts last. Send it elsewhere, or do not guard it.",
            )


def check_variable(structure: ControlStructure, name: str, path: FilePath, variable: str, declared: Variable) -> None:
    """Check that a belief is no guard, and that Layer 0 believes nothing because it was asked for it."""
    if declared.law == GUARD:
        refuse((*path, "law"), f"Expected a guard in a control algorithm, got it in the variable {variable}. Move it.")
    asked = {link.name: link.sender for link in structure.requests if link.receiver == name}
    for read in declared.reads or ():
        if structure.components[name].layer_0 and read in asked:
            refuse(
                (*path, "reads"),
                f"Expected the Layer 0 controller {name} to believe only what it measures itself, got {variable} that "
                f"reads the request {read} of {asked[read]}. Let a guard gate it instead.",
            )


def check_layer_0(structure: ControlStructure) -> None:
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
