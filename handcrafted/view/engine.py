"""A picture at the width that a page asks for: of so many pixels and with its dots per inch said in the file."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, BinaryIO

from PIL import Image

from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.view.dot import bundled_fonts
from handcrafted.view.pdf import resized, undated

TRIES = 4
"""How often a picture is drawn anew: letters have whole pixels, so that its width does not quite follow the scale."""

POINTS = 72
"""Points per inch."""


def at_width(paint: Callable[[float], bytes], form: str, dpi: float, width: float) -> bytes:
    """Draw a picture anew so that it is as wide as asked, everything in it scaled alike.

    Args:
        paint: draws it at so many dots per inch.
        form: `png`, `svg` or `pdf`.
        dpi: dots per inch that the file shall say of itself.
        width: in inches.
    """
    if form == "svg":
        return _svg_at_width(paint(dpi), width)
    if form == "pdf":
        return resized(paint(dpi), width * POINTS)
    wanted, scale = round(width * dpi), dpi
    image = Image.open(io.BytesIO(paint(scale)))
    for _ in range(TRIES):
        scale *= (wanted - 0.5) / image.width
        image = Image.open(io.BytesIO(paint(scale)))
        if wanted - 2 <= image.width <= wanted:
            break
    whole = Image.new("RGB", (wanted, image.height), "white")
    whole.paste(image.convert("RGB"), ((wanted - image.width) // 2, 0))
    out = io.BytesIO()
    whole.save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()


def _svg_at_width(drawn: bytes, width: float) -> bytes:
    """Set width and height of the outermost element; its view box stays."""
    head, start, rest = drawn.partition(b"<svg")
    old = {side: re.search(rf'\b{side}="([\d.]+)'.encode(), rest) for side in ("width", "height")}
    if not all(old.values()):
        return drawn
    numbers = {side: float(found.group(1)) for side, found in old.items() if found}
    height = numbers["height"] * width * POINTS / numbers["width"]
    for side, value in (("width", width * POINTS), ("height", height)):
        rest = re.sub(rf'\b{side}="[^"]*"'.encode(), f'{side}="{value:g}pt"'.encode(), rest, count=1)
    return head + start + rest


INSTALL = """Expected Graphviz to draw with, got neither the package pygraphviz nor a program `dot`. Install one:
  pip install "pygraphviz>=2.0.4"      (brings Graphviz along)
  apt-get install graphviz             (Debian, Ubuntu)
  brew install graphviz                (macOS)
  winget install Graphviz.Graphviz     (Windows)
  conda install -c conda-forge graphviz"""

HARMLESS = ("Unable to reclaim box space", "too small for label", "layout may take a long time")
"""Warnings about routes, room around a text, and time; everything drawn is still what was asked for."""

_one_at_a_time = Lock()


def render(dot: str, form: str) -> bytes:
    """Lay out and draw a DOT text as `png`, `svg`, `pdf` or `plain` (positions as text).

    Raises:
        HandcraftedError: if Graphviz is missing, or complains about the DOT text.
    """
    with _one_at_a_time, bundled_fonts():
        package = _pygraphviz()
        program = None if package is not None else shutil.which("dot")
        if package is None and program is None:
            raise HandcraftedError(INSTALL)
        drawn = _with_program(program, dot, form) if program else _with_package(package, dot, form)
    return undated(drawn) if form == "pdf" else drawn


def _pygraphviz() -> Any:
    """Import pygraphviz as late as possible: it is large, and its fonts are settled when it first draws."""
    try:
        import pygraphviz
    except ImportError:
        return None
    return pygraphviz


def _with_package(package: Any, dot: str, form: str) -> bytes:
    with tempfile.TemporaryFile() as messages:
        try:
            with _standard_error_to(messages):
                graph = package.AGraph(string=dot)
                drawn = graph.draw(format=form, prog=_layout(graph))
                graph.close()
        except Exception as error:
            raise HandcraftedError(_complaint(f"{error} {_read(messages)}")) from error
        _check(_read(messages))
    return drawn


def _with_program(program: str, dot: str, form: str) -> bytes:
    done = subprocess.run([program, f"-T{form}"], input=dot.encode(), capture_output=True, check=False)
    messages = done.stderr.decode(errors="replace")
    if done.returncode:
        raise HandcraftedError(_complaint(messages))
    _check(messages)
    return done.stdout


def _layout(graph: Any) -> str:
    """Name the layout that a text asks for: `nop2` where everything has its place already."""
    try:
        return graph.graph_attr["layout"]
    except KeyError:
        return "dot"


@contextmanager
def _standard_error_to(file: BinaryIO) -> Iterator[None]:
    """Catch what Graphviz prints: it knows no other way to say that a label or a port was wrong."""
    kept = os.dup(2)
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _read(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _check(messages: str) -> None:
    spoken = [line for line in messages.splitlines() if line.startswith(("Warning", "Error", "Fontconfig error"))]
    if any(not any(known in line for known in HARMLESS) for line in spoken):
        raise HandcraftedError(_complaint(messages))


def _complaint(messages: str) -> str:
    said = " ".join(messages.split()) or "nothing more"
    return f"Expected Graphviz to draw without complaint, got: {said}. Please report this with the structure's file."
