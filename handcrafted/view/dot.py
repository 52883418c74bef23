"""DOT text: fonts, attributes, and pictures composed of several."""

from __future__ import annotations

import atexit
import io
import os
import re
import shutil
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

FONT = "DejaVu Sans"
VARIABLE = "FONTCONFIG_FILE"


@cache
def fontconfig_file() -> Path:
    """Write, once per process, a fontconfig file that names matplotlib's fonts and nothing else."""
    found = find_spec("matplotlib")  # where it stands is all that is asked of it here
    assert found is not None and found.origin is not None
    fonts = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    folder = Path(tempfile.mkdtemp(prefix="handcrafted-fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "fonts.conf"
    path.write_text(
        '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n'
        f"<fontconfig><dir>{escape(str(fonts))}</dir>\n"
        f"<cachedir>{escape(str(folder / 'cache'))}</cachedir></fontconfig>\n",
        encoding="utf-8",
    )
    return path


@contextmanager
def bundled_fonts() -> Iterator[None]:
    """Let Graphviz find the bundled fonts, and only them, while it starts and draws."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(fontconfig_file())
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


class Html(str):
    """A text that is an HTML-like label, angle brackets and all; any other text stays text."""


def quoted(text: str) -> str:
    """Return a DOT string, or an HTML-like label as it is."""
    if isinstance(text, Html):
        return text
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


def attributes(**values: object) -> str:
    """Return an attribute list; None leaves an attribute out."""
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
    """Return a node statement."""
    return f"{quoted(name)}{attributes(**values)};"


def edge(tail: str, head: str, **values: object) -> str:
    """Return an edge statement between two ends as `end` writes them."""
    return f"{tail} -> {head}{attributes(**values)};"


def end(name: str, port: str = "", face: str = "") -> str:
    """Return one end of an edge: a node, a port of it, a face (n, s, e, w)."""
    return ":".join([quoted(name), *filter(None, (port, face))])


def subgraph(name: str, body: Iterable[str], **values: object) -> list[str]:
    """Return a subgraph; without a name it only groups."""
    head = f"subgraph {quoted(name)} {{" if name else "{"
    own = [f"{key}={_value(value)};" for key, value in values.items() if value is not None]
    return [head, *(f"  {line}" for line in [*own, *body]), "}"]


def same_rank(names: Iterable[str]) -> list[str]:
    """Set nodes on one height."""
    names = list(dict.fromkeys(names))
    return [f"{{ rank=same; {' '.join(quoted(name) + ';' for name in names)} }}"] if len(names) > 1 else []


def digraph(body: Iterable[str], **values: object) -> str:
    """Return the whole file, in the library's font."""
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


GAP = 24
"""Points between parts."""

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"

Place = tuple[float, float]


def places(
    sizes: Sequence[tuple[float, float]], gap: float, beside: int = 2
) -> tuple[list[Place], tuple[float, float]]:
    """Return the upper left corner of each part, and the width and height of the whole; so many are side by side."""
    row = sum(width for width, _ in sizes[:beside]) + gap * (beside - 1)
    width = max(row, *(part for part, _ in sizes[beside:]), 0)
    x, corners = (width - row) / 2, []
    for part, _ in sizes[:beside]:
        corners.append((x, 0.0))
        x += part + gap
    y = max(height for _, height in sizes[:beside]) + gap / 2
    for _, height in sizes[beside:]:
        corners.append((0.0, y))
        y += height
    return corners, (width, y)


def join_png(parts: Sequence[bytes], dpi: float, beside: int = 2) -> bytes:
    """Join PNGs on a white ground, with a line between those that are side by side."""
    from PIL import Image

    images = [Image.open(io.BytesIO(part)).convert("RGB") for part in parts]
    gap = int(GAP * dpi / 72)
    corners, (width, height) = places([image.size for image in images], gap, beside)
    whole = Image.fromarray(np.full((round(height), round(width), 3), 255, np.uint8))
    for image, (x, y) in zip(images, corners, strict=True):
        whole.paste(image, (round(x), round(y)))
    lower = max(image.size[1] for image in images[:beside])
    for x, _ in corners[1:beside]:
        middle = round(x) - gap // 2
        whole.paste((200, 200, 200), (middle, gap // 2, middle + max(1, int(dpi / 100)), lower))
    out = io.BytesIO()
    whole.save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()


def join_svg(parts: Sequence[bytes], beside: int = 2) -> bytes:
    """Join SVGs by nesting them in one; their identifiers are numbered so that none occurs twice."""
    ET.register_namespace("", SVG)
    ET.register_namespace("xlink", XLINK)
    roots = [ET.fromstring(part) for part in parts]
    corners, (width, height) = places([_size(root) for root in roots], GAP, beside)
    whole = ET.Element(
        f"{{{SVG}}}svg", {"width": f"{width:g}pt", "height": f"{height:g}pt", "viewBox": f"0 0 {width:g} {height:g}"}
    )
    ET.SubElement(whole, f"{{{SVG}}}rect", {"width": "100%", "height": "100%", "fill": "white"})
    for number, (root, (x, y)) in enumerate(zip(roots, corners, strict=True)):
        part_width, part_height = _size(root)
        root.attrib.update(x=f"{x:g}", y=f"{y:g}", width=f"{part_width:g}", height=f"{part_height:g}")
        for element in root.iter():
            if "id" in element.attrib:
                element.set("id", f"part{number}-{element.get('id')}")
        whole.append(root)
    return ET.tostring(whole, encoding="utf-8", xml_declaration=True)


def _size(root: ET.Element) -> tuple[float, float]:
    numbers = [re.match(r"[\d.]+", root.get(side, "0")) for side in ("width", "height")]
    width, height = (float(number.group()) if number else 0.0 for number in numbers)
    return width, height
