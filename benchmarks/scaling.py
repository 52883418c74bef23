"""How chains, stars, trees and hubs of controllers grow: entries held, CPU seconds of validation, assembly, wiring
readout, folding and one step of the network, and memory in MB.

Run: uv run python benchmarks/scaling.py [largest]
Without an argument it goes to 10,000 and writes `figures/scaling.csv`, of which `handcrafted figures` makes a picture.
The last lines give growth exponents: the slope of log time (or size) over log n, from 300 controllers on. In a star
every decision of the hub reads all that the others report, so that its laws grow with the square; in a hub each reads
one.
"""

import itertools
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import handcrafted as hc
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.fold import fold
from handcrafted.model.sparse_array import SparseArray
from handcrafted.readout.target import subject
from handcrafted.readout.wiring import wiring
from handcrafted.rollout.environment import world_of
from handcrafted.rollout.interpreted import InterpretedLoop
from handcrafted.rollout.setup import given
from handcrafted.text.report import as_csv

FIGURES = Path(__file__).parents[1] / "figures"
SIZES, FROM = (2, 10, 30, 100, 300, 1000, 3000, 10_000), 300
MOST = {"star": 300, "hub": 3000}
"""How many controllers the file allows, by what its laws read, or what is sensible."""


def chain(count):
    """Each controller commands the next one and reports to the one above; the last one holds the plant."""
    names = [f"c{i}" for i in range(count)]
    actions = [{"name": "goal", "from": one, "to": two} for one, two in itertools.pairwise(names)]
    reports = [{"name": "report", "from": two, "to": one} for one, two in itertools.pairwise(names)]
    return structure(names, {name: i for i, name in enumerate(names)}, actions, reports, names[-1:])


def star(count):
    """One controller commands all others, which report to it; each of them holds the plant."""
    names = [f"c{i}" for i in range(count)]
    actions = [{"name": f"goal {name}", "from": "c0", "to": name} for name in names[1:]]
    reports = [{"name": f"report {name}", "from": name, "to": "c0"} for name in names[1:]]
    return structure(names, {name: min(i, 1) for i, name in enumerate(names)}, actions, reports, names[1:] or names)


def tree(count):
    """Each controller commands three, which report to it; the lowest hold the plant."""
    names = [f"c{i}" for i in range(count)]
    above = {name: names[(i - 1) // 3] for i, name in enumerate(names) if i}
    levels = {names[0]: 0}
    for name, superior in above.items():
        levels[name] = levels[superior] + 1
    actions = [{"name": f"goal {name}", "from": superior, "to": name} for name, superior in above.items()]
    reports = [{"name": f"report {name}", "from": name, "to": superior} for name, superior in above.items()]
    lowest = [name for name in names if name not in set(above.values())]
    return structure(names, levels, actions, reports, lowest)


def hub(count):
    """One controller commands all others and hears of each, a decision for each."""
    spokes = [f"c{i}" for i in range(1, count)] or ["c1"]
    first = {
        "kind": "controller",
        "level": 0,
        "process model": {f"state {name}": {"reads": [f"report {name}"]} for name in spokes},
        "control algorithm": {f"goal {name}": {"reads": [f"state {name}"]} for name in spokes},
    }
    actions = [{"name": f"goal {name}", "from": "hub", "to": name} for name in spokes]
    reports = [{"name": f"report {name}", "from": name, "to": "hub"} for name in spokes]
    return structure(["hub", *spokes], {name: 1 for name in spokes}, actions, reports, spokes, {"hub": first})


def structure(names, levels, actions, reports, holding, said=None):
    parts = {name: (said or {}).get(name) or {"kind": "controller", "level": levels[name]} for name in names}
    parts["plant"] = {"kind": "process", "level": len(names)}
    actions += [{"name": f"act {name}", "from": name, "to": "plant"} for name in holding]
    reports += [{"name": f"seen by {name}", "from": "plant", "to": name} for name in holding]
    links = {"control actions": actions, "feedback": reports}
    return ControlStructure.model_validate({"name": "scaling", "components": parts, **links})


FORMS = {form.__name__: form for form in (chain, star, tree, hub)}


def timed(function, repeat=1):
    """Return what a function gives, and the least CPU seconds that it took."""
    best = float("inf")
    for _ in range(repeat):
        start = time.process_time()
        result = function()
        best = min(best, time.process_time() - start)
    return result, best


def taken():
    """Return the most memory that this process ever took, in MB."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM")), float("nan"))


def measure(form, count):
    """Return the figures of one structure."""
    hc.assemble(FORMS[form](2))  # what is imported on the way
    made, validation = timed(lambda: FORMS[form](count))
    model, assembly = timed(lambda: hc.assemble(made))
    memory, weights = taken(), model.effective_weights
    held = sum(array.pattern.at.size if isinstance(array, SparseArray) else array.size for _, array in weights.items())
    _, wired = timed(lambda: wiring(subject(weights, model.names)))
    network, folding = timed(lambda: fold(weights, model.window))
    loop = InterpretedLoop(network, world_of(made), model.names)
    state, inputs = loop.begin(given(made, None, 1, None, None, None, 0)), np.zeros((len(model.names.inputs), 1))
    _, step = timed(lambda: [loop.advance(state.network, inputs) for _ in range(20)], 3)
    return [form, count, held, validation, assembly, wired, folding, step / 20, memory]


HEADINGS = "shape,controllers,entries,validation,assembly,wiring,folding,step,memory".split(",")


def slope(rows, column):
    """Return the growth exponent of a column, over the larger structures."""
    chosen = [row for row in rows if row[1] >= FROM]
    return np.polyfit(np.log([row[1] for row in chosen]), np.log([row[column] for row in chosen]), 1)[0]


def main():
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2], int(sys.argv[3]))))
        return
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1]
    every = []
    for form in FORMS:
        sizes = [n for n in SIZES if n <= min(largest, MOST.get(form, largest))]
        rows = []
        for n in sizes:  # each in a process of its own, whose memory is its own
            command = [sys.executable, __file__, "--one", form, str(n)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(f"\n{form:>6} {'entries':>12} " + " ".join(f"{heading:>12}" for heading in HEADINGS[3:]))
        for _, n, held, *values in rows:
            print(f"{n:6} {held:12,} " + " ".join(f"{value:12.4g}" for value in values))
        if sizes[-1] > FROM:
            print("growth              " + " ".join(f"{'n^' + format(slope(rows, i), '.2f'):>12}" for i in range(3, 9)))
        every += rows
    if largest == SIZES[-1]:
        rows = ([f"{one:.4g}" if isinstance(one, float) else str(one) for one in row] for row in every)
        (FIGURES / "scaling.csv").write_text(as_csv([HEADINGS, *rows]), encoding="utf-8")


if __name__ == "__main__":
    main()
