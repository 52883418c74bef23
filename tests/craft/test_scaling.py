"""Size: what a chain of controllers costs, and what is refused before it is tried."""

import cProfile
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.craft import build as module
from handcrafted.craft.plan import circuits_of
from handcrafted.text.diagnostics import HandcraftedError

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "scaling.py"


SHAPES = runpy.run_path(str(BENCHMARK))
chain, star, tree, hub = (SHAPES[name] for name in ("chain", "star", "tree", "hub"))


def parameters(model):
    return sum(int(np.size(array)) for array in dict(model.effective_weights).values())


def test_heads_and_neurons_are_spread_within_the_slack():
    """As soon as possible, a chain of 100 took 327 million parameters; spread, it takes 4.7 million."""
    assert parameters(hc.assemble(chain(100))) < 8_000_000
    assert parameters(hc.assemble(chain(40))) * (100 / 40) ** 2 == pytest.approx(4_674_198, rel=0.1)


def test_too_much_gets_an_answer_and_no_hang():
    with pytest.raises(ValueError, match=r"at most 20,000 components, got 20,001, .* 1 minutes"):
        chain(20_000)
    many = [{"name": f"f{i}", "from": "plant", "to": "c0"} for i in range(100_000)]
    with pytest.raises(ValueError, match=r"at most 100,000 links, got 100,002"):
        SHAPES["structure"](["c0"], {"c0": 0}, [], many, ["c0"])
    with pytest.raises(ValueError, match=r"read at most 1,000,000 variables in all, got about 2,256,000"):
        star(1_501)  # each of the 1,500 decisions at the hub reads all its 1,500 variables


def test_circuits_that_do_not_fit_are_refused_before_the_next_is_made(monkeypatch):
    structure = chain(20)
    made = sum(array.nbytes for one in circuits_of(structure.resolved) for array in vars(one.body).values())
    monkeypatch.setattr(module, "MAX_BYTES", made)
    assert hc.assemble(structure).layout
    monkeypatch.setattr(module, "MAX_BYTES", made - 1)
    with pytest.raises(HandcraftedError, match=r"for scaling: the circuits up to c19\..+ alone"):
        hc.assemble(structure)


def calls(function, *given):
    """Count the calls that Python makes; a time would depend on the machine."""
    profile = cProfile.Profile()
    profile.runcall(function, *given)
    return sum(one.callcount for one in profile.getstats())


@pytest.mark.parametrize("shape", [chain, tree], ids=["chain", "tree"])
def test_loading_grows_no_faster_than_the_structure(shape):
    assert calls(shape, 800) < 2.2 * calls(shape, 400)
    assert calls(lambda count: [1 for _ in range(count) for _ in range(count) if len("")], 800) > 3 * 400**2


def test_a_hub_with_a_thousand_spokes_loads():
    """Each of its decisions reads what one spoke reports."""
    made = hub(1001)
    assert len(made.resolved.controllers["hub"].entries) == 1000
    assert all(len(entry.reads) == 1 for entry in made.resolved.controllers["hub"].entries)


@pytest.mark.slow
def test_the_benchmark_runs():
    done = subprocess.run([sys.executable, str(BENCHMARK), "2"], capture_output=True, text=True, check=True)
    assert done.stdout.count("entries") == 4 and "memory" in done.stdout
