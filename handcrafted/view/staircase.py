"""The architecture of this library as a picture: its folders, what each is for, and who imports whom, from its code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import networkx as nx

from handcrafted.view import dot
from handcrafted.view.markup import bold, lines, small, wrapped

PACKAGE = "handcrafted"
BARRED = {"readout": "craft/ or the laws in control/"}
"""Who must never import what, though it stands above it; `lint-imports` sees to it."""

RED = "#b2182b"


def imports(root: Path) -> dict[str, set[str]]:
    """Say of each part of a package, a folder or a module, which other parts it imports anywhere in its code.

    Args:
        root: the folder of the package.
    """
    parts = [*(path.parent for path in root.glob("*/__init__.py")), *root.glob("[a-z]*.py")]
    return {part.stem: set(_imported(part)) - {part.stem} for part in sorted(parts)}


def _imported(part: Path) -> Iterator[str]:
    """Name the parts of the package that a folder or a module imports."""
    for path in part.rglob("*.py") if part.is_dir() else [part]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name.split(".")[1] for name in names if name.startswith(f"{PACKAGE}."))


def staircase(root: Path) -> str:
    """Give the picture as DOT: arrows go from who imports to what is imported; those that others imply are left out.

    Raises:
        networkx.NetworkXError: if parts import each other in a circle.
    """
    found = imports(root)
    graph = nx.DiGraph({part: sorted(others) for part, others in found.items()})
    shown = nx.transitive_reduction(graph)
    order = list(nx.lexicographical_topological_sort(graph))
    boxes = [dot.node(part, label=_box(part, _purpose(root, part))) for part in order]
    arrows = [dot.edge(dot.end(one), dot.end(two), color="#555555") for one in order for two in sorted(shown[one])]
    return dot.digraph([*boxes, *arrows], rankdir="TB", nodesep=0.35, ranksep=0.3)


def _purpose(root: Path, part: str) -> str:
    path = root / part / "__init__.py" if (root / part).is_dir() else root / f"{part}.py"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.split("\n")[0]


def _box(part: str, purpose: str) -> str:
    barred = [small(f"never sees {BARRED[part]}", color=RED)] if part in BARRED else []
    text = [bold(part), *(small(line) for line in wrapped(purpose, 56)), *barred]
    return dot.html(lines(text, align="CENTER", BORDER=1, COLOR="#999999", BGCOLOR="#f2f6fa", CELLPADDING=2))
