"""What is 0 in every run is found all the same, and weights of any finite size are read or refused by name."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.loading.yamlfile import loads
from handcrafted.readout.registry import registered
from handcrafted.verdict.comparison import Status
from tests.loops import damaged, head_of, of_the_zoo, thinned

TOLD = """
name: told
components:
  chief: {{kind: controller, level: 0, process model: {{x: {{range: [0, 4], reads: [x]}}}},
          control algorithm: {{limit: {{law: constant, parameters: {{value: {value}}}}}}}}}
  clerk: {{kind: controller, level: 1,
          process model: {{y: {{range: [0, 4], reads: [y]}}, limit: {{range: [0, 2], reads: [limit]}}}},
          control algorithm:
            {{drive: {{law: linear, reads: [y, limit], parameters: {{gains: {{y: 0.5, limit: 1}}}}}}}}}}
  plant: {{kind: process, level: 2}}
control actions:
  - {{name: limit, from: chief, to: clerk, range: [0, 2]}}
  - {{name: drive, from: clerk, to: plant, range: [0, 4]}}
feedback:
  - {{name: x, from: plant, to: chief, range: [0, 4]}}
  - {{name: y, from: plant, to: clerk, range: [0, 4]}}
"""
"""A chief whose order is always the same, and a clerk who adds it to what he measures."""


def statuses(comparison, name):
    return {verdict.id.name: verdict.status for verdict in comparison.readouts[name].links}


@pytest.mark.parametrize("value", [0, 1])
def test_a_link_that_carries_a_constant_is_found_and_missing_where_it_is_cut(value):
    structure = loads(TOLD.format(value=value))
    model = hc.assemble(structure)
    whole = hc.compare(structure, hc.recover(model))
    assert whole.reproduced and all(set(statuses(whole, name).values()) == {Status.FOUND} for name in whole.readouts)
    layer, head = head_of(model, "limit")
    cut = damaged(model, lambda w: w.W_V[layer, head].fill(0))
    comparison = hc.compare(structure, hc.recover(cut, names=model.names))
    assert not comparison.reproduced
    for name in ("wiring", "patching"):
        found = statuses(comparison, name)
        assert found.pop("limit") is Status.MISSING and set(found.values()) == {Status.FOUND}


def test_what_nobody_declares_and_nothing_moves_is_not_found():
    """The contrast is drawn from the declared domain, and from nowhere else."""
    structure = loads(TOLD.format(value=0))
    model = hc.assemble(structure)
    given = hc.recover(model, readouts=["patching"]).graphs["patching"]
    (edge,) = (edge for edge in given.edges if edge.target.owner == "clerk" and edge.source.owner == "chief")
    assert edge.evidence["contrasts"] == ("domain",) and not edge.evidence["varies"] and edge.gain == pytest.approx(1)
    undeclared = model.names.__class__(model.names.residual, model.names.inputs, model.names.outputs)
    blind = hc.recover(model.effective_weights, undeclared, readouts=["patching"]).graphs["patching"]
    moved = [edge for edge in blind.edges if edge.source.owner == "chief" and edge.target.owner == "clerk"]
    assert all("domain" not in edge.evidence["contrasts"] for edge in moved)


ARRAYS = ("W_O", "W_E", "b_E", "W_V", "b_O", "W_in", "b_in", "W_out", "b_out", "W_U", "b_U", "W_R", "r_0")
FILLED = [f"{array} {size}" for size in ("1e30", "1e-30") for array in ARRAYS]


@pytest.mark.parametrize("how", thinned(FILLED, every=26))
def test_finite_weights_of_any_size_give_an_answer_or_a_named_refusal(how):
    """And where there is an answer, it is not that the network does as intended unless it does."""
    array, size = how.split()
    structure, model = of_the_zoo("heated_room")
    weights = model.effective_weights.numpy()
    live = weights.r_0 @ weights.W_R if array == "r_0" else weights[array]  # what the recurrence drops is never read
    weights[array][:] = np.clip(weights[array].astype(float) * float(size), -3e38, 3e38)
    for readout in registered().values():
        try:
            hc.recover(weights, names=model.names, readouts=[readout.name])
        except hc.HandcraftedError as error:
            assert "stay finite" in str(error)
    try:
        comparison = hc.compare(structure, hc.recover(weights, names=model.names))
    except hc.HandcraftedError as error:
        assert "stay finite" in str(error)
    else:
        assert comparison.reproduced != np.any(live)
