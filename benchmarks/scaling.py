"""How a chain and a star of controllers grow: parameters, assembly, wiring readout, one step.

Run: uv run python benchmarks/scaling.py [largest]
The last lines give growth exponents: the slope of log time (or size) over log n, from 8 controllers on.
"""

import itertools
import sys
import time

import numpy as np

import handcrafted as hc
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.forward import initial_state, step
from handcrafted.readout.target import subject
from handcrafted.readout.wiring import wiring

SIZES = (1, 2, 4, 8, 16, 32, 64, 100)


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


def structure(names, levels, actions, reports, holding):
    parts = {name: {"kind": "controller", "level": levels[name]} for name in names}
    parts["plant"] = {"kind": "process", "level": len(names)}
    actions += [{"name": f"act {name}", "from": name, "to": "plant"} for name in holding]
    reports += [{"name": f"seen by {name}", "from": "plant", "to": name} for name in holding]
    links = {"control actions": actions, "feedback": reports}
    return ControlStructure.model_validate({"name": "scaling", "components": parts, **links})


def timed(function, repeat=1):
    best = float("inf")
    for _ in range(repeat):
        start = time.perf_counter()
        result = function()
        best = min(best, time.perf_counter() - start)
    return result, best


def measure(made):
    model, assembly = timed(lambda: hc.assemble(made))
    weights = model.effective_weights
    parameters = sum(int(np.size(array)) for array in dict(weights).values())
    read = subject(weights, model.names)
    _, wired = timed(lambda: wiring(read))
    state, now = initial_state(weights), np.zeros(weights.sizes["n_in"], np.float32)
    one = lambda: step(weights, state, now)[1].block_until_ready()
    _, first = timed(one)
    _, later = timed(one, 20)
    return parameters, assembly, wired, first, later


def slope(sizes, values):
    chosen = [i for i, n in enumerate(sizes) if n >= 8]
    return np.polyfit(np.log([sizes[i] for i in chosen]), np.log([values[i] for i in chosen]), 1)[0]


def main():
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1]
    sizes = [n for n in SIZES if n <= largest]
    headings = ("parameters", "assembly [s]", "wiring [s]", "first step [s]", "step [s]")
    for shape in (chain, star):
        rows = [measure(shape(n)) for n in sizes]
        print(f"\n{shape.__name__:>6} " + " ".join(f"{heading:>15}" for heading in headings))
        for n, row in zip(sizes, rows, strict=True):
            print(f"{n:6} {row[0]:15,} " + " ".join(f"{value:15.4g}" for value in row[1:]))
        if sizes[-1] > 8:
            print("growth " + " ".join(f"{'n^' + format(slope(sizes, column), '.2f'):>15}" for column in zip(*rows)))


if __name__ == "__main__":
    main()
