"""Faulted closed-loop steps per second, as ratios: against one run after the other, and against runs without faults.

    uv run python benchmarks/faults.py [STRUCTURE ...]

All single-bit flips of all non-zero weights, or a sample of them, 1,000 steps each, 127 side by side. Beside them, in
the same process: the same flips set into the model and simulated one after the other (a few of them, each with its
compiled program at hand), and as many runs side by side without any fault. Printed: steps per second and the ratios.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

import handcrafted as hc
from handcrafted.model.transformer import Transformer
from handcrafted.safety.faults.campaign import inject
from handcrafted.safety.faults.fault import Fault
from handcrafted.safety.faults.faultlist import FaultList, expand
from handcrafted.safety.faults.injector import changed
from handcrafted.zoo import find

STEPS, SIDE_BY_SIDE, SINGLE = 1000, 127, 8
FLIPS = FaultList.model_validate({"steps": STEPS, "faults": [{"weight": "all", "flip": "all"}]})


def rate(run: Callable[[], object], steps: int) -> float:
    """Return steps per second of the second call: the first one compiles."""
    run()
    start = time.perf_counter()
    run()
    return steps / (time.perf_counter() - start)


def one_by_one(model: Transformer, faults: tuple[Fault, ...]) -> None:
    """Set each flip into a copy of the weights and simulate it."""
    usual = model.weights
    vars(model)["_seal"] = None  # what is measured is the loop; Layer 0 would refuse a flip of its own
    for fault in faults:
        array, inner = fault.place.name.rstrip("]").split("[")
        at = tuple(int(i) for i in inner.split(","))
        new = np.array(usual[array])
        new[at] = changed(new[at], "flip", fault.amount)
        model.set_weights(usual.replace(**{array: jnp.asarray(new)}))
        try:
            hc.simulate(model, steps=STEPS)
        except hc.HandcraftedError:
            continue  # simulate refuses what is not finite, after it has run
        finally:
            model.set_weights(usual)


def main(names: list[str]) -> None:
    """Print a line per structure."""
    heads = ("faulted", "single runs", "without", "/ single", "/ without")
    print(f"{'loop':16}", *(f"{head:>12}" for head in heads), "  (steps per second, ratios)")
    for name in names:
        structure = hc.load(find(name))
        model = hc.assemble(structure)
        faults = expand(model, FLIPS)
        rows = np.random.default_rng(0).choice(len(faults), SIDE_BY_SIDE, replace=False)
        some = tuple(faults[i] for i in rows)
        still = np.zeros((SIDE_BY_SIDE, STEPS), np.float32)
        together = rate(lambda m=model, f=some: inject(m, f, steps=STEPS), SIDE_BY_SIDE * STEPS)
        without = rate(lambda m=model, d=still: hc.simulate(m, steps=STEPS, disturbance=d), SIDE_BY_SIDE * STEPS)
        single = rate(lambda s=structure, f=some: one_by_one(hc.assemble(s), f[:SINGLE]), SINGLE * STEPS)
        rates = [f"{one:12,.0f}" for one in (together, single, without)]
        print(f"{name:16}", *rates, f"{together / single:12.2f} {together / without:12.2f}")


if __name__ == "__main__":
    main(sys.argv[1:] or ["heated room", "guarded room", "cruise control"])
