"""Works out printed equations: a reader of their text that shares no code with what wrote it."""

from __future__ import annotations

import ast
import re

import numpy as np

FUNCTIONS = {
    "relu": lambda x: np.maximum(0, x),
    "limit": lambda x, a, b: np.minimum(np.maximum(x, a), b),
    "above": lambda x, a, b: np.clip((x - a) / (b - a), 0, 1),
    "below": lambda x, a, b: np.clip((b - x) / (b - a), 0, 1),
    "all": lambda *x: np.maximum(0, sum(x) - (len(x) - 1)),
    "any": lambda *x: np.clip(sum(x), 0, 1),
    "none": lambda *x: np.clip(1 - sum(x), 0, 1),
    "no": lambda x: 1 - x,
    "points": lambda x, *pairs: np.interp(x, [a for a, _ in pairs], [b for _, b in pairs]),
    "abs": np.abs,
    "min": np.minimum,
    "max": np.maximum,
}


def plainly(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_")


class Printed:
    """The text of equations, worked out over inputs by name [time]."""

    def __init__(self, text: str):
        self.lines: dict[tuple[str, str], ast.expr] = {}
        owner = ""
        for line in text.partition("\n\nwhere\n")[0].splitlines():
            if line and not line.startswith(" "):
                owner = line
            elif line.strip():
                name, _, right = line.partition("  # ")[0].strip().partition(" = ")
                self.lines[owner, name] = ast.parse(right, mode="eval").body

    def run(self, inputs: dict[str, np.ndarray], wanted: list[tuple[str, str]]) -> np.ndarray:
        """Return what is wanted (owner, name) over time [time, wanted]; inputs go by `owner.name['word']`."""
        self.inputs, self.seen = inputs, {}
        steps = len(next(iter(inputs.values())))
        return np.array([[self.at(owner, name, t) for owner, name in wanted] for t in range(steps)])

    def at(self, owner: str, name: str, t: int):
        if (owner, name, t) not in self.seen:
            self.seen[owner, name, t] = self._at(owner, name, t)
        return self.seen[owner, name, t]

    def _at(self, owner: str, name: str, t: int):
        if (owner, name) in self.lines:
            return self.value(self.lines[owner, name], owner, t)
        stem, bracket, index = name.partition("[")
        if bracket and (owner, stem) in self.lines:  # a whole signal is a copy of another one
            return self.whole(self.lines[owner, stem], bracket + index, owner, t)
        return self.inputs[f"{owner}.{name}"][t]

    def whole(self, node: ast.expr, index: str, owner: str, t: int):
        if isinstance(node, ast.Call):
            inner, steps, start = node.args
            late = t - ast.literal_eval(steps)
            return ast.literal_eval(start) if late < 0 else self.whole(inner, index, owner, late)
        there, _, name = ast.unparse(node).rpartition(".")
        return self.at(there or owner, name + index, t)

    def value(self, node: ast.expr, owner: str, t: int):
        again = lambda part: self.value(part, owner, t)
        match node:
            case ast.Constant():
                return node.value
            case ast.Tuple():
                return [again(part) for part in node.elts]
            case ast.UnaryOp():
                return -again(node.operand)
            case ast.BinOp(left, op, right):
                a, b = again(left), again(right)
                return a + b if isinstance(op, ast.Add) else a - b if isinstance(op, ast.Sub) else a * b
            case ast.Name() | ast.Attribute() | ast.Subscript():
                text = ast.unparse(node)
                name, bracket, index = text.partition("[")
                there, _, stem = name.rpartition(".")
                return self.at(there or owner, stem + bracket + index, t)
            case ast.Call(ast.Name("ago"), [inner, steps, start]):
                late = t - ast.literal_eval(steps)
                return ast.literal_eval(start) if late < 0 else self.value(inner, owner, late)
            case ast.Call(ast.Name("mean"), [inner, steps, start]):
                times = [t - k for k in range(ast.literal_eval(steps))]
                return np.mean([self.value(inner, owner, k) if k >= 0 else ast.literal_eval(start) for k in times])
            case ast.Call(ast.Name("hysteresis"), [state, x, off, on]):
                s, (a, b), (c, d) = again(state), again(off), again(on)
                one, zero = a + s * (c - a), b + s * (d - b)
                return np.clip((again(x) - zero) / (one - zero), 0, 1)
            case ast.Call(ast.Name(function)):
                return FUNCTIONS[function](*map(again, node.args))
        raise AssertionError(ast.dump(node))
