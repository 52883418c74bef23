"""A controller with a single law, and that law as a plain loop in Python: one table of cases for several tests."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

import handcrafted as hc
from handcrafted.loading.yamlfile import loads
from handcrafted.model.padding import run_shared
from handcrafted.model.weights import Weights

GRID = 0.25


class Case(NamedTuple):
    """A law as a file states it, and what it must give for sequences of its reads.

    Attributes:
        entry: the law's keys in the file.
        plain: from the reads, each [time], to the result [time].
        reads: how many signals it reads.
        action: what the action declares of itself.
        words: how many words each read has; 0 is a real one, 1 a number 0 or 1.
        switches: whether a real result jumps.
        exact: whether all its numbers stay on a dyadic grid.
    """

    entry: str
    plain: Callable[..., list]
    reads: int = 1
    action: str = "range: [-8, 8]"
    words: tuple[int, ...] = (0, 0, 0)
    switches: bool = False
    exact: bool = True


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
    """Return the outputs [time] of a textbook controller; y None: x is the error."""
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


def each(rule: Callable):
    """Make a plain loop of a rule without memory."""
    return lambda *reads: [rule(*now) for now in zip(*reads, strict=True)]


def limited(state, x, rise, fall):
    return state + min(max(x - state, -fall), rise)


def machine(state, x):
    """Follow idle -> ready -> running by `next` (1), and back to idle by `stop` (2) from anywhere."""
    return 0.0 if x == 2 else min(state + 1, 2.0) if x == 1 else state


def counted(state, x, steps):
    return 0.0 if x else min(state + 1, steps)


def observed(x, y, gain):
    """Return half the first number and the second of an estimate of a second-order system that starts at (1, -1)."""
    one, two, found = 1.0, -1.0, []
    for measured, u in zip(x, y, strict=True):
        off = measured - one
        one, two = one + 0.5 * two + gain[0] * off, 0.75 * two + 0.25 * u + gain[1] * off
        found.append(0.5 * one + two)
    return found


def kalman():
    """Return the gain of the filter of that system by letting its covariance settle."""
    a, noise, p, gain = np.array([[1, 0.5], [0, 0.75]]), np.diag([0.25, 0.5]), np.eye(2), np.zeros(2)
    for _ in range(500):
        gain = a @ p[:, 0] / (p[0, 0] + 1)
        p = a @ p @ a.T + noise - np.outer(gain, gain) * (p[0, 0] + 1)
    return gain


BIT = "range: [0, 1]"
SHARE = "range: [0.0, 1.0]"
"""A number from nothing to all of something; what is written as `BIT` is a switch."""
MACHINE = (
    "{law: finite state, parameters: {transitions: [[idle, next, ready], [ready, next, running], "
    "[ready, stop, idle], [running, stop, idle]]}}"
)
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
    "absolute value": Case("{law: absolute value}", each(abs)),
    "dead band": Case(
        "{law: dead band, parameters: {width: 1.5}}", each(lambda x: max(abs(x) - 1.5, 0) * (1 if x > 0 else -1))
    ),
    "maximum": Case("{law: maximum}", each(max), 2),
    "minimum of three": Case("{law: minimum, reads: [x, y, z]}", each(min), 3),
    "median": Case("{law: median}", each(lambda *xs: sorted(xs)[1]), 3),
    "relay": Case(
        "{law: relay, parameters: {above: 0.5, amplitude: 3}}", each(lambda x: 3.0 if x > 0.5 else -3.0), switches=True
    ),
    "and": Case("{law: and}", each(lambda x, y: float(x and y)), 2, BIT, (1, 1)),
    "and of words": Case("{law: and}", each(lambda x, y: float(x > 0 and y)), 2, BIT, (3, 1)),
    "or": Case("{law: or}", each(lambda *xs: float(any(xs))), 3, BIT, (1, 1, 1)),
    "xor": Case("{law: xor, reads: [x, y, z]}", each(lambda *xs: float(sum(xs) % 2)), 3, BIT, (1, 1, 2)),
    "k of n": Case("{law: k of n, parameters: {k: 2}}", each(lambda *xs: float(sum(xs) >= 2)), 3, BIT, (1, 2, 1)),
    "veto": Case("{law: veto}", each(lambda x, v: 0.0 if v else min(max(x, 0.0), 1.0)), 2, action=SHARE, words=(0, 1)),
    "veto by word": Case(
        "{law: veto}", each(lambda x, v: 0.0 if v else min(max(x, 0.0), 1.0)), 2, action=SHARE, words=(0, 3)
    ),
    "gate": Case("{law: gate}", each(lambda x, on: x if on else 0.0), 2, words=(0, 2)),
    "multiplexer": Case("{law: multiplexer}", each(lambda x, y, s: y if s else x), 3, words=(0, 0, 1)),
    "multiplexer by word": Case(
        "{law: multiplexer, reads: [x, y, z]}", each(lambda x, y, s: y if s else x), 3, words=(0, 0, 2)
    ),
    "guard": Case(
        "{law: guard, gates: x, permit: [{y: {above: -2, below: 1.1}}, {y: {above: 3}}], safe: -1}",
        each(lambda x, y: min(max(x, -3.0), 2.0) if -2 < y < 1.1 or y > 3 else -1.0),
        2,
        "range: [-3, 2]",
        switches=True,
    ),
    "guard of words": Case(
        "{law: guard, gates: x, permit: {y: w1}, safe: w2}",
        each(lambda x, y: x if y else 2.0),
        2,
        "values: [w0, w1, w2]",
        (3, 2),
    ),
    "latch": Case("{law: latch}", switch(lambda s, on, off: min(max(s + on - off, 0), 1)), 2, BIT, (1, 1)),
    "timer": Case("{law: timer, parameters: {steps: 6}}", switch(lambda c, x: counted(c, x, 6)), 1, words=(1,)),
    "watchdog": Case(
        "{law: watchdog, parameters: {steps: 3}}",
        lambda x: [float(c == 3) for c in switch(lambda c, x: counted(c, x, 3))(x)],
        1,
        BIT,
        (1,),
    ),
    "rate limiter": Case(
        "{law: rate limiter, parameters: {rise: 1, fall: 0.5}, initial: 1}",
        switch(lambda s, x: limited(s, x, 0.5, 0.25), 1.0),
    ),
    "moving average": Case(
        "{law: moving average, parameters: {steps: 4}}",
        lambda x: [sum(now) / 4 for now in zip(x, *(delayed(x, k) for k in (1, 2, 3)), strict=True)],
    ),
    "observer": Case(
        "{law: observer, reads: [x, y], parameters: {a: 1, gain: 0.5, b: {y: 0.5}}}",
        switch(lambda s, x, y: s + 0.5 * y + 0.5 * (x - s)),
        2,
        exact=False,
    ),
    "observer of two numbers": Case(
        "{law: observer, reads: [x, y], parameters: {a: [[1, 0.5], [0, 0.75]], gain: [0.5, 0.25], c: [1, 0], "
        "b: {y: [0, 0.25]}, output: [0.5, 1], start: [1, -1]}}",
        lambda x, y: observed(x, y, gain=(0.5, 0.25)),
        2,
        exact=False,
    ),
    "Kalman filter": Case(
        "{law: observer, reads: [x, y], parameters: {a: [[1, 0.5], [0, 0.75]], process noise: [[0.25, 0], [0, 0.5]], "
        "measurement noise: 1, c: [1, 0], b: {y: [0, 0.25]}, output: [0.5, 1], start: [1, -1]}}",
        lambda x, y: observed(x, y, gain=kalman()),
        2,
        exact=False,
    ),
    "lookup by word": Case(
        "{law: lookup, parameters: {values: {w0: 1, w1: -2, w2: 3.5}}}",
        each(lambda x: [1, -2, 3.5][int(x)]),
        words=(3,),
    ),
    "lookup between points": Case(
        "{law: lookup, parameters: {points: [[-2, 1], [0, 3], [1, -1], [3, 0]]}}",
        each(lambda x: float(np.interp(x, [-2, 0, 1, 3], [1, 3, -1, 0]))),
    ),
    "argmin": Case(
        "{law: argmin, reads: [x, y, z]}", each(lambda *xs: float(xs.index(min(xs)))), 3, "values: [w0, w1, w2]"
    ),
    "lookahead": Case(
        "{law: lookahead, parameters: {candidates: [-1, 0, 2], b: 2}}",
        each(lambda x, goal: min([-1, 0, 2], key=lambda u: abs(x + 2 * u - goal))),
        2,
        switches=True,
    ),
    "finite state": Case(MACHINE, switch(machine), 1, "values: [idle, ready, running]", (3,)),
}


def text_of(case: Case, resolution: float | None = GRID, in_model: bool = False) -> str:
    """Return the file: the law as a decision, or as a variable that the decision takes over."""
    names = "xyz"[: case.reads]
    domains = [_domain(words, case) for words in case.words[: case.reads]]
    grids = [f", resolution: {1 if words else resolution}" if words < 2 and (words or resolution) else ""
             for words in case.words]  # fmt: skip
    guards = "law: guard" in case.entry
    reads = "" if guards or "reads:" in case.entry else f"reads: [{', '.join(names)}], "
    law = "{" + reads + case.entry[1:]
    variables = [f"{name}: {{{domain}, reads: [{name}]}}" for name, domain in zip(names, domains, strict=True)]
    variables = variables[1:] if guards else variables
    if in_model:
        variables, law = [f"v: {{{case.action}, {law[1:]}"], "{law: linear, reads: [v], parameters: {gains: {v: 1}}}"
    links = [
        f"  - {{name: {name}, from: p, to: c, {domain}{grid}}}"
        for name, domain, grid in zip(names, domains, grids, strict=False)
    ]
    return "\n".join(
        [
            "name: one law",
            "time step: {value: 0.5}",
            "components:",
            f"  c: {{kind: controller, level: 0, process model: {{{', '.join(variables)}}},",
            f"      control algorithm: {{out: {law}}}}}",
            "  p: {kind: process, level: 1}",
            f"control actions: [{{name: out, from: c, to: p, {case.action}}}]",
            *(["requests:", links.pop(0)] if guards else []),
            "feedback:",
            *links,
        ]
    )


def _domain(words: int, case: Case) -> str:
    if words > 1:
        named = ["none", "next", "stop"] if "finite state" in case.entry else [f"w{i}" for i in range(words)]
        return f"values: [{', '.join(named)}]"
    return "range: [0, 1]" if words else "range: [-4, 4]"


def built(case: Case, **how):
    """Return the structure and its model."""
    structure = loads(text_of(case, **how))
    return structure, hc.assemble(structure)


def outputs_of(network, inputs) -> np.ndarray:
    """Run a model or its arrays at a size that many share, so that it is compiled once: [(sequence,) time, n_out]."""
    weights = network if isinstance(network, Weights) else network.effective_weights
    return run_shared(weights, inputs)[0]


def sequences(case: Case, count: int, steps: int, seed: int = 0, quantum: float | None = GRID) -> np.ndarray:
    """Return values of the reads [read, sequence, time]: numbers, or places of words."""
    found = [walks(count, steps, 10 * seed + i, None if words else quantum) for i, words in enumerate(case.words)]
    pairs = zip(found[: case.reads], case.words, strict=False)
    place = lambda values, n: np.clip(np.floor((values + 4) / 8 * n), 0, n - 1)
    return np.stack([place(values, max(n, 2)) if n else values for values, n in pairs]).astype(np.float32)


def encoded(case: Case, values: np.ndarray) -> np.ndarray:
    """Return the network's inputs [sequence, time, n_in] for values [read, sequence, time]."""
    blocks = [
        np.eye(n, dtype=np.float32)[value.astype(int)] if n > 1 else value[..., None]
        for n, value in zip(case.words, values, strict=False)
    ]
    return np.concatenate(blocks, axis=-1)


def walks(count: int, steps: int, seed: int, quantum: float | None = GRID) -> np.ndarray:
    """Return sequences [sequence, time] within -4 … 4 that linger, on the grid or anywhere."""
    rng = np.random.default_rng(seed)
    moves = rng.normal(0, 0.7, (count, steps)) * (rng.uniform(size=(count, steps)) < 0.6)
    found = 4 * np.sin(np.cumsum(moves, axis=1) / 2 + rng.uniform(0, 6, (count, 1)))
    return found.astype(np.float32) if quantum is None else (np.rint(found / quantum) * quantum).astype(np.float32)
