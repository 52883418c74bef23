"""A diagram as a DOT text in which everything has its place already: Graphviz only draws it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from handcrafted.control.vocabulary import LinkKind
from handcrafted.view import dot
from handcrafted.view.arrows import Arrow, head, label_of, stroke
from handcrafted.view.boxes import box, box_part, lines, small, table, words
from handcrafted.view.engine import render
from handcrafted.view.layout.geometry import Line, Point, Rect, hull, passes, segments, span
from handcrafted.view.layout.graph import Sizes
from handcrafted.view.layout.layered import Arrangement, arrangement

if TYPE_CHECKING:
    from handcrafted.view.diagram import Diagram

INCH = 72
"""Points per inch."""

TIP = 7.0
"""Length of an arrowhead in points: Graphviz's 10 times the size set for edges."""

SAMPLE, GAP = 26, 14
"""Length of a line in the legend, and distance between its entries and from the drawing."""

TOLD_APART = (LinkKind.CONTROL_ACTION, LinkKind.FEEDBACK, LinkKind.REQUEST)
"""Kinds of arrows whose heads a legend explains."""


def placed(diagram: Diagram, title: str) -> str:
    """Return the DOT text under a title that is markup.

    Raises:
        ImportError: if graphlay is missing.
        ValueError: if it refuses the graph.
    """
    inside = {name: diagram.inside(name) for name in diagram.nesting.names}
    labels = [label_of(arrow, diagram.anchors) for arrow in diagram.arrows]
    full = _full_laws(diagram)
    kinds = [kind for kind in TOLD_APART if any(arrow.kind == kind for arrow in diagram.arrows)]
    boxes = {name: box(text, [], []) for name, text in inside.items()}
    sizes = _measured([*boxes.values(), *labels, *(small(kind) for kind in kinds), full])
    of_labels = sizes[len(boxes) : len(boxes) + len(labels)]
    found = arrangement(diagram.nesting, diagram.arrows, Sizes(dict(zip(boxes, sizes, strict=False)), of_labels))
    body = [
        *_boxes(diagram, inside, found),
        *_lines(diagram, found),
        *_labels(diagram, found),
        *_legend(kinds, [width for width, _ in sizes[len(boxes) + len(labels) : -1]], found),
        *(_below(full, sizes[-1], found) if any(map(diagram.full_law, inside)) else ()),
    ]
    return dot.digraph(body, label=dot.html(title), labelloc="t", pad=0.15, layout="nop2", outputorder="edgesfirst")


def _measured(markups: Sequence[str]) -> list[tuple[float, float]]:
    """Return width and height in points of each piece of markup, as Graphviz sets it."""
    body = [dot.node(f"n{k}", label=dot.html(markup), pos="0,0") for k, markup in enumerate(markups)]
    plain = render(dot.digraph(body, layout="nop2"), "plain").decode()
    found = re.findall(r"^node n\d+ \S+ \S+ (\S+) (\S+)", plain, re.M)
    return [(float(width) * INCH, float(height) * INCH) for width, height in found]


def _boxes(diagram: Diagram, inside: Mapping[str, str], found: Arrangement) -> Iterator[str]:
    for name, rect in found.boxes.items():
        anchor = diagram.anchors.of(box_part(name))
        if name not in found.tops:
            label = dot.html(box(inside[name], [], [], diagram.fill(name), size=(rect.width, rect.height)))
            yield dot.node(name, label=label, pos=_at(rect.center), tooltip=_tip(diagram, name), **anchor)
            continue
        size = {"width": f"{rect.width / INCH:.4f}", "height": f"{rect.height / INCH:.4f}"}
        yield dot.node(name, label="", shape="box", fixedsize="true", pos=_at(rect.center), **size)
        label = dot.html(box(inside[name], [], [], border=0))
        yield dot.node(dot.helper(f"top {name}"), label=label, pos=_at(found.tops[name].center), **anchor)


