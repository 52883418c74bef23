"""The text of a DOT file: nodes, edges and nested subgraphs, in the order in which they are added."""

from __future__ import annotations

from collections.abc import Iterable

from handcrafted.view.fonts import FONT


class Html(str):
    """A text that is an HTML-like label, angle brackets and all; any other text stays text."""


def quoted(text: str) -> str:
    """Give a DOT string, or an HTML-like label as it is."""
    if isinstance(text, Html):
        return text
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


def attributes(**values: object) -> str:
    """Give an attribute list; None leaves an attribute out."""
    given = ", ".join(f"{name}={_value(value)}" for name, value in values.items() if value is not None)
    return f" [{given}]" if given else ""


def _value(value: object) -> str:
    return quoted(value if isinstance(value, str) else str(value))


def html(markup: str) -> Html:
    """Mark a text as an HTML-like label."""
    return Html(f"<{markup}>")


def helper(text: str) -> str:
    """Name a node that is no box: no box has a name that begins with a blank."""
    return f" {text}"


def node(name: str, **values: object) -> str:
    """Give a node statement."""
    return f"{quoted(name)}{attributes(**values)};"


def edge(tail: str, head: str, **values: object) -> str:
    """Give an edge statement between two ends as `end` writes them."""
    return f"{tail} -> {head}{attributes(**values)};"


def end(name: str, port: str = "", face: str = "") -> str:
    """Give one end of an edge: a node, a port of it, a face (n, s, e, w)."""
    return ":".join([quoted(name), *filter(None, (port, face))])


def subgraph(name: str, body: Iterable[str], **values: object) -> list[str]:
    """Give a subgraph; without a name it only groups."""
    head = f"subgraph {quoted(name)} {{" if name else "{"
    own = [f"{key}={_value(value)};" for key, value in values.items() if value is not None]
    return [head, *(f"  {line}" for line in [*own, *body]), "}"]


def same_rank(names: Iterable[str]) -> list[str]:
    """Set nodes on one height."""
    names = list(dict.fromkeys(names))
    return [f"{{ rank=same; {' '.join(quoted(name) + ';' for name in names)} }}"] if len(names) > 1 else []


def digraph(body: Iterable[str], **values: object) -> str:
    """Give the whole file, in the library's font."""
    font = {"fontname": FONT, "fontsize": 10}
    lines = [
        f"graph{attributes(**font, **values)};",
        f"node{attributes(**font, shape='plain', margin=0)};",
        f"edge{attributes(**font, arrowsize=0.7)};",
        *body,
    ]
    return "\n".join(["digraph {", *(f"  {line}" for line in lines), "}", ""])


def at_resolution(text: str, dpi: float) -> str:
    """Ask in a DOT text for so many dots per inch."""
    return text.replace("digraph {\n", f"digraph {{\n  graph [dpi={dpi}];\n", 1)
