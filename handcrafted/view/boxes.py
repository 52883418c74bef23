"""Boxes of a diagram: markup, anchors on their sides, and the boxes themselves."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from handcrafted.control.resolved import LinkId, ResolvedController, ResolvedVariable
from handcrafted.control.vocabulary import ComponentKind
from handcrafted.loading.structure import StructureComponent
from handcrafted.loading.zoom import Zoom
from handcrafted.text.letters import CONTROL, written

SMALL = 8
"""Point size of marks such as `(next step)`."""

HARD_BLANK = "\u00a0"
"""A blank at which no line breaks."""

GREY = "#555555"
CLEAR = "#ffffff00"
"""Ink that takes its place and is not seen."""


def words(text: str) -> str:
    """Escape a text for an HTML-like label; control characters, which no label may hold, become blanks."""
    return html.escape(CONTROL.sub(" ", text), quote=True)


def bold(text: str) -> str:
    """Set a text in bold type."""
    return f"<B>{words(text)}</B>"


def indented(text: str) -> str:
    """Set a text a little to the right; its own leading blanks and hard blanks stay."""
    blanks = len(text) - len(text.lstrip(" "))
    return "&#160;" * (2 + blanks) + words(text.lstrip(" "))


def small(text: str, color: str = GREY) -> str:
    """Set a text in small italic type."""
    return f'<FONT POINT-SIZE="{SMALL}" COLOR="{color}"><I>{words(text)}</I></FONT>'


def wrapped(text: str, width: int, most: int = 99) -> list[str]:
    """Break a text into lines of at most `width` letters; what does not fit into `most` lines ends in `…`."""
    lines = textwrap.wrap(text, width) or [""]
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], textwrap.shorten(" ".join(lines[most - 1 :]), width, placeholder=" …")]


def cell(content: str = "", **attributes: object) -> str:
    """Return one table cell."""
    return f"<TD{_attributes(attributes)}>{content}</TD>"


def table(rows: Iterable[Sequence[str]], **attributes: object) -> str:
    """Return a table of rows of cells, without lines or gaps unless `attributes` ask for them."""
    plain = {"BORDER": 0, "CELLBORDER": 0, "CELLSPACING": 0, "CELLPADDING": 0}
    body = "".join(f"<TR>{''.join(row)}</TR>" for row in rows)
    return f"<TABLE{_attributes(plain | attributes)}>{body}</TABLE>"


def lines(contents: Iterable[str], align: str = "LEFT", **attributes: object) -> str:
    """Set ready-made contents one per line."""
    return table(([cell(content, ALIGN=align)] for content in contents), **attributes)


class Passage(NamedTuple):
    """Ready-made lines that stay together, and the attributes of the cell that they would have of their own."""

    lines: Sequence[str]
    own: Mapping[str, str] = {}


def framed(passages: Sequence[Passage], least: int = 0) -> str:
    """Return one framed cell of lines that stay together at its top left, however much room there is.

    Passages with attributes of their own, such as anchors, become cells within it; Graphviz would spread these over the
    height of the cell, so they are filled up to the `least` lines that the cell beside it has.
    """
    look = {"ALIGN": "LEFT", "VALIGN": "TOP", "BORDER": 1, "COLOR": "#999999", "CELLPADDING": 4}
    if len(passages) == 1:
        return cell(_paragraph(passages[0].lines), **look, **passages[0].own)
    if not any(passage.own for passage in passages):
        return cell(_paragraph([line for passage in passages for line in passage.lines]), **look)
    spare = max(0, least - sum(len(passage.lines) for passage in passages))
    filled = [*passages, *([Passage(["&#160;"] * spare)] if spare else [])]
    rows = [[cell(_paragraph(passage.lines), ALIGN="LEFT", **passage.own)] for passage in filled]
    return cell(table(rows), **look)


def _paragraph(contents: Iterable[str]) -> str:
    return "".join(f'{content}<BR ALIGN="LEFT"/>' for content in contents)


def _attributes(values: dict[str, object]) -> str:
    return "".join(f' {name}="{value}"' for name, value in values.items() if value is not None)


def box_part(name: str) -> str:
    """Name a box."""
    return written(name)


def link_part(id: LinkId) -> str:
    """Name a link: its kind and ends."""
    return f"{id.kind} {id}"


def variable_part(controller: str, variable: str) -> str:
    """Name a process-model variable."""
    return f"{written(controller)}: process model: {written(variable)}"


def algorithm_part(controller: str) -> str:
    """Name the control algorithm of a controller."""
    return f"{written(controller)}: control algorithm"


class Anchors(NamedTuple):
    """Whether the parts of a diagram carry anchors, `#` and the part's name percent-encoded, which an SVG makes links.

    Attributes:
        on: a picture has none; what reacts to clicks has.
    """

    on: bool = False

    def of(self, part: str) -> dict[str, str]:
        """Return the attributes of a DOT statement or of a cell."""
        return {"href": f"#{quote(part, safe='')}"} if self.on and part else {}


PLAIN = Anchors()
"""A diagram whose parts cannot be pointed at."""


LETTERS = 30
"""Letters per line of a name or a list of values."""

FILL = {ComponentKind.PROCESS: "#f0f0f0"}
"""Processes are shaded lightly, so that what controls and what is controlled differ without colour."""


Law = Sequence[str]
"""The lines of a controller's laws, ready-made."""


