"""A straight-line program of a closed loop, written down in C."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handcrafted.rollout.scalars import CONSTANT, GIVEN, Number, Operation, ScalarProgram

TILE = 64
"""Runs side by side; their numbers stay in a processor's first cache."""

HEAD = """#include <math.h>
#if defined(__SSE__)
#include <immintrin.h>
#endif
#define TILE {tile}
"""


def c_text(program: ScalarProgram, results: Sequence[Number], numbers: int, states: int, moving: int) -> str:
    """Write a program down in C: what is given are the network's numbers, the loop's, then those from outside."""
    needed, waiting = set(), list(results)
    while waiting:
        if (number := waiting.pop()) not in needed:
            needed.add(number)
            waiting += program.operations[number].of
    writer = _Writer(program.operations, numbers, states)
    body = [writer.line(number) for number in sorted(needed)]
    state = [f"s[{i}][i] = {writer.float(number)};" for i, number in enumerate(results[:states])]
    record = [f"o[{i} * pitch + i] = {writer.float(number)};" for i, number in enumerate(results[states:])]
    lines = "\n".join(f"        {line}" for line in (*filter(None, body), *state, *record))
    return f"""{HEAD.format(tile=TILE)}
void run(const float *restrict v, float *state, float **moving, const long *stride, float *seen, long steps,
         long runs, long pitch) {{
#if defined(__SSE__)
  unsigned int old = _mm_getcsr();
  _mm_setcsr(old | 0x8040); /* numbers below the smallest normal one are 0, as they are in XLA */
#endif
  for (long r = 0; r < runs; r += TILE) {{
    long n = runs - r < TILE ? runs - r : TILE;
    float s[{max(states, 1)}][TILE], m[{max(moving, 1)}][TILE];
    for (long k = 0; k < {states}; k++) for (long i = 0; i < TILE; i++) s[k][i] = i < n ? state[k * runs + r + i] : 0;
    for (long k = 0; k < {moving}; k++) for (long i = 0; i < TILE; i++) m[k][i] = 0;
    for (long t = 0; t < steps; t++) {{
      for (long k = 0; k < {moving}; k++)
        for (long i = 0; i < n; i++) m[k][i] = moving[k][(r + i) * stride[2 * k] + t * stride[2 * k + 1]];
      float *restrict o = seen + t * runs + r;
#pragma GCC ivdep
      for (long i = 0; i < n; i++) {{
{lines}
      }}
    }}
    for (long k = 0; k < {states}; k++) for (long i = 0; i < n; i++) state[k * runs + r + i] = s[k][i];
  }}
#if defined(__SSE__)
  _mm_setcsr(old);
#endif
}}
"""


CALLS = {
    "abs": "fabsf", "floor": "floorf", "ceil": "ceilf", "sqrt": "sqrtf", "exp": "expf", "exp2": "exp2f",
    "expm1": "expm1f", "log": "logf", "log1p": "log1pf", "tanh": "tanhf", "sin": "sinf", "cos": "cosf", "pow": "powf",
    "rem": "fmodf", "round": "rintf",
}  # fmt: skip
SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">",
    "ge": ">=", "and": "&", "or": "|", "xor": "^",
}  # fmt: skip


class _Writer:
    """Writes each number of a program as a line of C."""

    def __init__(self, operations: Sequence[Operation], numbers: int, states: int):
        self.operations, self.numbers, self.states = operations, numbers, states

    def float(self, number: Number) -> str:
        """Return a number as it is recorded: a truth as 1 or 0."""
        return f"(float){self.name(number)}" if self.operations[number].truth else self.name(number)

    def name(self, number: Number) -> str:
        """Return how a number is written where it is used."""
        kind, _, value, truth = self.operations[number]
        if kind == CONSTANT:
            return str(int(value)) if truth else _literal(np.frombuffer(value, np.float32)[0])
        return f"x{number}"

    def line(self, number: Number) -> str:
        """Return the line that works a number out; nothing for a constant."""
        operation = self.operations[number]
        if operation.kind == CONSTANT:
            return ""
        worth = self._given(operation.value) if operation.kind == GIVEN else self._worth(operation)
        return f"const {'int' if operation.truth else 'float'} x{number} = {worth};"

    def _given(self, place: int) -> str:
        """Return where a given number stands: among the network's, what the loop remembers, or what comes in."""
        if place < self.numbers:
            return f"v[{place}]"
        place -= self.numbers
        return f"s[{place}][i]" if place < self.states else f"m[{place - self.states}][i]"

    def _worth(self, operation: Operation) -> str:
        kind, of, value, _ = operation
        names = [self.name(one) for one in of]
        if fused := self._fused(operation):
            return fused
        if kind in CALLS:
            return f"{CALLS[kind]}({', '.join(names)})"
        if kind == "div" and self.operations[of[1]].kind == CONSTANT:
            return f"{names[0]} * {_literal(np.float32(1) / _value(self.operations[of[1]]))}"
        if kind in SIGNS:
            return f"{names[0]} {SIGNS[kind]} {names[1]}"
        if kind == "integer_pow":
            return _power(names[0], value)
        return {
            "max": lambda a, b="": f"({a} > {b}) | ({a} != {a}) ? {a} : {b}",
            "min": lambda a, b="": f"({a} < {b}) | ({a} != {a}) ? {a} : {b}",
            "neg": lambda a: f"-{a}",
            "square": lambda a: f"{a} * {a}",
            "not": lambda a: f"!{a}",
            "sign": lambda a: f"({a} > 0) - ({a} < 0)",
            "is_finite": lambda a: f"fabsf({a}) <= 3.4028234663852886e38f",
            "select_n": lambda which, no="", yes="": f"{which} ? {yes} : {no}",
        }[kind](*names)

    def _fused(self, operation: Operation) -> str:
        """Write a sum with a product in it as one rounding, that of the first product where there are two.

        Which of two XLA chooses is seen, and promised by nobody: there a plant may differ in its last bit.
        """
        if operation.kind not in ("add", "sub"):
            return ""
        left, right = (self.operations[one] for one in operation.of)
        names = [self.name(one) for one in operation.of]
        minus = "-" if operation.kind == "sub" else ""
        if left.kind == "mul":
            return f"fmaf({self.name(left.of[0])}, {self.name(left.of[1])}, {minus}{names[1]})"
        if right.kind == "mul":
            return f"fmaf({minus}{self.name(right.of[0])}, {self.name(right.of[1])}, {names[0]})"
        return ""


def _value(operation: Operation) -> np.float32:
    return np.frombuffer(operation.value, np.float32)[0]


def _literal(value: np.float32) -> str:
    """Write a number so that C reads the same bits."""
    if np.isnan(value):
        return "NAN"
    if np.isinf(value):
        return "INFINITY" if value > 0 else "(-INFINITY)"
    text = float(value).hex() + "f"
    return f"({text})" if text.startswith("-") else text


def _power(base: str, exponent: int) -> str:
    """Write a whole power by squares, as XLA does."""
    if exponent == 0:
        return "1.0f"
    if exponent < 0:
        return f"1.0f / ({_power(base, -exponent)})"
    if exponent % 2:
        return base if exponent == 1 else f"({base} * ({_power(base, exponent - 1)}))"
    half = _power(base, exponent // 2)
    return f"(({half}) * ({half}))"
