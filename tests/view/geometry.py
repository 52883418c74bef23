"""What a drawing looks like, read from its SVG alone: boxes, arrows, labels and letters, and what lies on what.

Nothing here is the engine's word: the shapes are those that a browser would paint.
"""

import re
import xml.etree.ElementTree as ET
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import NamedTuple

import matplotlib
from PIL import ImageFont

SVG = "{http://www.w3.org/2000/svg}"
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def grown(self, by):
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)


class Letters(NamedTuple):
    text: str
    box: Box


class Seen(NamedTuple):
    """Boxes and labels by name, the arrows as lists of corners with their ends, all texts with what stands in them."""

    boxes: dict[str, Box]
    labels: dict[str, Box]
    arrows: list[tuple[str, str, list[tuple[float, float]]]]
    letters: dict[str, list[Letters]]


def read(svg: bytes) -> Seen:
    root = ET.fromstring(svg)
    boxes, labels, arrows, letters = {}, {}, {}, {}
    for group in root.iter(f"{SVG}g"):
        title = group.findtext(f"{SVG}title") or ""
        if group.get("class") == "node":
            shapes = [_hull(_numbers(shape.get("points", ""))) for shape in group.iter(f"{SVG}polygon")]
            letters[title] = [_letters(text) for text in group.iter(f"{SVG}text")]
            if title.startswith(" "):
                inked = [found.box for found in letters[title] if found.text.strip()]
                if inked and not title.startswith((" means ", " from ")):
                    labels[title] = _around(inked)
            elif shapes:
                boxes[title] = _around(shapes)
        elif group.get("class") == "edge":
            ends = title.split("->")
            path = next(group.iter(f"{SVG}path")).get("d", "")
            points = _numbers(path)
            corners = [points[0], *points[3::3]]
            heads = [_numbers(shape.get("points", "")) for shape in group.iter(f"{SVG}polygon")]
            if heads:
                corners.append(max(heads[0], key=lambda point: _apart(point, corners[-1])))
            if (name := group.get("id", "")).startswith("arrow "):
                arrows[int(name.split()[-1])] = ends[0], ends[1], corners
    return Seen(boxes, labels, [arrows[k] for k in range(len(arrows))], letters)


def _numbers(text):
    values = [float(value) for value in re.findall(r"-?\d+(?:\.\d+)?", text)]
    return list(zip(values[::2], values[1::2], strict=True))


def _apart(a, b):
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _hull(points):
    xs, ys = zip(*points, strict=True)
    return Box(min(xs), min(ys), max(xs), max(ys))


def _around(boxes):
    return _hull([point for box in boxes for point in ((box.left, box.top), (box.right, box.bottom))])


@cache
def _font(bold, italic):
    style = {(0, 0): "", (1, 0): "-Bold", (0, 1): "-Oblique", (1, 1): "-BoldOblique"}[bold, italic]
    return ImageFont.truetype(FONTS / f"DejaVuSans{style}.ttf", 100)


def _letters(element):
    """Return where the letters of a text stand, measured with the font that they are set in."""
    text = element.text or ""
    size = float(element.get("font-size", 10))
    font = _font(element.get("font-weight") == "bold", element.get("font-style") == "italic")
    width = font.getlength(text) * size / 100
    x, y = float(element.get("x")), float(element.get("y"))
    left = {"start": x, "middle": x - width / 2, "end": x - width}[element.get("text-anchor", "start")]
    return Letters(text, Box(left, y - 0.73 * size, left + width, y + 0.21 * size))


def overlap(a, b):
    return a.left < b.right and b.left < a.right and a.top < b.bottom and b.top < a.bottom


def meets(a, b, box):
    """Whether a straight piece, slanted or not, has a point inside a box (Liang and Barsky's clipping)."""
    low, high = 0.0, 1.0
    for start, step, least, most in (
        (a[0], b[0] - a[0], box.left, box.right),
        (a[1], b[1] - a[1], box.top, box.bottom),
    ):
        if step == 0:
            if not least < start < most:
                return False
            continue
        ends = sorted(((least - start) / step, (most - start) / step))
        low, high = max(low, ends[0]), min(high, ends[1])
    return low < high


def through(line, box):
    return any(meets(a, b, box) for a, b in pairwise(line))


