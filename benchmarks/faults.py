"""The usual list of faults, folded and in the arrays: seconds that people wait, and steps per second, as ratios.

    uv run python benchmarks/faults.py [STRUCTURE ...]

Each campaign runs twice in this process: the first time as people meet it, with what has to be compiled, the second
time with all of it at hand. `without` is as many runs of `simulate`, in which nothing fails. The outcomes of both
engines are compared, too, but for the true values that false beliefs are printed with. Written to
`benchmarks/faults.csv`.
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp()  # nothing that was compiled before

import numpy as np

import handcrafted as hc
from handcrafted.safety.faults.campaign import inject
from handcrafted.safety.faults.usual import usual_faults

FILE = Path(__file__).with_suffix(".csv")
HEADS = (
    "loop", "faults", "folded first [s]", "dense first [s]", "folded [steps/s]", "dense [steps/s]", "without [steps/s]",
    "dense / folded, first", "folded / dense, steps", "folded / without, steps", "same outcomes",
)  # fmt: skip


def twice(run: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return what a call gives, and the seconds of the first and the second."""
    start = time.perf_counter()
    run()
    between = time.perf_counter()
    found = run()
    return found, between - start, time.perf_counter() - between


def main(names: list[str]) -> None:
    """Print a line per structure, and write them beside this file."""
    faults, rows = usual_faults(), []
    print("  ".join(HEADS))
    for name in names:
        model = hc.assemble(hc.load(name))
        folded, first, again = twice(lambda m=model: inject(m, faults))
        dense, dense_first, dense_again = twice(lambda m=model: inject(m, faults, engine="dense"))
        steps = len(folded) * faults.steps
        still = np.zeros((len(folded), faults.steps), np.float32)
        _, _, without = twice(lambda m=model, d=still: hc.simulate(m, steps=faults.steps, disturbance=d))
        ratios = dense_first / first, dense_again / again, without / again
        plain = lambda found: [replace(outcome, belief=None) for _, outcome in found]
        same = plain(folded) == plain(dense)
        numbers = first, dense_first, steps / again, steps / dense_again, steps / without, *ratios
        rows.append([name, len(folded), *(f"{number:.3g}" for number in numbers), same])
        print("  ".join(map(str, rows[-1])), flush=True)
    with FILE.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADS, *rows])


if __name__ == "__main__":
    main(sys.argv[1:] or list(hc.examples()))
