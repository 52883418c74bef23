"""Claims that are remembered: the same verdict as anew, whatever changed in between, and nothing judged twice."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.verdict import exact
from handcrafted.verdict.exact import ClaimMemory


def told(comparison):
    """Return everything that a comparison says of claims."""
    rows = [(one.claim.what, one.claim.name, one.proved, one.count, one.why_not, str(one.counterexample),
             str(one.between), str(one.outside), one.drift) for one in comparison.law]  # fmt: skip
    return rows, str(comparison), comparison.reproduced


def steps(model):
    """Change a model one way after the other: by its law, by its arrays alone, by both, and back."""
    yield
    model.parameters["thermostat.heat.on_below"] = 17.0
    yield
    model.edit("b_in[1, 0]", 7.0)
    yield
    model.undo()
    yield
    model.edit("W_R[3, 2]", 0.0)
    yield
    model.reset()
    yield


def test_a_memory_changes_no_verdict():
    model, memory = hc.assemble(hc.load("heated room")), ClaimMemory()
    seen = []
    for _ in steps(model):
        recovered = hc.recover(model, shared=False)
        with_memory = hc.compare(model.structure, recovered, memory)
        assert told(with_memory) == told(hc.compare(model.structure, recovered))
        seen.append(with_memory.reproduced)
    assert seen == [True, True, False, True, False, True]


@pytest.mark.parametrize("changed", ["law", "arrays", "seed"])
def test_what_is_claimed_otherwise_or_of_other_arrays_is_judged_anew(changed):
    """The same arrays do not save another law, nor the same law other arrays."""
    model, memory = hc.assemble(hc.load("heated room")), ClaimMemory()
    assert hc.compare(model.structure, hc.recover(model, shared=False), memory).reproduced
    weights, structure, names = model.weights.numpy(), model.structure, model.names
    count = len(memory.known)
    if changed == "law":
        other = hc.assemble(hc.load("heated room"))
        other.parameters["thermostat.heat.on_below"] = 17.0
        structure = other.structure
    elif changed == "arrays":
        weights.b_in[1, 0] = 7.0
    found = hc.compare(structure, hc.recover(weights, names=names, seed=1 if changed == "seed" else 0), memory)
    assert found.reproduced == (changed == "seed")
    assert len(memory.known) > count


def test_what_is_known_is_not_judged_again(monkeypatch):
    model, memory = hc.assemble(hc.load("heated room")), ClaimMemory()
    recovered = hc.recover(model, shared=False)
    first = hc.compare(model.structure, recovered, memory)
    monkeypatch.setattr(exact, "Case", None)
    assert told(hc.compare(model.structure, recovered, memory)) == told(first)
    with pytest.raises(TypeError):
        hc.compare(model.structure, recovered)
    again = hc.load("heated room")  # another object that says the same
    assert hc.compare(again, recovered, memory).reproduced


def test_a_memory_forgets_what_is_oldest(monkeypatch):
    monkeypatch.setattr(exact, "MAX_REMEMBERED", 3)
    model, memory = hc.assemble(hc.load("heated room")), ClaimMemory()
    hc.compare(model.structure, hc.recover(model, shared=False), memory)
    assert len(memory.known) == 3 and np.all([one.proved for one in memory.known.values()])
