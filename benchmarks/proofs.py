"""Proofs of the bundled loops: what each takes, beside running the loop in the simulator.

    uv run python benchmarks/proofs.py

Of each claim: the verdict, parts of cells that the checker tried, bytes of the certificate, CPU seconds to find it and
to check it, the best of three (once, where it takes more than ten), and how many steps of the same loop the simulator
runs in the seconds of a check (128 runs, folded, recorded). What is assumed stands beside a loop's name. A run of any
length says nothing of the next step; a check as long as so many steps does. Written to `benchmarks/proofs.csv`.
"""

from __future__ import annotations

import csv
import time
from pathlib import Path

import handcrafted as hc
from handcrafted.proofs.assumed import assuming
from handcrafted.proofs.check import check
from handcrafted.proofs.claim import claims_of, unclaimed
from handcrafted.proofs.processes import NotStatedError
from handcrafted.proofs.search import Unproved, certificate_for
from handcrafted.proofs.statement import statement_of

FILE = Path(__file__).with_suffix(".csv")
HEADS = (
    "loop", "claim", "weights", "verdict", "parts", "certificate [bytes]", "find [CPU s]", "check [CPU s]",
    "steps simulated in a check",
)  # fmt: skip
RUNS, STEPS = 128, 1000


def timed(work):
    """Return what a call gives, and the least CPU seconds that it took."""
    found, best = None, float("inf")
    for _ in range(3):
        start = time.process_time()
        found = work()
        best = min(best, time.process_time() - start)
        if best > 10:
            break
    return found, best


def main() -> None:
    """Print a line per claim, and write them beside this file."""
    rows = []
    loops = [(name, {}) for name in hc.examples()] + [("wheel brakes", {"weight on wheels": "yes"})]
    for name, assume in loops:
        model = assuming(hc.assemble(hc.load(name)), assume)
        name = ", ".join([name, *(f"{of} = {word}" for of, word in assume.items())])
        _, running = timed(lambda m=model: hc.simulate(m, steps=STEPS, runs=RUNS))
        for claim in claims_of(model.structure, model.names):
            for others in (False, True) if model.seal is not None else (False,):
                rows.append([name, claim.id, "any outside Layer 0" if others else "own"])
                try:
                    statement = statement_of(model, [claim], others)
                except NotStatedError as error:
                    rows[-1] += [f"unknown: {error}"]
                    continue
                found, seconds = timed(lambda s=statement: certificate_for(s))
                if isinstance(found, Unproved):
                    rows[-1] += [f"unknown: {found.reason}", "", "", f"{seconds:.3g}"]
                    continue
                parts, checking = timed(lambda s=statement, f=found: check(s.text, s.arrays, f))
                steps = RUNS * STEPS * checking / running
                rows[-1] += ["proved", parts, len(found), f"{seconds:.3g}", f"{checking:.3g}", f"{steps:.3g}"]
        rows += [[name, id, "", "not put to proof"] for id in unclaimed(model.structure, model.names)]
    for row in rows:
        print("  ".join(map(str, row)))
    with FILE.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADS, *rows])


if __name__ == "__main__":
    main()
