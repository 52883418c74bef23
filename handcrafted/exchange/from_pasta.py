"""A structure from PASTA's `.stpa` text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import networkx as nx

from handcrafted.control.stpa import ScenarioClass
from handcrafted.exchange.imported import Imported, apart, imported, one_line, sentence
from handcrafted.exchange.pasta import (
    Document,
    Group,
    PastaArrow,
    PastaEntry,
    PastaNode,
    TableContext,
    all_nodes,
    with_inner,
)
from handcrafted.exchange.pasta_grammar import parse
from handcrafted.exchange.pasta_words import DURATION, FACTORS, ORDER, SECTIONS, TYPES
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import counted, shown

NO_TEXT = "(no text)"

ABOUT = ("loss scenarios", "controller constraints", "constraints", "hazards")
"""What a requirement may be about, besides unsafe control actions."""


def from_pasta(text: str, origin: str) -> Imported:
    """Read a structure from PASTA's text.

    Raises:
        HandcraftedError: if it is not that language, refers to what is not there, or makes no valid structure.
    """
    try:
        return _Reading(parse(text, origin), origin).done()
    except RecursionError:
        raise HandcraftedError(f"{origin}: Expected entries nested in moderate depth, got more. Flatten it.") from None


class _Reading:
    """Builds the data of one file of ours, and notes what gets lost."""

    def __init__(self, document: Document, origin: str):
        self.document, self.origin = document, origin
        self.dropped: list[str] = []
        self.taken: list[str] = []
        if document.graph is None:
            raise HandcraftedError(f"{origin}: Expected a `ControlStructure`, got none. Add one, with its boxes.")
        self.name, tops = document.graph
        listed = list(all_nodes(tops, None))
        self.nodes = dict(reversed(listed))  # of two boxes of one id the first stands
        self.nodes = {id: self.nodes[id] for id, _ in listed}
        for id, count in Counter(id for id, _ in listed).items():
            if count > 1:
                self.dropped.append(f"another box {id}")
        for id in document.responsibilities.keys() - self.nodes.keys():
            self.dropped.append(f"the responsibilities of {id}, which is no box")
        for section, entries in document.entries.items():
            for id, count in Counter(one.id for one in with_inner(entries)).items():
                if count > 1 and section != "LossScenarios":  # those get an id of their own
                    self.dropped.append(f"another {id} under {section}")
        self.boxes = apart((id, one_line(node.label, id)) for id, (node, _) in self.nodes.items())
        self.names = {id: self._names(node) for id, (node, _) in self.nodes.items()}
        self.arrows = [Sent(id, arrow) for id, (node, _) in self.nodes.items() for arrow in node.arrows]
        self.levels = self._levels()
        self.ids: set[str] = set()

    def done(self) -> Imported:
        entries = self.document.entries
        found: dict[str, Any] = {"name": self.name}
        found["losses"] = {one.id: sentence(one.text, NO_TEXT) for one in self._flat(entries.get("Losses", ()))}
        found["hazards"] = self._with_parts("Hazards", "losses")
        found["constraints"] = self._with_parts("SystemConstraints", "hazards")
        found["components"] = {self.boxes[id]: self._component(id) for id in self.nodes}
        found |= self._links()
        found["unsafe control actions"] = [*self._in_words(), *self._formal()]
        rules = {rule["id"] for rule in found["unsafe control actions"]}
        found["controller constraints"] = {
            one.id: {"text": sentence(one.text, NO_TEXT), "for": self._known(one, one.refs, rules)}
            for one in self._flat(entries.get("ControllerConstraints", ()))
        }
        found["loss scenarios"] = self._scenarios(rules, set(found["hazards"]))
        known = {
            *rules,
            *found["loss scenarios"],
            *found["controller constraints"],
            *found["constraints"],
            *found["hazards"],
        }
        found["requirements"] = {
            one.id: {"text": sentence(one.text, NO_TEXT), "for": self._known(one, one.refs, known)}
            for one in self._flat(entries.get("SafetyRequirements", ()))
        }
        assumed = self._flat(entries.get("Assumptions", ()))
        found["assume"] = {one.id: {"text": sentence(one.text, NO_TEXT)} for one in assumed}
        if goals := entries.get("Goals"):
            self.dropped.append(f"{counted(len(goals), 'goal')} (Goals)")
        if self.document.desired:
            self.dropped.append(f"{counted(self.document.desired, 'desired control action')} (DCAs)")
        return imported({key: value for key, value in found.items() if value}, self.origin, self.dropped, self.taken)

    def _flat(self, entries: Sequence[PastaEntry]) -> Iterator[PastaEntry]:
        """Return entries with their parts, each after what it is part of."""
        for entry in entries:
            yield entry
            for heading in entry.headings:
                self.dropped.append(f"the heading {shown(heading)} under {entry.id}")
            yield from self._flat(entry.parts)

    def _with_parts(self, section: str, refs: str) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def add(entries: Sequence[PastaEntry], whole: str | None) -> None:
            for entry in entries:
                one: dict[str, Any] = {"text": sentence(entry.text, NO_TEXT)}
                one |= {refs: list(entry.refs)} if entry.refs else {}
                found[entry.id] = one | ({"part of": whole} if whole else {})
                add(entry.parts, entry.id)

        add(entries := self.document.entries.get(section, ()), None)
        list(self._flat(entries))  # notes the headings
        return found

    def _known(self, entry: PastaEntry, ids: Sequence[str], known: set[str]) -> list[str]:
        """Return the ids that are known; the others are noted."""
        for id in ids:
            if id not in known:
                self.dropped.append(f"what {entry.id} says of {id}, which is nowhere declared")
        return [id for id in ids if id in known]

    def _names(self, node: PastaNode) -> dict[tuple[str, str], str]:
        """Name what a box sends, by kind and id; arrows of one id are one thing, whatever they are labelled."""
        found: dict[tuple[str, str], str] = {}
        for kind in ("controlActions", "feedback", "input", "output"):
            own = {arrow.id: one_line(arrow.label, arrow.id) for arrow in reversed(node.arrows) if arrow.kind == kind}
            taken = {name for (other, _), name in found.items() if other == "controlActions"}
            for id, name in apart(own.items()).items():
                found[kind, id] = f"{name} (feedback)" if kind == "feedback" and name in taken else name
        return found

    def _component(self, id: str) -> dict[str, Any]:
        node, inside = self.nodes[id]
        sends = any(arrow.kind == "controlActions" for arrow in node.arrows)
        duties = self.document.responsibilities.get(id, ())
        kind = "controller" if sends or node.variables else "process"
        one: dict[str, Any] = {"kind": kind, "level": self.levels[id]}
        if inside is not None:
            one["inside"] = self.boxes[inside]
        if duties:
            known = {entry.id for entry in self._flat(self.document.entries.get("SystemConstraints", ()))}
            one["responsibilities"] = {
                duty.id: {"text": sentence(duty.text, NO_TEXT), "constraints": self._known(duty, duty.refs, known)}
                for duty in duties
            }
        if node.variables:
            one["process model"] = {name: self._variable(id, name, values) for name, values in node.variables.items()}
        for span in node.ranges:
            self.dropped.append(f"the range {shown(span)} of a variable of {id}; its name is kept")
        return one

    def _variable(self, id: str, name: str, values: Sequence[str]) -> dict[str, Any]:
        read = {"reads": {"all named": name}} if len(self._heard_as(id, name)) > 1 else {}
        return {"values": list(dict.fromkeys(one_line(value, "?") for value in values)) or ["?"], **read}

    def _heard_as(self, id: str, name: str) -> list[Sent]:
        """Return what arrives at a box under a name."""
        return [sent for sent in self.arrows if sent.arrow.target == id and self._name(sent) == name]

    def _name(self, sent: Sent) -> str:
        return self.names[sent.sender][sent.arrow.kind, sent.arrow.id]

    def _levels(self) -> dict[str, int]:
        """Return the declared levels; where none is declared, one below those who command it."""
        graph = nx.DiGraph()
        graph.add_nodes_from(self.nodes)
        commands = (one for one in self.arrows if one.arrow.kind == "controlActions" and one.arrow.target in self.nodes)
        graph.add_edges_from((one.sender, one.arrow.target) for one in commands)
        rings = nx.condensation(graph)
        found: dict[str, int] = {}
        for number in nx.topological_sort(rings):
            for id in rings.nodes[number]["members"]:
                above = [found[other] for other in graph.predecessors(id) if other in found]
                declared = self.nodes[id][0].level
                found[id] = max(above, default=-1) + 1 if declared is None else declared
        if any(node.level is None for node, _ in self.nodes.values()):
            self.taken.append("the levels of boxes without `hierarchyLevel`: one below those who command them")
        return found

    def _links(self) -> dict[str, list[dict[str, str]]]:
        found: dict[str, dict[tuple, dict[str, str]]] = {}
        for sent in self.arrows:
            section, target, name = SECTIONS[sent.arrow.kind], sent.arrow.target, self._name(sent)
            own, other = self.boxes[sent.sender], self.boxes.get(target, "")
            if target and (target not in self.nodes or target == sent.sender):
                self.dropped.append(f"the arrow {sent.arrow.id} from {sent.sender} to {target}, which is no other box")
                continue
            ends = {"to": own} if sent.arrow.kind == "input" else {"from": own, **({"to": other} if other else {})}
            found.setdefault(section, {})[(*ends.values(), name)] = {"name": name, **ends}
        return {section: list(links.values()) for section, links in found.items()}

    def _new(self, id: str) -> str:
        """Return an id that nothing has yet."""
        chosen = id
        while chosen in self.ids:
            chosen += "'"
        if chosen != id:
            self.taken.append(f"the id {chosen} of the second {id}")
        self.ids.add(chosen)
        return chosen

    def _action(self, dotted: str, what: str) -> dict[str, str] | None:
        """Return who issues an action and its name; None where there is no such, which is noted."""
        box, _, id = dotted.rpartition(".")
        name = self.names.get(box, {}).get(("controlActions", id))
        if name is None or not any((one.sender, one.arrow.id) == (box, id) and one.arrow.target for one in self.arrows):
            self.dropped.append(f"{what} of {dotted}, which is no control action")
            return None
        return {"by": self.boxes[box], "action": name}

    def _in_words(self) -> Iterator[dict[str, Any]]:
        hazards = {entry.id for entry in self._flat(self.document.entries.get("Hazards", ()))}
        for group in self.document.groups:
            for entry in group.entries:
                if (action := self._action(group.action, entry.id)) is None:
                    continue
                text = sentence(entry.text, NO_TEXT)
                one = {"id": self._new(entry.id), **action, "type": self._type(group, entry), "text": text}
                yield one | {"hazards": self._known(entry, entry.refs, hazards)}

    def _type(self, group: Group, entry: PastaEntry) -> str:
        """Return one of our types; where theirs are two or three in one, what its words say."""
        if group.way in ("notProviding", "providing"):
            return "not provided" if group.way == "notProviding" else "provided"
        choices = ORDER if group.way.startswith("tooEarly") else DURATION
        said = entry.text.lower()
        found = next((type for type, words in choices.items() if any(word in said for word in words)), None)
        self.taken.append(f"the type of {entry.id}, by its words: {found or next(iter(choices))}")
        return found or next(iter(choices))

    def _formal(self) -> Iterator[dict[str, Any]]:
        hazards = {entry.id for entry in self._flat(self.document.entries.get("Hazards", ()))}
        for rule in self.document.rules:
            if (action := self._action(rule.action, rule.id)) is None:
                continue
            if rule.type not in TYPES:
                self.dropped.append(f"{rule.id}, whose type {shown(rule.type)} is not known")
                continue
            for own in rule.contexts:
                entry = PastaEntry(own.id, own.text, own.line, own.refs)
                one = {"id": self._new(own.id), **action, "type": TYPES[rule.type]}
                one |= {"context": self._context(rule.action.rpartition(".")[0], own)} if own.values else {}
                one |= {"text": sentence(own.text, NO_TEXT)} if own.text or not own.values else {}
                yield one | {"hazards": self._known(entry, own.refs, hazards)}

    def _context(self, box: str, context: TableContext) -> dict[str, str]:
        known, found = self.nodes[box][0].variables, {}
        for name, value in context.values:
            if value not in known.get(name, ()):
                raise HandcraftedError(
                    f"{self.origin}, line {context.line}: Expected a variable of {box} and one of its values, got "
                    f"{shown(f'{name} = {value}')}. Declare it in its processModel."
                )
            elsewhere = [other for other, (node, _) in self.nodes.items() if other != box and name in node.variables]
            carried = {sent.sender for sent in self.arrows if self._name(sent) == name}
            whose = carried or {box} if self._heard_as(box, name) else {box}
            alone = not elsewhere and len(carried | {box} if not self._heard_as(box, name) else carried) <= 1
            if len(whose) > 1:
                self.taken.append(f"of {name} in {context.id} the one that {self.boxes[min(whose)]} reports")
            found[name if alone else f"{self.boxes[min(whose)]}.{name}"] = one_line(value, "?")
        return found

    def _scenarios(self, rules: set[str], hazards: set[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for entry in self._flat(self.document.entries.get("LossScenarios", ())):
            one: dict[str, Any] = {"text": sentence(entry.text, NO_TEXT)}
            why = ScenarioClass.WHY_ISSUED if entry.about else ScenarioClass.WHY_NO_EFFECT
            one |= {"for": self._known(entry, entry.about, rules), "class": str(why)}
            one |= {"hazards": self._known(entry, entry.refs, hazards)}
            if entry.factor in FACTORS:
                one["factor"] = str(FACTORS[entry.factor])
            elif entry.factor:
                self.dropped.append(f"the factor {shown(entry.factor)} of {entry.id}")
            found[self._new(entry.id)] = {key: value for key, value in one.items() if value}
        return found


class Sent(NamedTuple):
    """An arrow with the box that declares it."""

    sender: str
    arrow: PastaArrow
