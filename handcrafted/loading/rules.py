"""Rules that hold across the entries of a file: every name refers to something, and authority is kept.

Each check raises a `HandcraftedError` whose path names the entry at fault, so that the loader can give its line.
"""

from __future__ import annotations

import networkx as nx

from handcrafted.control.entries import Link
from handcrafted.control.parts import to_key
from handcrafted.control.resolved import Resolved
from handcrafted.control.signal_graph import intended_graph
from handcrafted.control.true_variable import TrueVariable
from handcrafted.control.vocabulary import ComponentKind, LinkKind
from handcrafted.loading.rules_of_controllers import check_controller, check_layer_0, check_names, check_value
from handcrafted.loading.rules_of_processes import check_dynamics
from handcrafted.loading.rules_of_stpa import check_amounts, check_analysis, check_traces, check_unsafe_control_actions
from handcrafted.loading.structure import LINK_FIELDS, StructureFile
from handcrafted.loading.true_state import TrueState
from handcrafted.text.diagnostics import Complaints, FilePath, must_be_known, refuse
from handcrafted.text.letters import listed, possessive

NEEDS = {LinkKind.OTHER_INPUT: ("to",), LinkKind.OTHER_OUTPUT: ("from",)}


def check_declared(structure: StructureFile, state: TrueState) -> None:
    """Check the rules of names and authority, which need no default.

    Raises:
        HandcraftedError: naming all that is broken.
    """
    _check_size(structure)
    complaints = Complaints()
    complaints.of(_check_nesting, structure)
    complaints.of(check_layer_0, structure)
    _check_links(structure, complaints)
    check_traces(structure, state, complaints)
    for name, component in structure.components.items():
        check_names(structure, name, component, complaints)
    check_unsafe_control_actions(structure, state, complaints)
    check_analysis(structure, state, complaints)
    complaints.end()


def check_resolved(structure: StructureFile, resolved: Resolved) -> None:
    """Check the rules of meaning, which need every default filled in.

    Raises:
        HandcraftedError: naming all that is broken.
    """
    complaints = Complaints()
    for controller in resolved.controllers.values():
        complaints.of(check_controller, controller)
    complaints.of(_check_domains, structure, resolved)
    for name, component in structure.components.items():
        if component.dynamics is not None:
            complaints.of(check_dynamics, structure, resolved, name, component.dynamics)
    check_amounts(structure, resolved, complaints)
    complaints.of(_check_loops, structure, resolved)
    complaints.end()


MAX_COMPONENTS, MAX_LINKS = 20_000, 100_000
"""Measured on trees: checking a structure takes about 1.5 ms per component."""

MAX_READS = 1_000_000
"""Measured on stars: what every decision reads takes about 17 microseconds each to check."""

MAX_NESTED = 30
"""Boxes in each other."""


def _check_size(structure: StructureFile) -> None:
    """Say at once what a structure would take that nobody could wait for."""
    if (count := len(structure.components)) > MAX_COMPONENTS:
        text = f"Expected at most {MAX_COMPONENTS:,} components, got {count:,}, which would take about"
        refuse(("components",), f"{text} {1.5e-3 * count / 60:.0f} minutes to check. Split the structure.")
    if (count := sum(1 for _ in structure.links())) > MAX_LINKS:
        refuse((), f"Expected at most {MAX_LINKS:,} links, got {count:,}. Split the structure.")
    if (count := sum(_reads(structure, name) for name in structure.components)) > MAX_READS:
        text = f"Expected decisions that read at most {MAX_READS:,} variables in all, got about {count:,}"
        refuse((), f"{text}. Say with `reads` what each decision reads, or split the structure.")


def _reads(structure: StructureFile, name: str) -> int:
    """Return how many variables the decisions of a component read at most."""
    component = structure.components[name]
    if component.kind != ComponentKind.CONTROLLER:
        return 0
    every = len(component.process_model) or len(structure.arriving.get(name, ()))
    entries = (component.control_algorithm.get(id.name) for id in structure.leaving.get(name, ()))
    return sum(every if entry is None or entry.reads is None else len(entry.reads) for entry in entries)


def link_path(kind: LinkKind, position: int) -> FilePath:
    """Return the path of a link in the file."""
    return to_key(LINK_FIELDS[kind]), position


def _check_links(structure: StructureFile, complaints: Complaints) -> None:
    seen: set[tuple] = set()
    for kind, position, link in structure.links():
        complaints.of(_check_link, structure, kind, link_path(kind, position), link, seen)


def _check_link(structure: StructureFile, kind: LinkKind, path: FilePath, link: Link, seen: set[tuple]) -> None:
    _check_ends(structure, kind, path, link)
    id = (kind, link.sender, link.receiver, link.name)
    if link.name and id in seen:
        text = f"Expected each {kind} once, got {link.name} from {link.sender} to {link.receiver} twice. Drop one."
        refuse(path, text)
    seen.add(id)
    if link.of is not None and (kind not in MEASURED or _is_controller(structure, link.sender)):
        refuse((*path, "of"), f"Expected `of` on what a sensor reads, got it on the {kind} {link.name}. Drop it.")
    _check_authority(structure, kind, path, link)