def distance(line, box):
    """Return how far a line of level and upright pieces passes from a box."""
    found = []
    for (x0, y0), (x1, y1) in pairwise(line):
        dx = max(box.left - max(x0, x1), min(x0, x1) - box.right, 0)
        dy = max(box.top - max(y0, y1), min(y0, y1) - box.bottom, 0)
        found.append((dx * dx + dy * dy) ** 0.5)
    return min(found)


def over_boxes(seen):
    """List the arrows that run through a box that does not hold one of their ends."""
    return [
        (tail, head, name)
        for tail, head, line in seen.arrows
        for name, box in seen.boxes.items()
        if through(line, box.grown(-1)) and not _holder(seen, name)
    ]


def _holder(seen, name):
    """Whether a box holds others: arrows may cross it."""
    box = seen.boxes[name].grown(0.5)
    return any(
        other != name
        and box.left <= own.left
        and box.top <= own.top
        and box.right >= own.right
        and box.bottom >= own.bottom
        for other, own in seen.boxes.items()
    )


def slanted(seen):
    """List the arrows with a piece that is neither level nor upright."""
    return [
        (tail, head)
        for tail, head, line in seen.arrows
        if any(min(abs(a[0] - b[0]), abs(a[1] - b[1])) > 0.5 for a, b in pairwise(line))
    ]


def overlapping_labels(seen):
    """List the labels that lie on each other or on a box that holds nothing."""
    pairs = [(a, b) for a, b in combinations(seen.labels, 2) if overlap(seen.labels[a], seen.labels[b])]
    solid = [name for name in seen.boxes if not _holder(seen, name)]
    return pairs + [(a, b) for a in seen.labels for b in solid if overlap(seen.labels[a], seen.boxes[b])]


def strange_labels(seen):
    """List the labels through which another arrow runs, or which stand nearer to another arrow than to their own."""
    found = []
    for name, label in seen.labels.items():
        if not name.startswith(" label "):
            if any(through(line, label) for _, _, line in seen.arrows):
                found.append((name, "struck"))
            continue
        number = int(name.split()[-1])
        own = distance(seen.arrows[number][2], label)
        others = [line for k, (_, _, line) in enumerate(seen.arrows) if k != number]
        if any(through(line, label) for line in others):
            found.append((name, "struck"))
        elif own > min([distance(line, label) for line in others], default=99) + 0.01 or own > 8:
            found.append((name, "far"))
    return found


def along_borders(seen):
    """List the arrows of which a piece runs along the border of a box that holds others."""
    found = []
    for name, box in seen.boxes.items():
        for tail, head, line in seen.arrows if _holder(seen, name) else ():
            for (x0, y0), (x1, y1) in pairwise(line):
                level = abs(y0 - y1) < 0.5 and min(abs(y0 - box.top), abs(y0 - box.bottom)) < 3
                beside = min(max(x0, x1), box.right) - max(min(x0, x1), box.left) > 6
                upright = abs(x0 - x1) < 0.5 and min(abs(x0 - box.left), abs(x0 - box.right)) < 3
                above = min(max(y0, y1), box.bottom) - max(min(y0, y1), box.top) > 6
                if (level and beside) or (upright and above):
                    found.append((tail, head, name))
    return found


def crossed(seen):
    """Count the places at which two arrows cross."""
    lines = [line for _, _, line in seen.arrows]
    return sum(
        _cross(a, b, c, d)
        for one, other in combinations(lines, 2)
        for a, b in pairwise(one)
        for c, d in pairwise(other)
    )


def _cross(a, b, c, d):
    turn = lambda p, q, r: (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
    return turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0


def outside_texts(seen):
    """List the letters that reach over the border of the box that they stand in."""
    found = []
    for name, texts in seen.letters.items():
        box = seen.boxes.get(name) or seen.boxes.get(name.removeprefix(" top "))
        if box is not None:
            inside = box.grown(0.5)
            found += [
                (name, one.text)
                for one in texts
                if one.box.left < inside.left
                or one.box.right > inside.right
                or one.box.top < inside.top
                or one.box.bottom > inside.bottom
            ]
    return found


def faults(svg):
    """Return everything in a drawing that a reviewer would object to, by what it is."""
    return judged(read(svg))


def judged(seen):
    """Return what a reviewer would object to, by what it is."""
    every = {
        "over a box": over_boxes(seen),
        "slanted": slanted(seen),
        "along a border": along_borders(seen),
        "labels overlap": overlapping_labels(seen),
        "label of another arrow": strange_labels(seen),
        "text outside its box": outside_texts(seen),
    }
    return {what: where for what, where in every.items() if where}
