"""What stands inside a box: name, process model and, beside it, the control algorithm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from handcrafted.control.resolved import ResolvedController, ResolvedVariable
from handcrafted.control.vocabulary import ComponentKind
from handcrafted.loading.structure import StructureComponent
from handcrafted.loading.zoom import Zoom
from handcrafted.view.anchors import PLAIN, Anchors, algorithm_part, variable_part
from handcrafted.view.markup import Passage, bold, cell, framed, indented, lines, small, table, words, wrapped

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
    """Give what a box shows: name, process model and the cell of its laws; collapsed, what it holds."""
    own = zoom.components[name]
    held = [part for part in zoom.structure.components if part in zoom.held.get(name, ()) and part != name]
    rows = [[cell(_title(name, own, held), CELLPADDING=3)]]
    if inside := _inside(zoom.controllers.get(name), own, law, anchors):
        rows.append([cell(inside, CELLPADDING=2)])
    return table(rows)


def box(inside: str, top: Sequence[BoxPort], bottom: Sequence[BoxPort], fill: str = "white", border: int = 1) -> str:
    """Set contents between a row of places on the top face and one on the bottom face."""
    rows = [[cell(_face(top))], [cell(inside)], [cell(_face(bottom))]]
    return table(rows, BORDER=border, BGCOLOR=fill, COLOR="black")


def _face(ports: Sequence[BoxPort]) -> str:
    """Give a row of cells to which arrows can be tied; they spread over the width of the box."""
    cells = [cell("", PORT=port.name, WIDTH=port.width, HEIGHT=2) for port in ports]
    return table([cells or [cell("", HEIGHT=2)]])


def _title(name: str, component: StructureComponent, held: Sequence[str]) -> str:
    parts = [bold(line) for line in wrapped(name, LETTERS)]
    parts += [small(line) for line in wrapped(f"({', '.join(held)})", LETTERS, most=4)] if held else []
    if component.layer_0:
        parts.append(small("layer 0"))
    elif component.kind in (ComponentKind.ACTUATOR, ComponentKind.SENSOR):
        parts.append(small(component.kind))
    return lines(parts, align="CENTER")


def _inside(controller: ResolvedController | None, own: StructureComponent, law: Law | None, anchors: Anchors) -> str:
    """Give the columns of what the file declares; boxes and arrows alone stay boxes and arrows."""
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
    """Give the name in bold and the values, beside it where they fit in one line."""
    name, values = variable.name, str(variable.domain)
    if len(name) + len(values) + 2 <= LETTERS:
        return [f"{bold(name)}: {words(values)}"]
    return [*map(bold, wrapped(name, LETTERS)), *map(indented, wrapped(values, LETTERS, most=3))]
