"""PASTA's `.stpa` text from a structure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from handcrafted.control.entries import Constraint, Hazard
from handcrafted.control.parts import Bounds
from handcrafted.control.stpa import UnsafeControlAction
from handcrafted.control.vocabulary import ComponentKind, LinkKind
from handcrafted.exchange.pasta_words import FACTORS, SECTIONS, TYPES
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.structure import LINK_FIELDS
from handcrafted.safety.stpa.actions import actions_of
from handcrafted.safety.stpa.verdicts import condition_words, unsafe_text

GROUPS = {
    "notProviding": ("not provided",),
    "providing": ("provided",),
    "tooEarlyOrLateOrWrongOrder": ("too early", "too late", "out of order"),
    "stoppedTooSoonOrLate": ("stopped too soon", "applied too long"),
}


HANDING_ON = (ComponentKind.SENSOR, ComponentKind.ACTUATOR)


def to_pasta(structure: ControlStructure) -> tuple[str, tuple[str, ...]]:
    """Write a structure as PASTA's text; also say what that language has no place for, a sentence each."""
    writing = _Writing(structure)
    return writing.text(), tuple(writing.dropped())


class _Ids:
    """Ids of that language for names of ours, each its own."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.taken: set[str] = set()

    def of(self, name: str) -> str:
        if name not in self.known:
            plain = re.sub(r"[^\w.]", "_", name, flags=re.ASCII)
            plain = plain if re.match(r"[A-Za-z_]\w*(\.\w+)*$", plain) else f"n_{plain.replace('.', '_')}"
            number, chosen = 1, plain
            while chosen in self.taken:
                number += 1
                chosen = f"{plain}_{number}"
            self.known[name] = chosen
            self.taken.add(chosen)
        return self.known[name]


def _quoted(text: str) -> str:
    """Return a text in one line, in the quotes that it has none of; of both kinds in it single ones are left."""
    line = _in_one_line(text)
    return f"'{line}'" if '"' in line and "'" not in line else '"' + line.replace('"', "'") + '"'


def _in_one_line(text: str) -> str:
    return " ".join(text.split()) if len(text.splitlines()) > 1 or "\t" in text else text


def _changed(texts: Iterable[str]) -> Iterator[str]:
    """Say how many texts cannot be written as they are."""
    given = list(texts)
    blanks, both = (
        sum(text != _in_one_line(text) for text in given),
        sum('"' in one and "'" in one for one in given),
    )
    yield from ([f"line breaks and tabs of texts: {blanks}"] if blanks else [])
    yield from ([f"double quotes beside single ones, written as single ones: {both}"] if both else [])


class _Writing:
    """Writes one structure, section by section."""

    def __init__(self, structure: ControlStructure):
        self.structure = structure
        self.ids, self.boxes = _Ids(), _Ids()
        self.sent: dict[str | None, _Ids] = {}
        self.given: list[str] = []
        self.formal = bool(structure.unsafe_control_actions) and all(map(_plain, structure.unsafe_control_actions))

    def text(self) -> str:
        structure = self.structure
        parts = [
            self._section("Assumptions", (self._entry(id, one.text) for id, one in structure.assume.items())),
            self._section("Losses", (self._entry(id, text) for id, text in structure.losses.items())),
            self._section("Hazards", self._nested(structure.hazards, lambda one: one.losses)),
            self._section("SystemConstraints", self._nested(structure.constraints, lambda one: one.hazards)),
            self._graph(),
            self._section("Responsibilities", self._duties()),
            self._section("Context-Table", self._table()) if self.formal else self._section("UCAs", self._words()),
            self._section("ControllerConstraints", (
                self._entry(id, one.text, one.about) for id, one in structure.controller_constraints.items()
            )),
            self._section("LossScenarios", self._scenarios()),
            self._section("SafetyRequirements", (
                self._entry(id, one.text, one.about) for id, one in structure.requirements.items()
            )),
        ]  # fmt: skip
        return "\n\n".join(part for part in parts if part) + "\n"

    def quoted(self, text: str) -> str:
        """Write a text of the structure, and keep in mind what it was."""
        self.given.append(text)
        return _quoted(text)

    def dropped(self) -> Iterator[str]:
        structure, parts = self.structure, self.structure.components.values()
        rules = structure.unsafe_control_actions
        counts = {
            "control laws": sum(1 for part in parts for entry in part.control_algorithm.values() if entry.law),
            "laws of process models": sum(1 for part in parts for one in part.process_model.values() if one.law),
            "dynamics of processes": sum(1 for part in parts if part.dynamics),
            "kinds of boxes (sensor, actuator)": sum(1 for part in parts if part.kind in HANDING_ON),
            "base controllers (Layer 0)": sum(1 for part in parts if part.layer_0),
            "conditions of hazards": sum(1 for hazard in structure.hazards.values() if hazard.when),
            "conditions of assumptions": sum(1 for one in structure.assume.values() if one.never or one.then),
            "comments on rules": sum(1 for rule in rules if rule.comment),
            "amounts of rules": sum(1 for rule in rules if rule.amount is not None),
            "entries of `not hazardous`": len(structure.not_hazardous),
            "groups": len(structure.groups),
            "requests, which are written as feedback": len(structure.requests),
        }
        yield from (f"{what}: {count}" for what, count in counts.items() if count)
        if not self.formal and any(rule.context is not None for rule in structure.unsafe_control_actions):
            yield "contexts as tables: some rule has more than words of the true state; all are written in words"
        yield from _changed(self.given)
        if structure.trial:
            yield "how contexts are tried (`trial`)"

    def _section(self, name: str, lines: Iterable[str]) -> str:
        found = list(lines)
        return "\n".join([name, *found]) if found else ""

    def _entry(self, id: str, text: str, refs: Sequence[str] = (), before: str = "") -> str:
        known = f" [{', '.join(map(self.ids.of, refs))}]" if refs else ""
        return f"{self.ids.of(id)}{before} {self.quoted(text)}{known}"

    def _nested(self, entries: Mapping[str, Hazard | Constraint], refs, whole: str | None = None, deep: int = 0):
        for id, one in entries.items():
            if one.part_of == whole:
                inner = list(self._nested(entries, refs, id, deep + 1))
                line = "    " * deep + self._entry(id, one.text, refs(one))
                yield "\n".join([f"{line} {{", *inner, "    " * deep + "}"]) if inner else line

    def _graph(self) -> str:
        boxes = "\n".join(self._box(name, 1) for name, part in self.structure.components.items() if part.inside is None)
        return f"ControlStructure\n{self.boxes.of(self.structure.name)} {{\n{boxes}\n}}"

    def _box(self, name: str, deep: int) -> str:
        part, pad = self.structure.components[name], "    " * deep
        id = self.boxes.of(name)
        lines = [f"{pad}{id} {{", f"{pad}    hierarchyLevel {part.level}"]
        lines += [f"{pad}    label {self.quoted(name)}"] if id != name else []
        if variables := self._variables(name):
            inner = [f"{pad}        {_Ids().of(own)}: [{', '.join(values)}]" for own, values in variables.items()]
            lines += [f"{pad}    processModel {{", *inner, f"{pad}    }}"]
        for kind, arrows in self._arrows(name).items():
            lines += [f"{pad}    {kind} {{", *(f"{pad}        {arrow}" for arrow in arrows), f"{pad}    }}"]
        lines += [self._box(inner, deep + 1) for inner, one in self.structure.components.items() if one.inside == name]
        return "\n".join([*lines, f"{pad}}}"])

    def _variables(self, name: str) -> dict[str, list[str]]:
        """Return the values of each variable, words as ids, ranges as that language has them."""
        found: dict[str, list[str]] = {}
        controller = self.structure.resolved.controllers.get(name)
        declared = self.structure.components[name].process_model
        for one in controller.variables if controller and declared else ():
            low, high = one.domain.low, one.domain.high
            words = list(map(_word, one.domain.values))
            found[one.name] = words or [f"value=[{low:g}, {high:g}]"]
        for rule in self.structure.unsafe_control_actions if self.formal else ():
            for own, test in (rule.context or ({},))[0].items() if rule.by == name else ():
                assert not isinstance(test, Bounds)
                values = found.setdefault(_last(own), [])
                values += [word for word in map(_word, test) if word not in values]
        return found

    def _arrows(self, name: str) -> dict[str, list[str]]:
        by_kind = {field: kind for kind, field in SECTIONS.items()}
        found: dict[str, list[str]] = {kind: [] for kind in ("input", "output", "controlActions", "feedback")}
        for id in self.structure.named_links:
            if id.sender == name and id.receiver:
                field = LINK_FIELDS[id.kind].replace("_", " ")
                up = id.kind in (LinkKind.REQUEST, LinkKind.OTHER_INPUT, LinkKind.OTHER_OUTPUT)
                kind = "feedback" if up else by_kind[field]
                found[kind].append(f"[{self._command(name, id.name)}] -> {self.boxes.of(id.receiver)}")
            elif id.sender == name:
                found["output"].append(f"[{self._command(name, id.name)}]")
            elif id.sender is None and id.receiver == name:
                found["input"].append(f"[{self._command(name, id.name)}]")
        return {kind: arrows for kind, arrows in found.items() if arrows}

    def _command(self, owner: str, name: str) -> str:
        id = self.sent.setdefault(owner, _Ids()).of(name).replace(".", "_")
        return f"{id} {self.quoted(name)}"

    def _action(self, rule: UnsafeControlAction) -> str:
        action = self.sent.setdefault(rule.by, _Ids()).of(rule.action).replace(".", "_")
        return f"{self.boxes.of(rule.by)}.{action}"

    def _duties(self) -> Iterator[str]:
        for name, part in self.structure.components.items():
            if part.responsibilities:
                inner = (self._entry(id, duty.text, duty.constraints) for id, duty in part.responsibilities.items())
                yield "\n".join([f"{self.boxes.of(name)} {{", *(f"    {line}" for line in inner), "}"])

    def _table(self) -> Iterator[str]:
        theirs = {ours: word for word, ours in TYPES.items()}
        for number, rule in enumerate(self.structure.unsafe_control_actions, 1):
            tests = (rule.context or ({},))[0].items()
            context = ", ".join(f"{_Ids().of(_last(name))} = {_word(test[0])}" for name, test in tests)  # pyright: ignore[reportIndexIssue]
            hazards = f" [{', '.join(map(self.ids.of, rule.hazards))}]" if rule.hazards else ""
            own = f"{self.ids.of(rule.id)} {f'{self.quoted(rule.text)} ' if rule.text else ''}[{context}]{hazards}"
            yield (
                f"RL{number} {{\n    controlAction: {self._action(rule)}\n    type: {theirs[rule.type]}\n"
                f"    contexts: {{\n        {own}\n    }}\n}}"
            )

    def _words(self) -> Iterator[str]:
        issued = {(action.by, action.name): action for action in actions_of(self.structure)}
        by_action: dict[tuple[str, str], list[UnsafeControlAction]] = {}
        for rule in self.structure.unsafe_control_actions:
            by_action.setdefault((rule.by, rule.action), []).append(rule)
        for key, rules in by_action.items():
            lines = [f"{self._action(rules[0])} {{"]
            for group, types in GROUPS.items():
                own = []
                for rule in (rule for rule in rules if rule.type in types):
                    context = condition_words(rule.context) if rule.context else "in any context"
                    formal = unsafe_text(issued[key], rule.type, context, (), rule.amount)
                    own.append(f"        {self._entry(rule.id, rule.text or formal, rule.hazards)}")
                lines += [f"    {group} {{", *own, "    }"] if own else [f"    {group} {{ }}"]
            yield "\n".join([*lines, "}"])

    def _scenarios(self) -> Iterator[str]:
        theirs = {ours: word for word, ours in reversed(FACTORS.items())}
        for id, one in self.structure.loss_scenarios.items():
            factor = f" <{theirs[one.factor]}>" if one.factor and one.factor in theirs else ""
            about = f" for {', '.join(map(self.ids.of, one.about))}" if one.about else ""
            yield self._entry(id, one.text, one.hazards, f"{factor}{about}")


def _plain(rule: UnsafeControlAction) -> bool:
    """Whether a context table can say a rule: one conjunction, each variable with one word."""
    rows = rule.context or ()
    words = all(not isinstance(test, Bounds) and len(test) == 1 for row in rows for test in row.values())
    return rule.formal and len(rows) == 1 and words and rule.amount is None


def _word(value: str) -> str:
    """Return a value as that language has it: a word, or in quotes."""
    return value if re.fullmatch(r"[A-Za-z_]\w*", value, flags=re.ASCII) else _quoted(value)


def _last(name: str) -> str:
    """Return a variable's own name, without the owner that tells it apart."""
    return name.rpartition(".")[2] or name
