"""Readouts need arrays and names and nothing else: loaded from files in a fresh process they give the same answer."""

import json
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.model.names import Coordinate, Names
from handcrafted.model.weights import Weights
from handcrafted.readout.registry import chosen, registered
from handcrafted.readout.target import subject
from handcrafted.verdict.scoreboard.distort import DISTORTIONS
from tests.loops import of_the_zoo

FRESH = """
import json, sys
import numpy as np
from handcrafted.control.domain import Domain
from handcrafted.model.names import Coordinate, Names, Port
from handcrafted.model.names import Coordinate
from handcrafted.model.weights import Weights
from handcrafted.readout.recover import recover

with np.load("arrays.npz") as file:
    weights = Weights(**{name: file[name] for name in file.files})
told = json.load(open("names.json"))
domain = lambda d: Domain(**{**d, "values": tuple(d["values"])})
ports = lambda rows: tuple(Port(o, s, i, domain(d)) for o, s, i, d in rows)
names = Names(tuple(Coordinate(*row) for row in told["residual"]), ports(told["inputs"]), ports(told["outputs"]))
graphs = recover(weights, names=names, readouts=told["readouts"]).graphs
plain = lambda graph: sorted([*e.source, *e.target, e.lag, e.sign] for e in graph.edges)
json.dump({name: plain(graph) for name, graph in graphs.items()}, sys.stdout)
"""


def plain(graph):
    return sorted([*map(str, edge.source), *map(str, edge.target), edge.lag, edge.sign] for edge in graph.edges)


ABLATIONS = ("ablation (zero)", "ablation (noise)")
SOME = ["wiring", "subspace", "patching", "equations", "probe", "black box"]


@pytest.mark.parametrize("readouts", [SOME, pytest.param(list(registered()), marks=pytest.mark.slow)])
def test_a_fresh_process_with_two_files_gives_the_same_answers(readouts, tmp_path):
    _, model = of_the_zoo("train_door")
    names = model.names
    np.savez(tmp_path / "arrays.npz", **dict(model.effective_weights.numpy().items()))
    ports = lambda some: [[p.owner, p.signal, p.index, asdict(p.domain)] for p in some]
    told = {"residual": list(names.residual), "inputs": ports(names.inputs), "outputs": ports(names.outputs)}
    (tmp_path / "names.json").write_text(json.dumps({**told, "readouts": readouts}))
    run = subprocess.run([sys.executable, "-c", FRESH], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    given = json.loads(run.stdout)
    here = hc.recover(model, readouts=readouts).graphs
    assert {name: plain(graph) for name, graph in here.items()} == given and set(given) == set(readouts)


@pytest.mark.parametrize("name", ["permuted", "rescaled", pytest.param("redundancy", marks=pytest.mark.slow)])
def test_interventions_do_not_depend_on_order_and_scale_of_heads_and_neurons(name):
    _, model = of_the_zoo("train_door")
    distortion = next(one for one in DISTORTIONS if one.name == name)
    other, _ = distortion.apply(model.effective_weights.numpy(), model.names, np.random.default_rng(3))
    some = chosen(["patching", "ablation (noise)", "gradient"])
    before, after = (subject(weights, model.names) for weights in (model.effective_weights, other))
    for readout in some:
        assert plain(readout.read(before)) == plain(readout.read(after)), readout.name


def test_arrays_that_are_no_network_are_refused():
    _, model = of_the_zoo("train_door")
    weights = model.effective_weights.numpy()
    weights.W_in[0, 0, 0] = np.nan
    with pytest.raises(hc.HandcraftedError, match="Expected finite numbers in W_in"):
        hc.recover(weights, names=model.names)
    short = model.effective_weights.numpy().replace(W_U=np.zeros((3, 2), np.float32))
    with pytest.raises(hc.HandcraftedError, match="Expected d_model"):
        hc.recover(short, names=model.names)


def test_a_network_without_inputs_is_read_by_zero_and_noise():
    empty = Weights.zeros(n_in=0, d_model=2, layer=1, head=1, d_head=4, d_mlp=1, n_out=0)
    empty.b_E[0], empty.W_in[0, 0, 0], empty.W_out[0, 0, 1] = 1.0, 2.0, 3.0
    coordinates = tuple(Coordinate("c", "processing_for_action", name, 0) for name in "ab")
    names = Names(coordinates, (), ())
    graphs = hc.recover(
        Weights(**dict(empty.items())), names=names, readouts=["equations", "gradient", *ABLATIONS]
    ).graphs
    a, b = (coordinate.subspace for coordinate in coordinates)
    for name in ("wiring", "subspace", "patching", "equations", "gradient", *ABLATIONS):
        assert [edge.key for edge in graphs[name].edges] == [(a, b, 0)], name
