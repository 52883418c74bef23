"""A controller with a single law, and that law as a plain loop in Python: one table of cases for several tests."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

import handcrafted as hc
from handcrafted.control.yamlfile import loads

GRID = 0.25


class Case(NamedTuple):
    """A law as a file states it, and what it must give for sequences of its reads.

    Attributes:
        entry: the law's keys in the file.
        plain: from the reads, each [time], to the result [time].
        reads: how many signals it reads.
        action: what the action declares of itself.
    """

    entry: str
    plain: Callable[..., list]
    reads: int = 1
    action: str = "range: [-8, 8]"


def switch(on: Callable, start: float = 0.0):
    """Make a plain loop of a rule (state, x, …) -> state."""

    def run(*reads):
        state, found = start, []
        for now in zip(*reads, strict=True):
            state = on(state, *now)
            found.append(state)
        return found

    return run


def delayed(x, steps, before=0.0):
    return [x[t - steps] if t >= steps else before for t in range(len(x))]


def pid(x, y, kp, ki=0.0, kd=0.0, limits=(-8.0, 8.0), tracking=None, first=0.0, dt=0.5):
    """Give the outputs [time] of a textbook controller; y None: x is the error."""
    clip = lambda value: min(max(value, limits[0]), limits[1])
    total, found, last = first, [], 0.0
    for t in range(len(x)):
        error, measured = (x[t], -x[t]) if y is None else (x[t] - y[t], y[t])
        free = kp * error + total - kd / dt * (measured - last)
        out, last = clip(free), measured
        found.append(out)
        total = total + ki * dt * error
        total = clip(total) if tracking is None else total + tracking * dt * (out - free)
    return found


BIT = "range: [0, 1]"
CASES = {
    "linear": Case(
        "{law: linear, parameters: {gains: {x: 0.5, y: -2}, constant: 1}}",
        lambda x, y: [0.5 * a - 2 * b + 1 for a, b in zip(x, y, strict=True)],
        2,
        "range: [-30, 30]",
    ),
    "comparator above": Case(
        "{law: comparator, parameters: {above: 1.1}}", lambda x: [float(v > 1.1) for v in x], action=BIT
    ),
    "comparator above a point of the grid": Case(
        "{law: comparator, parameters: {above: 1.25}}", lambda x: [float(v > 1.25) for v in x], action=BIT
    ),
    "comparator below": Case(
        "{law: comparator, parameters: {below: -2}}", lambda x: [float(v < -2) for v in x], action=BIT
    ),
    "comparator of two": Case(
        "{law: comparator, reads: [x, y], parameters: {below: 0.5}}",
        lambda x, y: [float(a - b < 0.5) for a, b in zip(x, y, strict=True)],
        2,
        BIT,
    ),
    "hysteresis that heats": Case(
        "{law: hysteresis, parameters: {on below: -1, off above: 1}, initial: 1}",
        switch(lambda s, x: 1.0 if x < -1 else 0.0 if x > 1 else s, 1.0),
        action=BIT,
    ),
    "hysteresis that cools": Case(
        "{law: hysteresis, parameters: {on above: 2.5, off below: 0.3}}",
        switch(lambda s, x: 1.0 if x > 2.5 else 0.0 if x < 0.3 else s, 0.0),
        action=BIT,
    ),
    "hysteresis without a gap": Case(
        "{law: hysteresis, parameters: {on below: 1, off above: 1}}",
        switch(lambda s, x: 1.0 if x < 1 else 0.0 if x > 1 else s, 0.0),
        action=BIT,
    ),
    "hysteresis of two": Case(
        "{law: hysteresis, reads: [x, y], parameters: {on below: -1, off above: 1}}",
        switch(lambda s, x, y: 1.0 if x - y < -1 else 0.0 if x - y > 1 else s, 0.0),
        2,
        BIT,
    ),
    "saturation": Case(
        "{law: saturation, parameters: {low: -1.5, high: 2}}", lambda x: [min(max(v, -1.5), 2.0) for v in x]
    ),
    "integrator": Case(
        "{law: integrator, parameters: {gain: 0.5, low: -2, high: 3}, initial: 1}",
        switch(lambda s, x: min(max(s + 0.5 * 0.5 * x, -2.0), 3.0), 1.0),
    ),
    "integrator of two": Case(
        "{law: integrator, reads: [x, y]}",
        switch(lambda s, x, y: min(max(s + 0.5 * (x + y), -8.0), 8.0), 0.0),
        2,
    ),
    "linear with limits": Case(
        "{law: linear, parameters: {gains: {x: 2, y: -1}, constant: 1, low: -3, high: 4.5}}",
        lambda x, y: [min(max(2 * a - b + 1, -3.0), 4.5) for a, b in zip(x, y, strict=True)],
        2,
    ),
    "p": Case("{law: pid, parameters: {kp: 2, high: 3}}", lambda x: [min(max(2 * v, -8.0), 3.0) for v in x]),
    "pi": Case(
        "{law: pid, reads: [x, y], parameters: {kp: 0.5, ki: 0.5, low: -2, high: 3}, initial: 1}",
        lambda x, y: pid(x, y, kp=0.5, ki=0.5, limits=(-2.0, 3.0), first=1.0),
        2,
    ),
    "pid": Case(
        "{law: pid, reads: [x, y], parameters: {kp: 2, ki: 0.5, kd: 0.5}}",
        lambda x, y: pid(x, y, kp=2.0, ki=0.5, kd=0.5),
        2,
    ),
    "pd of one": Case("{law: pid, parameters: {kp: 2, kd: 0.5}}", lambda x: pid(x, None, kp=2.0, kd=0.5)),
    "delay": Case("{law: delay, parameters: {steps: 3}}", lambda x: delayed(x, 3)),
    "the longest delay": Case("{law: delay, parameters: {steps: 15}}", lambda x: delayed(x, 15)),
    "difference": Case(
        "{law: difference, parameters: {steps: 2, gain: 0.5}}",
        lambda x: [0.5 * (now - then) for now, then in zip(x, delayed(x, 2), strict=True)],
    ),
    "decision table with bounds": Case(
        "{law: decision table, when: [{x: {above: 1, below: 3}}, {x: {below: -2.1}, y: {above: 0}}]}",
        lambda x, y: [float(1 < a < 3 or (a < -2.1 and b > 0)) for a, b in zip(x, y, strict=True)],
        2,
        BIT,
    ),
}


def text_of(case: Case, resolution: float | None = GRID, in_model: bool = False) -> str:
    """Give the file: the law as a decision, or as a variable that the decision takes over."""
    names = "xyz"[: case.reads]
    grid = f", resolution: {resolution}" if resolution else ""
    reads = "" if "reads:" in case.entry else f"reads: [{', '.join(names)}], "
    law = "{" + reads + case.entry[1:]
    variables = [f"{name}: {{range: [-4, 4], reads: [{name}]}}" for name in names]
    if in_model:
        variables, law = [f"v: {{{case.action}, {law[1:]}"], "{law: linear, reads: [v], parameters: {gains: {v: 1}}}"
    links = [f"  - {{name: {name}, from: p, to: c, range: [-4, 4]{grid}}}" for name in names]
    return "\n".join(
        [
            "name: one law",
            "time step: {value: 0.5}",
            "components:",
            f"  c: {{kind: controller, level: 0, process model: {{{', '.join(variables)}}},",
            f"      control algorithm: {{out: {law}}}}}",
            "  p: {kind: process, level: 1}",
            f"control actions: [{{name: out, from: c, to: p, {case.action}}}]",
            "feedback:",
            *links,
        ]
    )


def built(case: Case, **how):
    """Give the structure and its model."""
    structure = loads(text_of(case, **how))
    return structure, hc.assemble(structure)


def walks(count: int, steps: int, seed: int, grid: float | None = GRID) -> np.ndarray:
    """Give sequences [sequence, time] within -4 … 4 that linger, on the grid or anywhere."""
    rng = np.random.default_rng(seed)
    moves = rng.normal(0, 0.7, (count, steps)) * (rng.uniform(size=(count, steps)) < 0.6)
    found = 4 * np.sin(np.cumsum(moves, axis=1) / 2 + rng.uniform(0, 6, (count, 1)))
    return found.astype(np.float32) if grid is None else (np.rint(found / grid) * grid).astype(np.float32)
