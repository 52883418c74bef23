"""The closed loop in C: a traced step written down, compiled once where a C compiler is found, and kept.

One function runs all steps of all runs: tiles of runs, time within the tile, and within a step the numbers of the
program one after the other. Products go into sums by `fmaf`, as XLA has it on a processor, so that numbers come out the
same.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.model.names import Names
from handcrafted.model.run_folded import FoldedNetwork
from handcrafted.rollout.environment import Environment
from handcrafted.rollout.loop import ClosedLoop, Healthy, StepRecord, step
from handcrafted.rollout.scalars import CONSTANT, GIVEN, NotScalarError, Number, Operation, ScalarProgram, traced

TILE = 64
"""Runs side by side; their numbers stay in a processor's first cache."""

PAGE, LINE = 1024, 80
"""Numbers of a page, and of a little more than a line of the cache."""

MAX_OPERATIONS = 20_000
"""Longer programs are left to XLA; a C compiler would take minutes."""

FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC")

HEAD = """#include <math.h>
#if defined(__SSE__)
#include <immintrin.h>
#endif
#define TILE {tile}
"""


class NativeLoop(NamedTuple):
    """A closed loop that is compiled.

    Attributes:
        function: the compiled function.
        loop: the shapes of what it remembers, as a tree.
        record: the shapes of what is recorded in each step, as a tree.
        rows: where each number of a record is kept; what is recorded twice is kept once.
    """

    function: Any
    loop: ClosedLoop
    record: StepRecord
    rows: tuple[int, ...]


def compiler() -> str | None:
    """Return the C compiler that is found; `CC` says which, and an empty `CC` that none is to be used."""
    named = os.environ.get("CC")
    return shutil.which(named) if named else None if named == "" else shutil.which("cc") or shutil.which("gcc")


def native_loop(
    network: FoldedNetwork, world: Environment, names: Names, loop: ClosedLoop, moving: Mapping[Signal, np.ndarray]
) -> NativeLoop | None:
    """Return the compiled loop; None where there is no compiler, or it does something that is no plain arithmetic.

    Args:
        network: the folded controllers.
        world: what lies outside them.
        names: of the network's coordinates.
        loop: where it starts, with a leading axis of runs.
        moving: signals from outside and disturbances [run, time, …].
    """
    if compiler() is None:
        return None
    shape = lambda array, lead: jax.ShapeDtypeStruct(np.shape(array)[lead:], np.float32)
    arguments = (
        jax.tree.map(lambda one: shape(one, 0), network),
        jax.tree.map(lambda one: shape(one, 1), loop),
        {signal: shape(values, 2) for signal, values in moving.items()},
    )
    leaves, tree = jax.tree.flatten(arguments)
    return _built(world, names, tree, tuple(leaf.shape for leaf in leaves))


@lru_cache(maxsize=64)
def _built(world: Environment, names: Names, tree: Any, shapes: tuple[tuple[int, ...], ...]) -> NativeLoop | None:
    arguments = jax.tree.unflatten(tree, [np.zeros(one, np.float32) for one in shapes])
    network, loop, moving = arguments

    def one_step(network: FoldedNetwork, loop: ClosedLoop, moving: Mapping[Signal, Any]) -> Any:
        return step(Healthy(network, names, world, jnp.zeros(0, int)), world, names, loop, moving)

    try:
        program, shape = traced(one_step, network, loop, moving)
    except NotScalarError:
        return None
    if len(program.operations) > MAX_OPERATIONS:
        return None
    after, record = shape
    numbers, states = len(network.values), _size(loop)
    results = [number for array in program.results for number in array.ravel().tolist()]
    seen = list(dict.fromkeys(results[states:]))
    function = _compiled(_source(program, [*results[:states], *seen], numbers, states, _size(moving)))
    if function is None:
        return None
    row = {number: i for i, number in enumerate(seen)}
    return NativeLoop(function, after, record, tuple(row[number] for number in results[states:]))


def _size(tree: Any) -> int:
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(tree))


