"""Gradients: exact where the network is linear, blind where it is flat; the mean slope along the way is not."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.control.graph import INPUT, Signal
from handcrafted.zoo import bundled, find

GRADIENTS = ("gradient", "integrated gradients")
slow = lambda *names: [pytest.param(name, marks=pytest.mark.slow) for name in names]
ABLATIONS = ("ablation (zero)", "ablation (mean)", "ablation (noise)")


def recovered(name, readouts, weights=None):
    structure = hc.load(find(name))
    model = hc.assemble(structure)
    return structure, hc.recover(weights or model.effective_weights, names=model.names, readouts=readouts)


def keys(graph):
    return {edge.key for edge in graph.edges}


@pytest.mark.parametrize("name", ["train door", *slow("guarded room", "wheel brakes")])
def test_integrated_gradients_recover_loops_and_gradients_add_nothing(name):
    """On three loops; the table of the README has them all."""
    structure, found = recovered(name, GRADIENTS)
    wanted = keys(structure.signal_graph())
    assert keys(found.graphs["integrated gradients"]) == wanted
    missed = wanted - keys(found.graphs["gradient"])
    assert keys(found.graphs["gradient"]) <= wanted, "a slope where nothing leads would be a fault"
    assert bool(missed) == (name == "wheel brakes") and all(source.role != INPUT for source, _, _ in missed)


@pytest.mark.slow
def test_the_table_of_what_each_readout_misses_and_adds_is_that_of_the_readme():
    missed, added = Counter(), Counter()
    for path in bundled():
        structure, found = recovered(path.stem.replace("_", " "), [*GRADIENTS, *ABLATIONS])
        wanted = keys(structure.signal_graph())
        missed.update({name: len(wanted - keys(graph)) for name, graph in found.graphs.items()})
        added.update({name: len(keys(graph) - wanted) for name, graph in found.graphs.items()})
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    for name in (*GRADIENTS, *ABLATIONS):
        assert f"| `{name}` | {missed[name]} | {added[name]} |" in readme
    assert not any(missed[name] + added[name] for name in ("wiring", "subspace", "patching"))


@pytest.mark.slow
def test_where_the_network_is_linear_gradients_and_exact_patching_agree():
    """A head and exact pairs of neurons carry what passes: the gains of their edges are the same numbers."""
    _, found = recovered("cruise control", GRADIENTS)
    exact = {edge.key: edge for edge in found.used.edges if edge.gain is not None and edge.source.role != INPUT}
    assert len(exact) > 10
    gains = {name: {edge.key: edge.gain for edge in found.graphs[name].edges} for name in GRADIENTS}
    for key, edge in exact.items():
        assert gains["integrated gradients"][key] == pytest.approx(edge.gain, abs=1e-5)
        if key[1].role == "feedback" or key[2]:  # heads and the recurrence have no kink
            assert gains["gradient"][key] == pytest.approx(edge.gain, abs=1e-5)
    flat = [key for key in exact if gains["gradient"][key] is None]
    assert flat, "the slope of a rectified unit at 0 counts as 0, which bends exact pairs at a word that is not said"


def leak(name, owner, target):
    """Let a unit of one owner write another's subspace, too."""
    structure = hc.load(find(name))
    model = hc.assemble(structure)
    weights = model.effective_weights.numpy()
    place = next(place for place in model.layout if place.part == "mlp" and place.owner == owner and place.reads)
    weights.W_out[place.layer, place.components[0], model.names.find(target)] += 0.5
    return structure, model, weights


MEAN = pytest.param("ablation (mean)", marks=pytest.mark.slow)


@pytest.mark.parametrize(
    "name",
    [
        "gradient",
        *slow("integrated gradients"),
        *(MEAN if "mean" in name else name for name in ABLATIONS),
    ],
)
def test_zeroed_weights_give_no_edge_and_a_planted_leak_gives_one(name):
    target = Signal("landlord", "feedback_modelling", "temperature")
    structure, model, leaky = leak("guarded room", "thermostat", target)
    nothing = model.effective_weights.map(np.zeros_like)
    assert not hc.recover(nothing, names=model.names, readouts=[name]).graphs[name].edges
    extra = keys(hc.recover(leaky, names=model.names, readouts=[name]).graphs[name]) - keys(structure.signal_graph())
    assert ("thermostat", target) in {(source.owner, aim) for source, aim, _ in extra}


@pytest.mark.parametrize("name", [*GRADIENTS, *ABLATIONS])
def test_ablation_alone_cannot_see_a_bypass_beside_the_intended_way(name):
    target = Signal("door controller", "control_action", "open doors")
    structure, model, leaky = leak("train door", "door controller", target)
    extra = keys(hc.recover(leaky, names=model.names, readouts=[name]).graphs[name]) - keys(structure.signal_graph())
    assert {aim for _, aim, _ in extra} == (set() if name in ABLATIONS else {target})


@pytest.mark.slow
def test_ablation_depends_on_its_kind():
    """Noise finds all; means are blind to constants; zeros ask for what never comes up."""
    found = {}
    for name in ("guarded room", "wheel brakes"):
        structure, read = recovered(name, ABLATIONS)
        wanted = keys(structure.signal_graph())
        for kind in ABLATIONS:
            got = keys(read.graphs[kind])
            found[name, kind] = len(wanted - got), len(got - wanted)
            assert all(
                edge.evidence["ablation"] in kind for edge in read.graphs[kind].edges if edge.source.role != INPUT
            )
    assert found["guarded room", "ablation (noise)"] == found["wheel brakes", "ablation (noise)"] == (0, 0)
    assert found["guarded room", "ablation (mean)"][0] > 0 and found["wheel brakes", "ablation (zero)"][0] > 0
