"""From keystroke to redraw: how long the panel takes for one edit, on every bundled loop.

    uv run python benchmarks/panel.py [STRUCTURE ...]

One entry of a circuit is set, as a message of the browser would ask for it, and everything that the panel shows is made
anew. Printed: milliseconds, the median of five edits, for all of it and for its parts, and the ratio of all of it to
one bare `recover` and `compare` of the same model, at the size that many networks share.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

import handcrafted as hc
from handcrafted.zoo import bundled, find

EDITS = 5


def milliseconds(run: Callable[[], object]) -> float:
    """Return the median time of a few calls; what compiles has run before."""
    times = []
    for _ in range(EDITS):
        start = time.perf_counter()
        run()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def main(names: list[str]) -> None:
    """Print a row per loop."""
    print(f"{'loop':16}{'all':>8}{'edit':>8}{'loop':>8}{'weights':>9}{'diagram':>9}{'ratio':>8}")
    for name in names:
        model = hc.assemble(hc.load(find(name)))
        panel = hc.panel(model)
        layer, neuron = np.argwhere(np.asarray(model.trainable.b_in) & (np.asarray(model.weights.b_in) != 0))[-1]
        entry, value = f"b_in[{layer}, {neuron}]", float(model.weights.b_in[layer, neuron])
        turn = iter(range(10_000))
        edit = {"do": "edit", "entry": entry}
        whole = milliseconds(lambda: panel.handle({**edit, "value": value + (next(turn) % 2) / 8}))
        model.history.watchers.clear()
        alone = milliseconds(lambda: model.edit(entry, value + (next(turn) % 2) / 8))
        bench = panel.workbench
        parts = [milliseconds(part) for part in (bench.loop, bench.selection, bench.diagram)]
        bare = lambda: hc.compare(model.structure, hc.recover(model))
        bare()
        ratio = whole / milliseconds(bare)
        print(f"{name:16}{whole:8.0f}{alone:8.0f}{parts[0]:8.0f}{parts[1]:9.0f}{parts[2]:9.0f}{ratio:8.2f}")


if __name__ == "__main__":
    main(sys.argv[1:] or [path.stem.replace("_", " ") for path in bundled()])
