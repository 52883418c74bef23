"""The grammar of PASTA's `.stpa` text, and how a text becomes a tree.

Source: the language of PASTA (Petzold, Kreiß & von Hanxleden 2023), as its public files use it, older words included.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput

from handcrafted.exchange.pasta import Document, Group, PastaArrow, PastaEntry, PastaNode, TableContext, TableRule
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import clipped

GRAMMAR = r"""
start: section*
?section: entries | graph | responsibilities | ucas | table | dcas
entries: ENTRIES entry*
ENTRIES: /(Goals|Assumptions|Losses|Hazards|SystemConstraints|ControllerConstraints|LossScenarios|SafetyRequirements)\b/
entry: ID factor? about? STRING refs? [children]
factor: "<" ID ">"
about: "for" ID ("," ID)*
refs: "[" [ID ("," ID)*] "]"
children: "{" (header | entry)* "}"
header: STRING
graph: "ControlStructure" ID? [STRING] "{" node* "}"
node: ID [STRING] "{" part* "}"
?part: level | label | model | links | node
level: "hierarchyLevel" INT
label: "label" STRING
model: "processModel" "{" variable* "}"
variable: ID ":" "[" [value ("," value)*] "]"
value: (ID | INT | STRING) ["=" RANGE]
RANGE: /[^,\[\]()\s][^,\]]*|[\[(][^\])]*[\])]/
links: KIND "{" edge* "}"
KIND: "controlActions" | "feedback" | "input" | "output"
edge: "[" [command ("," command)*] "]" ["->" ID]
command: ID [STRING]
responsibilities: "Responsibilities" (ID "{" entry* "}")*
ucas: "UCAs" (dotted "{" group* "}")*
dcas: "DCAs" (dotted "{" group* "}")*
dotted: ID
group: GROUP "{" entry* "}"
GROUP: /(notProviding|providing|tooEarlyOrLateOrWrongOrder|tooEarly\/Late|stoppedTooSoonOrLate|stoppedTooSoon)\b/
table: "Context-Table" rule*
rule: ID "{" clause* "}"
?clause: "controlAction" ":" ID -> of | "type" ":" TYPE -> type | "contexts" ":" "{" context* "}" -> contexts
TYPE: /[A-Za-z][A-Za-z-]*/
context: ID [STRING] "[" [equals ("," equals)*] "]" refs?
equals: ID "=" (ID | INT | STRING)
ID.2: /[^\W\d][\w-]*(\.[\w-]+)*/
INT: /\d+/
STRING: /"[^"]*"|'[^']*'/
%ignore /\s+/
%ignore /\/\/[^\n]*/
%ignore /\/\*(.|\n)*?\*\//
"""


def parse(text: str, origin: str) -> Document:
    """Read a text.

    Raises:
        HandcraftedError: naming the line that is not of the language.
    """
    try:
        return _Reader().transform(_parser().parse(text))
    except UnexpectedEOF:
        raise HandcraftedError(f"{origin}: Expected more text at its end, got none. Close what is open.") from None
    except UnexpectedInput as error:
        got = text[error.pos_in_stream :][:1] if isinstance(error, UnexpectedCharacters) else str(error.token)  # pyright: ignore[reportAttributeAccessIssue]
        raise HandcraftedError(
            f"{origin}, line {error.line}: Expected PASTA's `.stpa` language, got {clipped(got, 40)!r}. Mend it there, "
            "or give another kind of file."
        ) from None


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="earley", lexer="dynamic", propagate_positions=True)


def _unquoted(token: Any) -> str:
    return "" if token is None else str(token)[1:-1]


def _plain(token: Token) -> str:
    return _unquoted(token) if token.type == "STRING" else str(token)


@v_args(meta=True)
class _Reader(Transformer):
    """Turns lark's tree into the classes above."""

    def entry(self, meta: Any, parts: list) -> PastaEntry:
        id, *rest = parts
        found: dict[str, Any] = {"id": str(id), "line": meta.line, "text": ""}
        for part in rest:
            if isinstance(part, Token):
                found["text"] = _unquoted(part)
            elif part is not None:
                found |= part
        return PastaEntry(**found)

    def factor(self, _: Any, parts: list) -> dict:
        return {"factor": str(parts[0])}

    def about(self, _: Any, parts: list) -> dict:
        return {"about": tuple(map(str, parts))}

    def refs(self, _: Any, parts: list) -> dict:
        return {"refs": tuple(str(part) for part in parts if part is not None)}

    def header(self, _: Any, parts: list) -> str:
        return _unquoted(parts[0])

    def children(self, _: Any, parts: list) -> dict:
        own = [part for part in parts if isinstance(part, PastaEntry)]
        return {"parts": tuple(own), "headings": tuple(part for part in parts if isinstance(part, str))}

    def entries(self, _: Any, parts: list) -> tuple[str, Any]:
        return str(parts[0]), tuple(parts[1:])

    def graph(self, _: Any, parts: list) -> tuple[str, Any]:
        nodes = tuple(part for part in parts if isinstance(part, PastaNode))
        names = [str(part) for part in parts if isinstance(part, Token) and part.type == "ID"]
        return "ControlStructure", (names[0] if names else "control structure", nodes)

    def node(self, meta: Any, parts: list) -> PastaNode:
        id, label, *rest = parts
        found: dict[str, Any] = {"variables": {}, "ranges": ()}
        arrows = [arrow for part in rest if isinstance(part, list) for arrow in part]
        nodes = tuple(part for part in rest if isinstance(part, PastaNode))
        for part in rest:
            if isinstance(part, dict):
                found |= part
        return PastaNode(str(id), meta.line, **{"label": _unquoted(label), **found}, arrows=tuple(arrows), nodes=nodes)

    def level(self, _: Any, parts: list) -> dict:
        return {"level": int(parts[0])}

    def label(self, _: Any, parts: list) -> dict:
        return {"label": _unquoted(parts[0])}

    def model(self, _: Any, parts: list) -> dict:
        variables = {name: tuple(value for value, _ in values) for name, values in parts}
        ranges = tuple(f"{name}: {value}={span}" for name, values in parts for value, span in values if span)
        return {"variables": variables, "ranges": ranges}

    def variable(self, _: Any, parts: list) -> tuple[str, list]:
        return str(parts[0]), [part for part in parts[1:] if part is not None]

    def value(self, _: Any, parts: list) -> tuple[str, str]:
        return _plain(parts[0]), "" if parts[1] is None else str(parts[1])

    def links(self, _: Any, parts: list) -> list[PastaArrow]:
        kind, *edges = parts
        return [PastaArrow(str(kind), id, label, target) for commands, target in edges for id, label in commands]

    def edge(self, _: Any, parts: list) -> tuple[Sequence, str]:
        *commands, target = parts
        return [one for one in commands if one is not None], "" if target is None else str(target)

    def command(self, _: Any, parts: list) -> tuple[str, str]:
        return str(parts[0]), _unquoted(parts[1])

    def responsibilities(self, _: Any, parts: list) -> tuple[str, Any]:
        found: dict[str, tuple[PastaEntry, ...]] = {}
        owner = ""
        for part in parts:
            if isinstance(part, PastaEntry):
                found[owner] = (*found.get(owner, ()), part)
            else:
                owner = str(part)
        return "Responsibilities", found

    def ucas(self, _: Any, parts: list) -> tuple[str, Any]:
        return "UCAs", _by_action(parts)

    def dcas(self, _: Any, parts: list) -> tuple[str, Any]:
        return "DCAs", sum(len(group.entries) for group in _by_action(parts))

    def dotted(self, _: Any, parts: list) -> str:
        return str(parts[0])

    def group(self, _: Any, parts: list) -> tuple[str, tuple]:
        return str(parts[0]), tuple(parts[1:])

    def table(self, _: Any, parts: list) -> tuple[str, Any]:
        return "Context-Table", tuple(parts)

    def rule(self, meta: Any, parts: list) -> TableRule:
        found = {key: value for part in parts[1:] for key, value in part.items()}
        return TableRule(str(parts[0]), meta.line, **found)

    def of(self, _: Any, parts: list) -> dict:
        return {"action": str(parts[0])}

    def type(self, _: Any, parts: list) -> dict:
        return {"type": str(parts[0])}

    def contexts(self, _: Any, parts: list) -> dict:
        return {"contexts": tuple(parts)}

    def context(self, meta: Any, parts: list) -> TableContext:
        id, text, *rest = parts
        values = tuple(part for part in rest if isinstance(part, tuple))
        refs = next((part["refs"] for part in rest if isinstance(part, dict)), ())
        return TableContext(str(id), _unquoted(text), meta.line, values, refs)

    def equals(self, _: Any, parts: list) -> tuple[str, str]:
        return str(parts[0]), _plain(parts[1])

    def start(self, _: Any, parts: list) -> Document:
        found = Document()
        for name, content in parts:
            match name:
                case "ControlStructure":
                    found.graph = content
                case "Responsibilities":
                    found.responsibilities = {**found.responsibilities, **content}
                case "UCAs":
                    found.groups += content
                case "Context-Table":
                    found.rules += content
                case "DCAs":
                    found.desired += content
                case _:
                    found.entries[name] = found.entries.get(name, ()) + content
        return found


def _by_action(parts: list) -> tuple[Group, ...]:
    found, action = [], ""
    for part in parts:
        if isinstance(part, str):
            action = part
        else:
            found.append(Group(action, *part))
    return tuple(found)
