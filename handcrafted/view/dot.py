"""DOT text: fonts, attributes, and pictures composed of several."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from xml.sax.saxutils import escape

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
        f"graph{attributes(**font, margin=0, **values)};",
        f"node{attributes(**font, shape='plain', margin=0)};",
        f"edge{attributes(**font, arrowsize=0.7)};",
        *body,
    ]
    return "\n".join(["digraph {", *(f"  {line}" for line in lines), "}", ""])


PLACES = re.compile(r', (?:pos|layout|width|height)="[^"]*"|(?<=\[)pos="[^"]*", | (?:WIDTH|HEIGHT|ALIGN)="[^"]*"')


def without_places(text: str) -> str:
    """Return a DOT text that says what is drawn and not where: letters are of other widths elsewhere."""
    return PLACES.sub("", text)


def at_resolution(text: str, dpi: float) -> str:
    """Ask in a DOT text for so many dots per inch."""
    return text.replace("digraph {\n", f"digraph {{\n  graph [dpi={dpi}];\n", 1)