MEASURED = (LinkKind.FEEDBACK, LinkKind.OTHER_INPUT)
"""Links that may say of which variable of the true state they are a reading."""


def _is_controller(structure: StructureFile, name: str | None) -> bool:
    part = structure.components.get(name or "")
    return part is not None and part.kind == ComponentKind.CONTROLLER


def _check_ends(structure: StructureFile, kind: LinkKind, path: FilePath, link: Link) -> None:
    ends = {"from": link.sender, "to": link.receiver}
    for key in NEEDS.get(kind, ("from", "to")):
        if ends[key] is None:
            refuse(path, f"Expected `{key}` in a {kind}, got none. Name the component.")
    for key, end in ends.items():
        if end is not None:
            must_be_known((*path, key), "the name of a component", end, structure.components)
    if link.sender is not None and link.sender == link.receiver:
        refuse((*path, "to"), f"Expected a link between two components, got one from {link.sender} to itself. Drop it.")


def _check_authority(structure: StructureFile, kind: LinkKind, path: FilePath, link: Link) -> None:
    sender = structure.components.get(link.sender or "")
    receiver = structure.components.get(link.receiver or "")
    if sender is None or receiver is None or receiver.kind != ComponentKind.CONTROLLER:
        if kind == LinkKind.REQUEST:
            refuse(
                path,
                f"Expected a request to a controller with a guard, got one to {link.receiver}. Use a control action.",
            )
        return
    gated = {entry.gates for entry in receiver.control_algorithm.values()}
    if kind == LinkKind.REQUEST and link.name not in gated:
        refuse(
            path,
            f"Expected a request to end in a guard, got {link.name} to {link.receiver}, where no entry has "
            f"`gates: {link.name}`. Add a guard there.",
        )
    if receiver.layer_0 and kind != LinkKind.REQUEST and sender.kind == ComponentKind.CONTROLLER:
        refuse(
            path,
            f"Expected nothing but requests from controllers to the Layer 0 controller {link.receiver}, got the {kind} "
            f"{link.name} from {link.sender}. Make it a request to a guard, or drop it.",
        )


def _check_nesting(structure: StructureFile) -> None:
    graph = nx.DiGraph()
    for name, component in structure.components.items():
        if component.inside is not None:
            must_be_known(
                ("components", name, "inside"), "the name of a component", component.inside, structure.components
            )
            graph.add_edge(name, component.inside)
    if not nx.is_directed_acyclic_graph(graph):
        ring = [edge[0] for edge in nx.find_cycle(graph)]
        refuse(
            ("components", ring[0], "inside"),
            f"Expected nested components, got {listed([*ring, ring[0]], ' inside ')}. Take one of them out.",
        )
    elif graph and (depth := nx.dag_longest_path_length(graph)) > MAX_NESTED:
        deepest = nx.dag_longest_path(graph)[0]
        refuse(
            ("components", deepest, "inside"),
            f"Expected at most {MAX_NESTED} boxes in each other, got {depth} around {deepest}. Take some of them out.",
        )
    for group, members in structure.groups.items():
        for i, member in enumerate(members):
            must_be_known(("groups", group, i), "the name of a component", member, structure.components)


def _check_domains(structure: StructureFile, resolved: Resolved) -> None:
    """Check initial values, and that one signal of one process is not declared in two ways."""
    shared: dict[TrueVariable, tuple[str, ...]] = {}
    for (kind, position, link), done in zip(structure.links(), resolved.links, strict=True):
        path = link_path(kind, position)
        if link.resolution is not None and done.domain.discrete:
            text = f"Expected `resolution` on a real signal, got it on {done.id.name} ({done.domain}). Drop it."
            refuse((*path, "resolution"), text)
        if link.initial is not None:
            check_value((*path, "initial"), f"the initial value of {done.id.name}", link.initial, done.domain)
        key = done.carries
        if link.sender and not done.sent_by_controller and done.counted:
            if shared.setdefault(key, done.domain.values) != done.domain.values:
                refuse(
                    path,
                    f"Expected one domain for {done.id.name} of {link.sender}, got {done.domain} beside "
                    f"{listed(shared[key]) or 'a range'}. Give both links the same values.",
                )
    for controller in resolved.controllers.values():
        for variable in controller.variables:
            declared = structure.components[controller.name].process_model.get(variable.name)
            if declared is not None and declared.initial is not None:
                path = ("components", controller.name, "process model", variable.name, "initial")
                check_value(path, f"the initial value of {variable.name}", declared.initial, variable.domain)


def _check_loops(structure: StructureFile, resolved: Resolved) -> None:
    """Refuse a ring of links and decisions that would have to be settled within one step."""
    graph = nx.DiGraph((edge.source, edge.target) for edge in intended_graph(resolved).edges if edge.lag == 0)
    if nx.is_directed_acyclic_graph(graph):
        return
    ring = [edge[0] for edge in nx.find_cycle(graph)]
    names = listed((f"{possessive(signal.owner)} {signal.name}" for signal in [*ring, ring[0]]), " -> ")
    overridden = [link_path(kind, position) for kind, position, link in structure.links() if link.recurrent is False]
    refuse(
        overridden[0] if overridden else (),
        f"Expected no algebraic loop within a step, got {names}. Let one of these links be `recurrent: true`.",
    )
