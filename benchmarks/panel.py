"""From keystroke to redraw: how long the panel takes for one edit, on every bundled loop.

    uv run python benchmarks/panel.py [STRUCTURE ...]

Sliders are moved step by step, as their keys move them, and entries of circuits are set to numbers that no parameter
derives: messages as the browser would send them, no two alike, and everything that the panel shows is made anew each
time. Printed: how long the panel takes to open; milliseconds per edit, the median and the 95th percentile; and the
ratio of the median to one bare `recover` and `compare` of the same model. The browser's own share is not in it.
"""

from __future__ import annotations

import csv
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import handcrafted as hc
from handcrafted.view.editor.parts import parts_of
from handcrafted.view.editor.widget import Panel
from handcrafted.zoo import bundled, find

EDITS = 24
"""Moves of sliders, and as many edits of entries."""

COLUMNS = ("loop", "open_s", "slider_ms", "slider_p95_ms", "entry_ms", "entry_p95_ms", "bare_ms", "ratio")


def milliseconds(run: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - start)


def sliders(panel: Panel) -> Iterator[dict]:
    """Return moves of each slider by its step, up and down, part by part."""
    for part in parts_of(panel.workbench.model.structure):
        panel.handle({"do": "select", "part": part})
        for one in panel.selection["parameters"]:
            for step in (1, 2, -1) if "step" in one else ():
                yield {"do": "parameter", "name": one["name"], "value": one["value"] + step * one["step"]}


def entries(panel: Panel) -> Iterator[dict]:
    """Return edits of biases of neurons that may be edited, each to a number of its own."""
    model = panel.workbench.model
    free = np.argwhere(np.asarray(model.trainable.b_in) & (np.asarray(model.weights.b_in) != 0))
    for turn in range(EDITS):
        layer, neuron = free[turn % len(free)]
        value = float(model.weights.b_in[layer, neuron]) + (turn + 1) / 64
        yield {"do": "edit", "entry": f"b_in[{layer}, {neuron}]", "value": value}


def timed(panel: Panel, messages: Iterator[dict]) -> list[float]:
    """Return the milliseconds of each message that changed the model; the first one warms up."""
    found: list[float] = []
    for message in messages:
        took = milliseconds(lambda message=message: panel.handle(message))
        if not panel.message:
            found.append(took)
        if len(found) > EDITS:
            break
    return found[1:] or found


def main(names: list[str]) -> None:
    """Print a row per loop, and keep them if all loops were asked for."""
    rows = []
    print(f"{'loop':16}{'open s':>8}{'slider':>9}{'p95':>7}{'entry':>9}{'p95':>7}{'bare':>7}{'ratio':>7}")
    for name in names or [path.stem.replace("_", " ") for path in bundled()]:
        model = hc.assemble(hc.load(find(name)))
        opened: list[Panel] = []
        took = milliseconds(lambda model=model, opened=opened: opened.append(hc.panel(model))) / 1000
        moved, set_ = timed(opened[0], sliders(opened[0])), timed(opened[0], entries(opened[0]))
        bare = statistics.median(
            milliseconds(lambda model=model: hc.compare(model.structure, hc.recover(model))) for _ in range(5)
        )
        numbers = [
            part(times or [np.nan]) for times in (moved, set_) for part in (np.median, lambda t: np.percentile(t, 95))
        ]
        ratio = statistics.median([*moved, *set_]) / bare
        print(
            f"{name:16}{took:8.2f}" + "".join(f"{n:{w}.0f}" for n, w in zip(numbers, (9, 7, 9, 7), strict=True)), end=""
        )
        print(f"{bare:7.0f}{ratio:7.2f}")
        rows.append((name, f"{took:.2f}", *(f"{number:.0f}" for number in numbers), f"{bare:.0f}", f"{ratio:.2f}"))
    if not names:
        with Path(__file__).with_suffix(".csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])


if __name__ == "__main__":
    main(sys.argv[1:])