def _lines(diagram: Diagram, found: Arrangement) -> Iterator[str]:
    for number, (arrow, line) in enumerate(zip(diagram.arrows, found.lines, strict=True)):
        label = dot.helper(f"label {number}")
        ends = [dot.quoted(end or label) for end in (arrow.sender, arrow.receiver)]
        anchor = diagram.anchors.of(arrow.part)
        yield _line(ends, line, arrow, id=f"arrow {number}", **anchor)


def _line(ends: Sequence[str], line: Line, arrow: Arrow, **more: str) -> str:
    return dot.edge(*ends, pos=_spline(line), **stroke(arrow), **head(arrow, False), **more)


def _labels(diagram: Diagram, found: Arrangement) -> Iterator[str]:
    for number, (arrow, line, rect) in enumerate(zip(diagram.arrows, found.lines, found.labels, strict=True)):
        text = label_of(arrow, diagram.anchors, _align(line, rect))
        white = dot.html(table([[f'<TD BGCOLOR="white">{text}</TD>']]))
        yield dot.node(dot.helper(f"label {number}"), label=white, pos=_at(rect.center))


def _align(line: Line, label: Rect) -> str:
    """Set a label's lines towards its arrow, or, where it stands on it, in the middle."""
    if passes(line, label):
        return "CENTER"
    right = [piece for piece in map(span, segments(line)) if piece.left >= label.right - 1]
    return "RIGHT" if any(piece.top < label.bottom and label.top < piece.bottom for piece in right) else "LEFT"


def _legend(kinds: Sequence[LinkKind], widths: Sequence[float], found: Arrangement) -> Iterator[str]:
    """Return a row below the drawing: a line of each kind, and what it means."""
    whole = hull([*found.boxes.values(), *found.labels])
    x, y = whole.left, whole.bottom + 2 * GAP
    for kind, width in zip(kinds, widths, strict=True):
        names = [dot.helper(f"{end} {kind}") for end in ("from", "means")]
        yield dot.node(names[0], label="", shape="point", style="invis", width="0.01", pos=_at((x, y)))
        middle = x + SAMPLE + 4 + width / 2, y
        yield dot.node(names[1], label=dot.html(small(kind)), pos=_at(middle))
        yield _line([dot.quoted(name) for name in names], [(x, y), (x + SAMPLE, y)], Arrow(kind, None, None, ()))
        x += SAMPLE + 4 + width + GAP


def _tip(diagram: Diagram, name: str) -> str | None:
    """Return what an SVG says of a box that is pointed at: its laws, where not all of them stand in it."""
    return "\n".join([name, *diagram.full_law(name)]) if diagram.full_law(name) else None


def _full_laws(diagram: Diagram) -> str:
    """Return the laws that do not fit into their boxes, as markup."""
    rows = []
    for name in diagram.nesting.names:
        if law := diagram.full_law(name):
            rows += [small(f"{name}: the whole law"), *(words(line).replace("  ", "&#160;&#160;") for line in law)]
    return lines(rows) if rows else "&#160;"


def _below(text: str, size: tuple[float, float], found: Arrangement) -> Iterator[str]:
    """Return a text below the legend."""
    whole = hull([*found.boxes.values(), *found.labels])
    center = whole.left + size[0] / 2, whole.bottom + 3 * GAP + size[1] / 2
    yield dot.node(dot.helper("laws"), label=dot.html(text), pos=_at(center))


def _spline(line: Line) -> str:
    """Write a line as Graphviz wants it: the point of the arrowhead, then straight pieces as Bézier curves."""
    *_, before, tip = line
    length = max(abs(tip[0] - before[0]) + abs(tip[1] - before[1]), TIP)
    share = 1 - TIP / length
    start = before[0] + share * (tip[0] - before[0]), before[1] + share * (tip[1] - before[1])
    points = [*line[:-1], start]
    curve = [points[0]]
    for a, b in pairwise(points):
        curve += [a, b, b]
    return f"e,{_at(tip)} " + " ".join(map(_at, curve))


def _at(point: Point) -> str:
    return f"{point[0]:.3f},{-point[1]:.3f}"
