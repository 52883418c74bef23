"""A diagram as a DOT text in which everything has its place already: Graphviz only draws it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from handcrafted.view import dot
from handcrafted.view.arrows import head, label_of, stroke
from handcrafted.view.boxes import box, box_part, table
from handcrafted.view.dot import Html
from handcrafted.view.engine import render
from handcrafted.view.layout.geometry import Line, Point
from handcrafted.view.layout.graph import Sizes
from handcrafted.view.layout.layered import Placement, placement

if TYPE_CHECKING:
    from handcrafted.view.diagram import Diagram

INCH = 72
"""Points per inch."""

TIP = 7.0
"""Length of an arrowhead in points: Graphviz's 10 times the size set for edges."""

TITLE_GAP = 10


def placed(diagram: Diagram, title: str) -> str:
    """Return the DOT text under a title that is markup.

    Raises:
        ImportError: if graphlay is missing.
        ValueError: if it refuses the graph, or a label finds no place.
    """
    labels = [dot.html(label_of(arrow, diagram.anchors)) for arrow in diagram.arrows]
    inside = {name: diagram.inside(name) for name in diagram.nesting.names}
    sizes = measured({**{f"b {name}": _plain(text) for name, text in inside.items()}, **dict(enumerate(labels))})
    found = placement(
        diagram.nesting,
        diagram.arrows,
        Sizes({name: sizes[f"b {name}"] for name in inside}, [sizes[k] for k in range(len(labels))]),
    )
    body = [*_boxes(diagram, inside, found), *_lines(diagram, found)]
    body += [
        dot.node(dot.helper(f"label {k}"), label=_on_white(text), pos=_at(rect.center))
        for k, (text, rect) in enumerate(zip(labels, found.labels, strict=True))
    ]
    return dot.digraph(
        body, label=dot.html(title), labelloc="t", pad=0.15, layout="nop2", outputorder="edgesfirst", splines="true"
    )


def measured(markups: Mapping) -> dict:
    """Return width and height in points of each piece of markup, as Graphviz sets it."""
    names = list(markups)
    body = [dot.node(f"n{k}", label=markups[name], pos="0,0") for k, name in enumerate(names)]
    plain = render(dot.digraph(body, layout="nop2"), "plain").decode()
    found = re.findall(r"^node n(\d+) \S+ \S+ (\S+) (\S+)", plain, re.M)
    return {names[int(k)]: (float(width) * INCH, float(height) * INCH) for k, width, height in found}


def _plain(inside: str) -> Html:
    return dot.html(box(inside, [], []))


def _on_white(text: Html) -> Html:
    return dot.html(table([[f'<TD BGCOLOR="white">{text[1:-1]}</TD>']]))


def _boxes(diagram: Diagram, inside: Mapping[str, str], found: Placement) -> Iterator[str]:
    for name, rect in found.boxes.items():
        anchor = diagram.anchors.of(box_part(name))
        if name not in found.tops:
            label = dot.html(box(inside[name], [], [], diagram.fill(name), size=(rect.width, rect.height)))
            yield dot.node(name, label=label, pos=_at(rect.center), **anchor)
            continue
        size = {"width": f"{rect.width / INCH:.4f}", "height": f"{rect.height / INCH:.4f}"}
        yield dot.node(name, label="", shape="box", fixedsize="true", pos=_at(rect.center), **size)
        label = dot.html(box(inside[name], [], [], border=0))
        yield dot.node(dot.helper(f"top {name}"), label=label, pos=_at(found.tops[name].center), **anchor)


def _lines(diagram: Diagram, found: Placement) -> Iterator[str]:
    for number, (arrow, line) in enumerate(zip(diagram.arrows, found.lines, strict=True)):
        label = dot.helper(f"label {number}")
        ends = [dot.quoted(end or label) for end in (arrow.sender, arrow.receiver)]
        yield dot.edge(
            *ends,
            id=f"arrow {number}",
            pos=_spline(line),
            **stroke(arrow),
            **head(arrow, False),
            **diagram.anchors.of(arrow.part),
        )


def _spline(line: Line) -> str:
    """Write a line as Graphviz wants it: the point of the arrowhead, then straight pieces as Bézier curves."""
    *_, before, tip = line
    length = max(abs(tip[0] - before[0]) + abs(tip[1] - before[1]), 1e-6)
    share = max(0.0, 1 - TIP / length)
    start = before[0] + share * (tip[0] - before[0]), before[1] + share * (tip[1] - before[1])
    points = [*line[:-1], start]
    curve = [points[0]]
    for a, b in zip(points, points[1:], strict=False):
        curve += [a, b, b]
    return f"e,{_at(tip)} " + " ".join(map(_at, curve))


def _at(point: Point) -> str:
    return f"{point[0]:.3f},{-point[1]:.3f}"
