"""How long a control diagram takes to lay out and draw, beside the same diagram left to Graphviz, by number of boxes.

    uv run python benchmarks/drawing.py

A tree of controllers, three below each, with an action down and a feedback up each arrow, over one process; one peer in
seven speaks to its neighbour. Seconds are the best of three, from structure to SVG.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from pathlib import Path

from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.zoom import Zoom
from handcrafted.view.drawing import control_diagram, structure_diagram
from handcrafted.view.engine import render
from handcrafted.view.graphviz_layout import GraphvizLayout

FILE = Path(__file__).with_suffix(".csv")
BOXES = (10, 30, 100)


def tree(count: int) -> ControlStructure:
    """Return a structure of that many boxes."""
    parts, actions, feedback, level = {"c0": {"kind": "controller", "level": 0}}, [], [], {0: 0}
    for k in range(1, count - 1):
        above = (k - 1) // 3
        level[k] = level[above] + 1
        parts[f"c{k}"] = {"kind": "controller", "level": level[k]}
        actions.append({"name": f"command {k}", "from": f"c{above}", "to": f"c{k}"})
        feedback.append({"name": f"report {k}", "from": f"c{k}", "to": f"c{above}"})
        if k % 7 == 0 and level[k] == level[k - 1]:
            feedback.append({"name": f"word {k}", "from": f"c{k - 1}", "to": f"c{k}"})
    parts["plant"] = {"kind": "process", "level": max(level.values()) + 1}
    actions.append({"name": "drive", "from": f"c{count - 2}", "to": "plant"})
    fields = {"name": f"tree of {count}", "components": parts, "control actions": actions, "feedback": feedback}
    return ControlStructure.model_validate(fields)


def best(run: Callable[[], object]) -> float:
    """Return the seconds of the quickest of three calls."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print a line per size, and write them beside this file."""
    rows = []
    print(f"{'boxes':>6}{'ours [s]':>10}{'Graphviz [s]':>14}{'ratio':>8}")
    for count in BOXES:
        zoom = Zoom(tree(count))
        ours = best(lambda zoom=zoom: render(control_diagram(zoom), "svg"))
        flat = lambda zoom=zoom: GraphvizLayout(structure_diagram(zoom)).text("")
        theirs = best(lambda flat=flat: render(flat(), "svg"))
        rows.append((count, f"{ours:.3f}", f"{theirs:.3f}", f"{ours / theirs:.2f}"))
        print(f"{count:6}{ours:10.3f}{theirs:14.3f}{ours / theirs:8.2f}")
    with FILE.open("w", newline="") as file:
        csv.writer(file).writerows([("boxes", "ours [s]", "Graphviz [s]", "ratio"), *rows])


if __name__ == "__main__":
    main()
