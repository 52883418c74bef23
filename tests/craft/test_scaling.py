"""Size: what a chain of controllers costs, and what is refused before it is tried."""

import math
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.craft import build as module
from handcrafted.text.diagnostics import HandcraftedError

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "scaling.py"


SHAPES = runpy.run_path(str(BENCHMARK))
chain, star = SHAPES["chain"], SHAPES["star"]


def parameters(model):
    return sum(int(np.size(array)) for array in dict(model.effective_weights).values())


def test_heads_and_neurons_are_spread_within_the_slack():
    """As soon as possible, a chain of 100 took 327 million parameters; spread, it takes 4.7 million."""
    assert parameters(hc.assemble(chain(100))) < 8_000_000
    assert parameters(hc.assemble(chain(40))) * (100 / 40) ** 2 == pytest.approx(4_674_198, rel=0.1)


def test_too_much_gets_an_answer_and_no_hang():
    with pytest.raises(ValueError, match=r"at most 20,000 components, got 100,001, .* 3 minutes"):
        chain(100_000)
    with pytest.raises(ValueError, match=r"read at most 1,000,000 variables in all, got about 2,256,000"):
        star(1_501)  # each of the 1,500 decisions at the hub reads all its 1,500 variables


def test_arrays_that_do_not_fit_are_refused_before_they_are_made(monkeypatch):
    made, structure = parameters(hc.assemble(chain(20))), chain(20)
    monkeypatch.setattr(module, "MAX_BYTES", 4 * made)
    assert math.isclose(parameters(hc.assemble(structure)), made)
    monkeypatch.setattr(module, "MAX_BYTES", 4 * made - 1)
    with pytest.raises(HandcraftedError, match=rf"{made:,} parameters in 40 layers"):
        hc.assemble(structure)


@pytest.mark.slow
def test_the_benchmark_runs():
    done = subprocess.run([sys.executable, str(BENCHMARK), "2"], capture_output=True, text=True, check=True)
    assert done.stdout.count("parameters") == 2 and "1,374" in done.stdout
