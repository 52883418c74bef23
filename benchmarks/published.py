"""Two closed loops that others verify, with controllers whose weights are set by hand: what is proved of them here.

    uv run python benchmarks/published.py

VCAS and ACC of ARCH-COMP (AINNCS: closed loops with neural networks). The controllers are transformers of this library
in place of the trained networks, so a verdict is about another controller in the same loop. What is published of VCAS,
with the pilot's middle choices: from climb rates of -19.5 and -22.5 ft/s it is verified over 10 steps, from -25.5 and
-28.5 falsified (JuliaReach, ClosedLoopReachability.jl, model VerticalCAS). Of ACC: verified over 5 s behind a car ahead
that brakes at 2 m/s2. Here the claims hold for all time, in float32 with sums of any order.

Of each: the verdict, cells, parts that the checker tried, bytes of the certificate, and CPU seconds to find it and to
check it. `any choice`: a pilot chooses anew each second, between the accelerations that are published for an advisory
and anything between. Written to `benchmarks/published.csv`.
"""

from __future__ import annotations

import csv
import time
from pathlib import Path

from rich.progress import track

import handcrafted as hc
from handcrafted.loading.yamlfile import loads
from handcrafted.proofs.check import check

FILE = Path(__file__).with_suffix(".csv")
HEADS = (
    "loop", "from", "others", "published", "verdict", "cells", "parts", "certificate [bytes]", "prove [CPU s]",
    "check [CPU s]",
)  # fmt: skip
HERE = Path(__file__).parent

MIDDLE = {"give or take: 1.34167, manoeuvre: 4.025": "give or take: 0, manoeuvre: 0",
          "give or take: -0.670833, manoeuvre: -2.0125": "give or take: 0, manoeuvre: 0"}  # fmt: skip
"""What makes the pilot choose the middle one of the published accelerations."""

NO_BRAKE = {"brake: -6": "brake: 0"}


def model_of(name, changes):
    """Return the network of a file beside this one, with some of its text changed."""
    text = (HERE / f"{name}.yaml").read_text(encoding="utf-8")
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return hc.assemble(loads(text, name))


def cases():
    """Yield loop, file, changes, start, disturbance, what others do, and what is published."""
    for rate, published in ((-19.5, "verified"), (-22.5, "verified"), (-25.5, "falsified"), (-28.5, "falsified")):
        start = {"encounter.height": (-133, -129), "aircraft.climb rate": (rate, rate)}
        yield "VCAS", "vertical_avoidance", MIDDLE, start, {}, "the pilot's middle choice", published
        yield "VCAS", "vertical_avoidance", {}, start, {}, "the pilot's any choice", ""
    start = {"road.gap": (79, 100), "car.closing speed": (-2.25, -1.75)}
    for changes, worst, published in (({}, 2, "verified"), ({}, 3, ""), (NO_BRAKE, 2, "")):
        said = f"the car ahead changes speed by up to {worst} m/s2" + (", no brake" if changes else "")
        yield "ACC", "adaptive_cruise", changes, start, {"car": (-worst, worst)}, said, published


def main() -> None:
    """Print a line per case, and write them beside this file."""
    rows = []
    for loop, file, changes, start, disturbance, others, published in track([*cases()], description="cases"):
        model, begun = model_of(file, changes), time.process_time()
        proof = hc.prove(model, "H-1", start=start, disturbance=disturbance)
        seconds = time.process_time() - begun
        at = "; ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in start.items())
        rows.append([loop, at, others, published, proof.verdict])
        if proof.proved:
            begun = time.process_time()
            parts = check(proof.statement.text, proof.statement.arrays, proof.certificate)
            taken = time.process_time() - begun
            rows[-1] += [len(proof.cells), parts, len(proof.certificate), f"{seconds:.3g}", f"{taken:.3g}"]
        print("  ".join(map(str, rows[-1])))
    with FILE.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADS, *rows])


if __name__ == "__main__":
    main()