def run_native(
    native: NativeLoop,
    network: FoldedNetwork,
    loop: ClosedLoop,
    moving: Mapping[Signal, np.ndarray],
    first: int,
    steps: int,
) -> tuple[ClosedLoop, StepRecord]:
    """Run some steps.

    Args:
        native: the compiled loop.
        network: the controllers, for their numbers.
        loop: where it starts, with a leading axis of runs.
        moving: signals from outside and disturbances [run, time, …], as long as all steps.
        first: the step that is the first.
        steps: how many.

    Returns:
        Where it ended, and what was seen [run, time, …].
    """
    runs = len(jax.tree.leaves(loop)[0]) if jax.tree.leaves(loop) else 1
    flat = lambda one: np.asarray(one, np.float32).reshape(runs, -1).T
    state = np.ascontiguousarray(np.concatenate([np.zeros((0, runs), np.float32), *map(flat, jax.tree.leaves(loop))]))
    channels = [c for values in jax.tree.leaves(dict(moving)) for c in _channels(values[:, first : first + steps])]
    pointers = (ctypes.c_void_p * max(len(channels), 1))(*(one.ctypes.data for one in channels))
    strides = np.array([[s // 4 for s in one.strides] for one in channels], np.int64).reshape(-1, 2)
    pitch = -(-steps * runs // PAGE) * PAGE + LINE  # rows a page apart would share one place in the cache
    seen = np.empty((len(set(native.rows)), pitch), np.float32)
    values = np.ascontiguousarray(network.values, np.float32)
    native.function(_at(values), _at(state), pointers, _at(strides), _at(seen), steps, runs, pitch)
    leaves, start = [], 0
    for leaf in jax.tree.leaves(native.record):
        size = int(np.prod(leaf.shape))
        rows = np.array(native.rows[start : start + size], int)
        together = size and np.array_equal(rows, rows[0] + np.arange(size))
        kept = seen[rows[0] : rows[0] + size] if together else seen[rows]
        part = kept[:, : steps * runs].reshape(size, steps, runs).transpose(2, 1, 0).reshape(runs, steps, *leaf.shape)
        leaves.append(part.astype(bool) if leaf.dtype == bool else part)
        start += size
    ended, start = [], 0
    for leaf in jax.tree.leaves(native.loop):
        size = int(np.prod(leaf.shape))
        ended.append(state[start : start + size].T.reshape(runs, *leaf.shape))
        start += size
    unflatten = lambda tree, parts: jax.tree.unflatten(jax.tree.structure(tree), parts)
    return unflatten(native.loop, ended), unflatten(native.record, leaves)


def _channels(values: np.ndarray) -> list[np.ndarray]:
    """Return the single numbers of a signal [run, time], as views where they are float32 already."""
    array = values if values.dtype == np.float32 else values.astype(np.float32)
    flat = array.reshape(*array.shape[:2], -1) if array.ndim != 3 else array
    return [flat[..., i] for i in range(flat.shape[2])]


def _at(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _compiled(text: str) -> Any:
    """Return the function of a C text, compiled now or before; None where the compiler refuses it."""
    cc = compiler()
    assert cc is not None
    processor = Path("/proc/cpuinfo")
    features = (
        next((line for line in processor.read_text().splitlines() if line.startswith("flags")), "")
        if processor.exists()
        else ""
    )
    key = hashlib.sha256("\0".join([text, cc, *FLAGS, features]).encode()).hexdigest()
    folder = cache_folder() / "native"
    path = folder / f"{key}.so"
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryDirectory(dir=folder) as made:
                source, built = Path(made) / "loop.c", Path(made) / "loop.so"
                source.write_text(text)
                subprocess.run([cc, *FLAGS, str(source), "-o", str(built), "-lm"], check=True, capture_output=True)
                built.replace(path)
        found = ctypes.CDLL(str(path)).run
    except (OSError, subprocess.SubprocessError, AttributeError):
        return None
    found.argtypes = [ctypes.c_void_p] * 5 + [ctypes.c_long] * 3
    found.restype = None
    return found


@lru_cache(maxsize=1)
def _processor() -> str:
    """Say what the processor can do: what is compiled for one is not for another."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())


def cache_folder() -> Path:
    """Return where compiled programs are kept: the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "handcrafted"


def _source(program: ScalarProgram, results: Sequence[Number], numbers: int, states: int, moving: int) -> str:
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
