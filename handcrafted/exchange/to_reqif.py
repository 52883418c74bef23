"""What a structure states of losses, hazards, rules and requirements, as ReqIF for tools of requirements engineering.

Source: OMG, Requirements Interchange Format (ReqIF) 1.2, formal/2016-07-01, clauses 9 and 10.
"""

from __future__ import annotations

import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from handcrafted.control.stpa import UnsafeControlAction
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.safety.stpa.actions import actions_of
from handcrafted.safety.stpa.verdicts import condition_words, duty_text, unsafe_text

REQIF = "http://www.omg.org/spec/ReqIF/20110401/reqif.xsd"
XHTML = "http://www.w3.org/1999/xhtml"

TEXT = "ReqIF.Text"
FOREIGN = "ReqIF.ForeignID"
"""The names by which tools know an entry's text and its id, by the ReqIF Implementation Guide."""

Key = tuple[str, str]
"""An entry by its kind and its id."""


class _Entry(NamedTuple):
    """One entry: its text, what else is said of it by name, and the entries that it is about, by relation."""

    text: str
    more: Mapping[str, str] = {}
    about: tuple[tuple[str, Key], ...] = ()


def to_reqif(structure: ControlStructure, now: datetime) -> tuple[str, tuple[str, ...]]:
    """Write what a structure states in words; also say what ReqIF has no place for, a sentence each.

    Args:
        structure: whose losses, hazards, constraints, responsibilities, rules, scenarios and requirements.
        now: what the file says of when it was written, with a time zone.
    """
    return _Writing(structure, now.isoformat(timespec="seconds")).text(), tuple(_dropped(structure))


def _dropped(structure: ControlStructure) -> Iterator[str]:
    boxes, links = len(structure.components), sum(1 for _ in structure.named_links)
    yield f"the control structure itself: {boxes} components, {links} links"
    stated = [rule for rule in structure.unsafe_control_actions if rule.context is not None]
    if stated:
        yield f"contexts as conditions, which are written in words: {len(stated)}"
    if conditions := sum(1 for one in structure.hazards.values() if one.when):
        yield f"conditions of hazards: {conditions}"
    if conditions := sum(1 for one in structure.assume.values() if one.never or one.then):
        yield f"conditions of assumptions: {conditions}"
    if structure.not_hazardous:
        yield f"entries of `not hazardous`: {len(structure.not_hazardous)}"


def _entries(structure: ControlStructure) -> dict[str, dict[str, _Entry]]:
    """Return all entries, by kind in the order of an analysis, then by id."""
    to = lambda relation, kind, ids: tuple((relation, (kind, id)) for id in ids)
    part = lambda kind, whole: to("is part of", kind, [whole] if whole else [])
    known: dict[str, dict[str, _Entry]] = {
        "loss": {id: _Entry(text) for id, text in structure.losses.items()},
        "hazard": {
            id: _Entry(one.text, {}, to("leads to", "loss", one.losses) + part("hazard", one.part_of))
            for id, one in structure.hazards.items()
        },
        "system constraint": {
            id: _Entry(one.text, {}, to("prevents", "hazard", one.hazards) + part("system constraint", one.part_of))
            for id, one in structure.constraints.items()
        },
        "assumption": {id: _Entry(one.text) for id, one in structure.assume.items()},
        "responsibility": {
            f"{name}: {id}": _Entry(one.text, {"Controller": name}, to("serves", "system constraint", one.constraints))
            for name, box in structure.components.items()
            for id, one in box.responsibilities.items()
        },
        "unsafe control action": dict(_rules(structure)),
        "controller constraint": {
            id: _Entry(one.text, {}, to("rules out", "unsafe control action", one.about))
            for id, one in structure.controller_constraints.items()
        },
        "loss scenario": {
            id: _Entry(
                one.text,
                {"Class": str(one.kind), "Causal factor": str(one.factor or "")},
                to("explains", "unsafe control action", one.about) + to("leads to", "hazard", one.hazards),
            )
            for id, one in structure.loss_scenarios.items()
        },
    }
    where = {id: kind for kind, entries in known.items() if kind != "responsibility" for id in entries}
    known["requirement"] = {
        id: _Entry(one.text, {}, tuple(("is asked because of", (where[other], other)) for other in one.about))
        for id, one in structure.requirements.items()
    }
    return known


def _rules(structure: ControlStructure) -> Iterator[tuple[str, _Entry]]:
    issued = {(action.by, action.name): action for action in actions_of(structure)}
    inverted = {id for one in structure.controller_constraints.values() for id in one.about}
    for rule in structure.unsafe_control_actions:
        action, context = issued[rule.by, rule.action], _context(rule)
        more = {"Controller": rule.by, "Control action": rule.action, "Type": rule.type, "Context": context}
        if rule.formal and rule.id not in inverted:
            more["Controller constraint"] = duty_text(action, rule.type, context, rule.amount)
        said = rule.text or unsafe_text(action, rule.type, context, (), rule.amount)
        about = tuple(("leads to", ("hazard", id)) for id in rule.hazards)
        yield rule.id, _Entry(said, more | {"Comment": rule.comment or ""}, about)


def _context(rule: UnsafeControlAction) -> str:
    if not rule.formal:
        return ""
    return condition_words(rule.context) if rule.context else "in any context"


