"""Closed-loop steps per CPU second: the arrays, what is left of them after folding, and the bare control law.

    uv run python benchmarks/loops.py [RUNS ...]

All run in one process, with the same processes, the same inputs and the same records; the bare law stands where the
network stands, written by hand for the loops that have one here. The columns: the dense arrays and the folded program
in XLA, the folded program in C, the bare law in XLA and in C; then the ratios of time, folded over bare, and dense over
folded in C. What is compiled is not timed. Without a C compiler its columns stay empty.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import handcrafted as hc
from handcrafted.model.folded_program import FoldedNetwork
from handcrafted.rollout.engine import network_of
from handcrafted.rollout.loop import ClosedLoop, proceed, run_steps, step
from handcrafted.rollout.native import compiled_loop, native_loop, run_native
from handcrafted.rollout.setup import given
from handcrafted.rollout.simulate import recorded, start_of

LOOPS = ("heated room", "guarded room", "cruise control", "train door", "wheel brakes", "radiotherapy")
STEPS, REPEATS = 400, 5
FILE = Path(__file__).with_suffix(".csv")


class Numbers(NamedTuple):
    """What takes a network's place among the arguments: no numbers."""

    values: Any


class Bare(NamedTuple):
    """A closed loop whose controllers are a plain function of state and inputs."""

    law: Callable[..., tuple[Any, Any]]
    names: Any
    world: Any

    def sensed(self, inputs: Any) -> Any:
        """Return the inputs as they are."""
        return inputs

    def advance(self, state: Any, inputs: Any) -> tuple[Any, Any, Any, None]:
        """Decide; nothing is recorded but what enters and leaves."""
        state, outputs = self.law(state, inputs)
        return state, outputs, jnp.zeros(1), None

    def acted(self, outputs: Any) -> Any:
        """Return what is told."""
        return outputs

    def proceed(self, now: Mapping, observed: Mapping, actions: Any, outside: Mapping) -> Mapping:
        """Return the processes' states after the step."""
        return proceed(self.world, self.names, now, observed, actions, outside)


def thermostat(state: Any, inputs: Any) -> tuple[Any, Any]:
    """Switch on below 19, off above 21."""
    (heating,), (temperature,) = state, inputs
    heating = jnp.where(temperature < 19, 1.0, jnp.where(temperature > 21, 0.0, heating))
    return (heating,), jnp.stack([heating])


def driver(state: Any, inputs: Any) -> tuple[Any, Any]:
    """Keep the distance: a goal speed, a controller with an integral, and brakes."""
    (total, fast), (distance, closing, speed) = state, inputs
    wanted = jnp.clip(0.5 * distance - 0.5 * closing - 5, 0, 30)
    brake = (distance < 12) | ((distance < 60) & (closing > 8)) | ((distance < 30) & (fast > 0))
    error = wanted - speed
    throttle = jnp.clip(0.25 * error + total, -1, 1)
    total = jnp.clip(total + 0.0625 * 0.25 * error, -1, 1)
    on = jnp.where(brake, 1.0, 0.0)
    return (total, jnp.where(speed - wanted > 3, 1.0, 0.0)), jnp.stack([throttle, 1 - on, on])


BARE: dict[str, tuple[Callable[..., tuple[Any, Any]], int]] = {
    "heated room": (thermostat, 1),
    "cruise control": (driver, 2),
}
"""Laws written by hand, and how many numbers each remembers."""


def rate(run: Callable[[], object], steps: int) -> float:
    """Return steps per CPU second, the best of a few; the first call compiles."""
    run()
    best = np.inf
    for _ in range(REPEATS):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return steps / best


@partial(jax.jit, static_argnames="touches")
def bare_steps(touches: Bare, loop: ClosedLoop, moving: Mapping) -> Any:
    """Run steps of a loop with a bare law, runs side by side."""
    one = lambda now, outside: step(touches, touches.world, touches.names, now, outside)
    return jax.lax.map(lambda start: jax.lax.scan(one, *start), (loop, moving), batch_size=128)


def measured(name: str, runs: int) -> dict[str, float | str]:
    """Return the rates of one loop [million steps per CPU second]."""
    model = hc.assemble(hc.load(name))
    kept = np.concatenate([np.zeros(0, int), *(model.names.find(s) for s in recorded(model.structure))])
    warm = np.random.default_rng(0).uniform(-1, 1, (runs, STEPS)).astype(np.float32)
    setup = given(model.structure, None, STEPS, None, None, warm if runs > 1 else None, 0)
    moving, count = dict(setup.moving), (setup.runs or 1) * STEPS
    found: dict[str, float | str] = {"loop": name, "runs": setup.runs or 1}
    for engine in ("dense", "folded"):
        network = network_of(model, kept, engine)
        loop = start_of(network, model.window, setup)
        by_xla = lambda n=network, at=loop: run_steps(n, setup.world, model.names, at, moving, kept, STEPS)
        found[f"{engine} XLA"] = rate(lambda by_xla=by_xla: jax.block_until_ready(by_xla()), count) / 1e6
        native = native_loop(network, setup.world, model.names, loop, moving) if engine == "folded" else None
        if native is not None and isinstance(network, FoldedNetwork):
            by_c = lambda f=native, n=network, at=loop: run_native(f, n, at, moving, 0, STEPS)
            found["folded C"] = rate(by_c, count) / 1e6
    if name in BARE:
        law, states = BARE[name]
        touches = Bare(law, model.names, setup.world)
        start = loop._replace(network=tuple(jnp.zeros(setup.runs or 1) for _ in range(states)))
        found["bare XLA"] = rate(lambda: jax.block_until_ready(bare_steps(touches, start, moving)), count) / 1e6
        none, first = Numbers(np.zeros(0, np.float32)), jax.tree.map(lambda one: np.asarray(one)[0], start)
        now = {signal: np.asarray(values)[0, 0] for signal, values in moving.items()}
        one = lambda _, at, outside: step(touches, touches.world, touches.names, at, outside)
        bare = compiled_loop(one, none, first, now)
        if bare is not None:
            same = run_native(bare, none, start, moving, 0, STEPS)[1].outputs
            trace = run_steps(network, setup.world, model.names, loop, moving, kept, STEPS)[1].outputs
            found["off"] = float(np.abs(np.asarray(trace) - same).max())
            found["bare C"] = rate(lambda: run_native(bare, none, start, moving, 0, STEPS), count) / 1e6
    return found


COLUMNS = ("loop", "runs", "dense XLA", "folded XLA", "folded C", "bare XLA", "bare C", "off")


def main(counts: list[int]) -> None:
    """Print a line per loop and number of runs, and write them beside this file."""
    print(*(f"{head:>11}" for head in COLUMNS), "  XLA folded/bare   C folded/bare   dense/folded C")
    rows = []
    for runs in counts:
        for name in LOOPS:
            found = measured(name, runs)
            ratio = lambda one, other, of=found: of[other] / of[one] if one in of and other in of else np.nan
            ratios = ratio("folded XLA", "bare XLA"), ratio("folded C", "bare C"), ratio("dense XLA", "folded C")
            shown = [found.get(head, "") for head in COLUMNS]
            print(
                *(f"{x:>11.4g}" if isinstance(x, float) else f"{x:>11}"[:14] for x in shown),
                *(f"{r:13.3g}" for r in ratios),
                flush=True,
            )
            rows.append([*shown, *ratios])
    with FILE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, "folded / bare, XLA", "folded / bare, C", "dense / folded, C"])
        writer.writerows([f"{x:.4g}" if isinstance(x, float) else x for x in row] for row in rows)


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]] or [1, 128, 1024])
