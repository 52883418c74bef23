"""Printed formulas as trees: read, put into each other, and written with other names."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping


def parsed(text: str) -> ast.expr | None:
    """Return a formula as a tree; None of a text that is none, such as that of a head that attends by content."""
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return None


def names_in(tree: ast.expr) -> set[str]:
    """Return the names and coordinates that a formula reads."""
    return {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Subscript)}


def is_call(tree: ast.expr | None, *names: str) -> bool:
    """Whether a formula as a whole is one of some functions."""
    return isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id in names


def numbers(*parts: ast.expr) -> list[float]:
    """Return the numbers that stand somewhere; none where one is no number."""
    try:
        return [float(ast.unparse(part)) for part in parts]
    except ValueError:
        return []


def stem(name: str) -> str:
    """Return a printed name without its coordinate."""
    return name.partition("[")[0]


class _Replacing(ast.NodeTransformer):
    """Puts trees where something stands, or names that stand for texts."""

    def __init__(self, instead: Callable[[ast.AST], ast.AST | None]):
        self.instead = instead

    def visit(self, node: ast.AST) -> ast.AST:
        """Replace one part, or look into it."""
        found = self.instead(node)
        return self.generic_visit(node) if found is None else found


def _changed(tree: ast.expr, instead: Callable[[ast.AST], ast.AST | None]) -> ast.expr:
    """Return a copy of a formula with parts replaced."""
    copy = ast.parse(ast.unparse(tree), mode="eval")
    _Replacing(instead).visit(copy)
    return copy.body


def replaced(tree: ast.expr, stages: Mapping[str, ast.expr]) -> ast.expr:
    """Return a formula with the formulas of stages, themselves so treated, where their names stand."""

    def instead(node: ast.AST) -> ast.AST | None:
        name = ast.unparse(node) if isinstance(node, ast.Name | ast.Subscript) else ""
        return replaced(stages[name], stages) if name in stages else None

    return _changed(tree, instead)


def worded(tree: ast.expr, said: Callable[[ast.AST], str | None]) -> str:
    """Write a formula.

    Args:
        tree: the formula.
        said: what stands for a part of it; None writes that part as it is, and its own parts likewise.
    """
    texts: dict[str, str] = {}

    def instead(node: ast.AST) -> ast.AST | None:
        text = None if isinstance(node, ast.Expression) else said(node)
        if text is None:
            return None
        token = f"\ue002{len(texts)}\ue003"  # letters that no name has
        texts[token] = text
        return ast.Name(token)

    text = ast.unparse(_changed(tree, instead))
    for token in sorted(texts, key=len, reverse=True):
        text = text.replace(token, texts[token])
    return text