class BoxPort(NamedTuple):
    """A place on a box's top or bottom face where one arrow ends, at least `width` points wide."""

    name: str
    width: int


def content(zoom: Zoom, name: str, law: Law | None = None, anchors: Anchors = PLAIN) -> str:
    """Return what a box shows: name, process model and the cell of its laws; collapsed, what it holds."""
    own = zoom.components[name]
    held = [part for part in zoom.structure.components if part in zoom.held.get(name, ()) and part != name]
    rows = [[cell(_title(name, own, held), CELLPADDING=5)]]
    if inside := _inside(zoom.controllers.get(name), own, law, anchors):
        rows.append([cell(inside, CELLPADDING=2)])
    return table(rows)


def box(
    inside: str,
    top: Sequence[BoxPort],
    bottom: Sequence[BoxPort],
    fill: str = "white",
    border: int = 1,
    size: tuple[float, float] = (0, 0),
) -> str:
    """Set contents between a row of places on the top face and one on the bottom face; `size` in points at least."""
    room = {"WIDTH": int(size[0]) - 2, "HEIGHT": int(size[1]) - 2} if any(size) else {}
    rows = [[cell(_face(top))], [cell(inside)], [cell(_face(bottom))]] if top or bottom else [[cell(inside, **room)]]
    return table(rows, BORDER=border, BGCOLOR=fill, COLOR="black")


def _face(ports: Sequence[BoxPort]) -> str:
    """Return a row of cells to which arrows can be tied; they spread over the width of the box."""
    cells = [cell("", PORT=port.name, WIDTH=port.width, HEIGHT=2) for port in ports]
    return table([cells or [cell("", HEIGHT=2)]])


def _title(name: str, component: StructureComponent, held: Sequence[str]) -> str:
    parts = [bold(line) for line in wrapped(name, LETTERS)]
    parts += [small(line) for line in wrapped(f"({', '.join(held)})", LETTERS, most=4)] if held else []
    if component.layer_0:
        parts.append(small("layer 0"))
    elif component.kind in (ComponentKind.ACTUATOR, ComponentKind.SENSOR):
        parts.append(small(component.kind))
    return "<BR/>".join(parts)


def _inside(controller: ResolvedController | None, own: StructureComponent, law: Law | None, anchors: Anchors) -> str:
    """Return the columns of what the file declares; boxes and arrows alone stay boxes and arrows."""
    if controller is None:
        return ""
    columns = []
    if own.process_model:
        shown = [Passage([small("process model")])]
        for variable in controller.variables:
            part = variable_part(controller.name, variable.name)
            shown.append(Passage(_variable(variable), anchors.of(part)))
        columns.append(framed(shown, least=len(law or ())))
    if law is not None:
        columns.append(framed([Passage(law, anchors.of(algorithm_part(controller.name)))]))
    return table([columns], CELLSPACING=3) if columns else ""


def _variable(variable: ResolvedVariable) -> list[str]:
    """Return the name in bold and the values, beside it where they fit in one line."""
    name, values = variable.name, str(variable.domain)
    if len(name) + len(values) + 2 <= LETTERS:
        return [f"{bold(name)}: {words(values)}"]
    return [*map(bold, wrapped(name, LETTERS)), *map(indented, wrapped(values, LETTERS, most=3))]