class _Writing:
    """Writes one file; an element's identifier follows from the structure's name and from what it stands for."""

    def __init__(self, structure: ControlStructure, now: str):
        self.structure, self.now = structure, now
        self.entries = _entries(structure)
        self.texts: list[tuple[ET.Element, str]] = []

    def id(self, *of: str) -> str:
        name = "\n".join(("handcrafted", self.structure.name, *of))
        return f"_{uuid.uuid5(uuid.NAMESPACE_OID, name)}"

    def text(self) -> str:
        root = ET.Element("REQ-IF", {"xmlns": REQIF, "xmlns:xhtml": XHTML})
        header = ET.SubElement(ET.SubElement(root, "THE-HEADER"), "REQ-IF-HEADER", IDENTIFIER=self.id("header"))
        for tag, said in {
            "CREATION-TIME": self.now,
            "REQ-IF-TOOL-ID": "handcrafted",
            "REQ-IF-VERSION": "1.0",
            "SOURCE-TOOL-ID": "handcrafted",
            "TITLE": f"STPA of {self.structure.name}",
        }.items():
            ET.SubElement(header, tag).text = said
        content = ET.SubElement(ET.SubElement(root, "CORE-CONTENT"), "REQ-IF-CONTENT")
        self._types(content)
        self._objects(ET.SubElement(content, "SPEC-OBJECTS"))
        self._relations(ET.SubElement(content, "SPEC-RELATIONS"))
        self._specification(ET.SubElement(content, "SPECIFICATIONS"))
        ET.indent(root)
        for div, said in self.texts:  # blanks in them count
            _lines(div, said)
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"

    def _new(self, parent: ET.Element, tag: str, *of: str, **more: str) -> ET.Element:
        return ET.SubElement(parent, tag, {"IDENTIFIER": self.id(*of), "LAST-CHANGE": self.now, **more})

    def _refer(self, parent: ET.Element, inside: str, tag: str, *of: str) -> None:
        ET.SubElement(ET.SubElement(parent, inside), tag).text = self.id(*of)

    def _types(self, content: ET.Element) -> None:
        kinds = ET.SubElement(content, "DATATYPES")
        string = self._new(kinds, "DATATYPE-DEFINITION-STRING", "type", "STRING", **{"LONG-NAME": "String"})
        string.set("MAX-LENGTH", str(2**31 - 1))
        self._new(kinds, "DATATYPE-DEFINITION-XHTML", "type", "XHTML", **{"LONG-NAME": "XHTML"})
        types = ET.SubElement(content, "SPEC-TYPES")
        for kind, entries in self.entries.items():
            own = self._new(types, "SPEC-OBJECT-TYPE", "kind", kind, **{"LONG-NAME": kind})
            attributes = ET.SubElement(own, "SPEC-ATTRIBUTES")
            for name in dict.fromkeys([FOREIGN, TEXT, *(name for entry in entries.values() for name in entry.more)]):
                tag = "XHTML" if name == TEXT else "STRING"
                one = self._new(attributes, f"ATTRIBUTE-DEFINITION-{tag}", "attribute", kind, name)
                one.set("LONG-NAME", name)
                self._refer(one, "TYPE", f"DATATYPE-DEFINITION-{tag}-REF", "type", tag)
        for relation in sorted({name for _, _, name, _ in self._related()}):
            self._new(types, "SPEC-RELATION-TYPE", "relation", relation, **{"LONG-NAME": relation})
        self._new(types, "SPECIFICATION-TYPE", "specification type", **{"LONG-NAME": "STPA"})

    def _objects(self, objects: ET.Element) -> None:
        for kind, entries in self.entries.items():
            for id, entry in entries.items():
                one = self._new(objects, "SPEC-OBJECT", "entry", kind, id, **{"LONG-NAME": id})
                values = ET.SubElement(one, "VALUES")
                for name, said in {FOREIGN: id, **entry.more}.items():
                    value = ET.SubElement(values, "ATTRIBUTE-VALUE-STRING", {"THE-VALUE": said})
                    self._refer(value, "DEFINITION", "ATTRIBUTE-DEFINITION-STRING-REF", "attribute", kind, name)
                value = ET.SubElement(values, "ATTRIBUTE-VALUE-XHTML")
                self._refer(value, "DEFINITION", "ATTRIBUTE-DEFINITION-XHTML-REF", "attribute", kind, TEXT)
                self.texts.append((ET.SubElement(ET.SubElement(value, "THE-VALUE"), "xhtml:div"), entry.text))
                self._refer(one, "TYPE", "SPEC-OBJECT-TYPE-REF", "kind", kind)

    def _related(self) -> Iterator[tuple[str, str, str, Key]]:
        for kind, entries in self.entries.items():
            for id, entry in entries.items():
                yield from ((kind, id, relation, target) for relation, target in entry.about)

    def _relations(self, relations: ET.Element) -> None:
        for kind, id, relation, target in self._related():
            one = self._new(relations, "SPEC-RELATION", "related", kind, id, relation, *target)
            self._refer(one, "TARGET", "SPEC-OBJECT-REF", "entry", *target)
            self._refer(one, "SOURCE", "SPEC-OBJECT-REF", "entry", kind, id)
            self._refer(one, "TYPE", "SPEC-RELATION-TYPE-REF", "relation", relation)

    def _specification(self, specifications: ET.Element) -> None:
        own = self._new(specifications, "SPECIFICATION", "specification", **{"LONG-NAME": self.structure.name})
        self._refer(own, "TYPE", "SPECIFICATION-TYPE-REF", "specification type")
        children = ET.SubElement(own, "CHILDREN")
        for kind, entries in self.entries.items():
            for id in entries:
                place = self._new(children, "SPEC-HIERARCHY", "place", kind, id)
                self._refer(place, "OBJECT", "SPEC-OBJECT-REF", "entry", kind, id)


def _lines(div: ET.Element, text: str) -> None:
    """Put a text into a division, its line breaks kept."""
    first, *others = re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text)
    div.text = first
    for line in others:
        ET.SubElement(div, "xhtml:br").tail = line
