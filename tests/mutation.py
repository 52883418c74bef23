"""Break the code on purpose, one place at a time, and see whether a test notices.

    uv run python tests/mutation.py handcrafted/verdict handcrafted/readout --sample 100 --tests tests/verdict

Each mutant changes one comparison, number, operator, condition or returned value. A mutant that every test passes
survives: some check is missing, or the code is not needed. The last line counts killed, survived and all.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import os
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent

COMPARED = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
COUNTED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitOr: ast.BitAnd,
           ast.BitAnd: ast.BitOr, ast.FloorDiv: ast.Mult}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: a module's file, the number of the place in it, and what is done there."""

    path: Path
    place: int
    line: int
    what: str

    @property
    def module(self) -> str:
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts)

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} {self.what}"


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Return the ways in which a node can be broken, with a description."""
    new = copy.deepcopy(node)
    if isinstance(new, ast.Compare) and type(new.ops[0]) in COMPARED:
        new.ops[0] = COMPARED[type(new.ops[0])]()
        yield f"{ast.unparse(node)} -> {ast.unparse(new)}", new
    elif isinstance(new, ast.BinOp) and type(new.op) in COUNTED and not _text(new):
        new.op = COUNTED[type(new.op)]()
        yield f"{ast.unparse(node)} -> {ast.unparse(new)}", new
    elif isinstance(new, ast.BoolOp):
        new.op = ast.And() if isinstance(new.op, ast.Or) else ast.Or()
        yield f"{ast.unparse(node)} -> {ast.unparse(new)}", new
    elif isinstance(new, ast.UnaryOp) and isinstance(new.op, ast.Not):
        yield f"{ast.unparse(node)} -> {ast.unparse(new.operand)}", new.operand
    elif isinstance(new, ast.IfExp):
        new.body, new.orelse = new.orelse, new.body
        yield f"{ast.unparse(node)} -> {ast.unparse(new)}", new
    elif isinstance(new, ast.Constant) and isinstance(new.value, (int, float)) and not isinstance(new.value, bool):
        new.value = new.value * 16 or 1.0 if isinstance(new.value, float) else new.value + 1
        yield f"{ast.unparse(node)} -> {ast.unparse(new)}", new
    elif isinstance(new, ast.Constant) and isinstance(new.value, bool):
        new.value = not new.value
        yield f"{ast.unparse(node)} -> {ast.unparse(new)}", new


def _text(node: ast.BinOp) -> bool:
    return any(
        isinstance(part, (ast.JoinedStr, ast.Constant)) and not _number(part) for part in (node.left, node.right)
    )


def _number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float))


class _Places(ast.NodeTransformer):
    """Counts the places that can be broken, or breaks one of them. Types, texts and decorators stay."""

    def __init__(self, chosen: int = -1):
        self.count, self.chosen, self.found = 0, chosen, []

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.AnnAssign) and node.value is None:
            return node
        for what, new in _changes(node):
            self.found.append((self.count, getattr(node, "lineno", 0), what))
            if self.count == self.chosen:
                self.count += 1
                return ast.copy_location(new, node)
            self.count += 1
        return super().visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.body = [self.visit(one) for one in node.body]  # pyright: ignore[reportAttributeAccessIssue]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value:
            node.value = self.visit(node.value)  # pyright: ignore[reportAttributeAccessIssue]
        return node


def mutants_of(path: Path) -> list[Mutant]:
    """List every place of a file that can be broken."""
    places = _Places()
    places.visit(ast.parse(path.read_text(encoding="utf-8")))
    return [Mutant(path, place, line, what) for place, line, what in places.found]


class _Broken(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives Python the broken module in place of the one on disk."""

    def __init__(self, mutant: Mutant):
        self.mutant = mutant

    def find_spec(self, name: str, path: object, target: object = None):
        if name != self.mutant.module:
            return None
        return importlib.util.spec_from_file_location(name, self.mutant.path, loader=self)

    def create_module(self, spec: object) -> None:
        return None

    def exec_module(self, module: object) -> None:
        tree: Any = _Places(self.mutant.place).visit(ast.parse(self.mutant.path.read_text(encoding="utf-8")))
        code = compile(ast.fix_missing_locations(tree), str(self.mutant.path), "exec")
        exec(code, vars(module))


def survives(mutant: Mutant | None, tests: list[str], seconds: int) -> bool:
    """Run the tests with one mutant, or none, in a process of its own; what hangs is noticed too."""
    child = os.fork()
    if child == 0:
        os.setsid()
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        os.environ["UNTYPED"] = "1"
        import pytest

        if mutant is not None:
            sys.meta_path.insert(0, _Broken(mutant))
        os._exit(int(pytest.main([*tests, "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"])))
    for _ in range(seconds * 10):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.1)
    os.killpg(child, 9)
    os.waitpid(child, 0)
    return False


def main() -> None:
    """Draw mutants, run the tests on each, and print those that survive."""
    read = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    read.add_argument("where", nargs="+", help="files or folders to break")
    read.add_argument("--tests", nargs="+", default=["tests"], help="what is run on each mutant")
    read.add_argument("--sample", type=int, default=50)
    read.add_argument("--seed", type=int, default=0)
    read.add_argument("--seconds", type=int, default=600, help="a run that takes longer counts as noticed")
    given = read.parse_args()
    files = [
        f for one in given.where for f in ([Path(one)] if one.endswith(".py") else sorted(Path(one).rglob("*.py")))
    ]
    every = [mutant for file in files for mutant in mutants_of(file.resolve())]
    drawn = random.Random(given.seed).sample(every, min(given.sample, len(every)))
    if not survives(None, given.tests, given.seconds):
        sys.exit("Expected tests that pass while nothing is broken, got some that do not. Every mutant would count.")
    lived = []
    for number, mutant in enumerate(drawn, 1):
        if alive := survives(mutant, given.tests, given.seconds):
            lived.append(mutant)
        print(f"{number}/{len(drawn)} {'SURVIVED' if alive else 'killed'} {mutant}", flush=True)
    print(f"{len(drawn) - len(lived)} killed, {len(lived)} survived, of {len(drawn)} drawn from {len(every)}")


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    main()
