"""Circuits stand after what they read, heads tell all steps of a window apart, and what claims rest on is read-only."""

from dataclasses import replace

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.model.layout import MAX_WINDOW, check_layout, check_window, early
from handcrafted.model.transformer import Transformer
from handcrafted.zoo import bundled, find


@pytest.fixture(scope="module")
def model():
    return hc.assemble(hc.load(find("heated room")))


@pytest.mark.parametrize("path", bundled(), ids=lambda path: path.stem)
def test_what_is_assembled_stands_in_order(path):
    model = hc.assemble(hc.load(path))
    check_layout(model.layout, model.weights.sizes)
    assert not early(model.layout)


def changed(model, number, **how):
    layout = list(model.layout)
    layout[number] = replace(layout[number], **how)
    return tuple(layout)


def numbered(model, word):
    return next(i for i, place in enumerate(model.layout) if word in place.circuit)


WRONG = [
    ("band", {"layer": 2, "components": (1,)}, r"reads thermostat / .*, which .* writes in mlp of"),
    ("bit", {"layer": 1, "components": (1,)}, "Move the reader behind the writer"),
    ("bit", {"layer": -1}, r"among 4 layers with 1 heads \(attention\) and 2 neurons \(mlp\), got mlp of layer -1"),
    ("bit", {"layer": 9}, "got mlp of layer 9"),
    ("bit", {"components": (7,)}, r"\[7\]. Place it there"),
    ("bit", {"part": "gate"}, "got gate of layer"),
    ("bit", {"owner": "room"}, "to write subspaces of room alone, got thermostat / "),
]


@pytest.mark.parametrize(("word", "how", "message"), WRONG)
def test_a_layout_that_computes_something_else_is_refused(model, word, how, message):
    layout = changed(model, numbered(model, word), **how)
    with pytest.raises(hc.HandcraftedError, match=message):
        Transformer(model.weights, model.masks, model.names, layout, model.structure)
    with pytest.raises(hc.HandcraftedError, match=message):
        model.change(model.weights, layout=layout)


def test_two_circuits_in_one_place_or_with_one_result_are_refused(model):
    one, other = numbered(model, "band"), numbered(model, "bit")
    same = changed(model, one, layer=model.layout[other].layer, components=model.layout[other].components)
    with pytest.raises(hc.HandcraftedError, match="each head and neuron in one circuit, got one in two"):
        check_layout(same, model.weights.sizes)
    with pytest.raises(hc.HandcraftedError, match="Expected one writer of thermostat / "):
        check_layout(changed(model, one, writes=model.layout[other].writes), model.weights.sizes)


def test_a_signal_that_nobody_writes_is_named():
    room = hc.assemble(hc.load(find("guarded room")))
    layout = tuple(place for place in room.layout if place.writes.name != "heat veto")
    with pytest.raises(hc.HandcraftedError, match=r"a circuit that writes landlord / .* / heat veto, got none"):
        Transformer(room.weights, room.masks, room.names, layout, room.structure)


def test_angles_of_a_window_are_told_apart_up_to_43_steps():
    """The oracle is the circle itself: the nearest that any lag comes to a full turn."""
    off = lambda lag: abs((lag + np.pi) % (2 * np.pi) - np.pi)
    nearest = min(off(lag) for lag in range(1, MAX_WINDOW))
    assert nearest > 5 * off(44) and off(44) < 0.02


@pytest.mark.parametrize("window", [0, -1, 44, 64, True, 16.0, float("nan"), "16"])
def test_other_windows_are_refused(window):
    with pytest.raises(hc.HandcraftedError, match=r"Expected a window of 1 to 43 steps, got .* nearly 7 turns"):
        check_window(window)
    assert check_window(43) == 43


def test_a_model_of_a_window_too_large_is_refused(model):
    parts = model.weights, model.masks, model.names, model.layout, model.structure
    with pytest.raises(hc.HandcraftedError, match="got 64"):
        Transformer(*parts, window=64)
    assert Transformer(*parts, window=43).window == 43


@pytest.mark.parametrize("name", ["window", "seal", "structure", "layout", "names"])
def test_what_claims_rest_on_is_read_only(name):
    model = hc.assemble(hc.load(find("guarded room")))
    was = getattr(model, name)
    with pytest.raises(hc.HandcraftedError, match=f"Expected `{name}` of a model to be read, got an assignment"):
        setattr(model, name, 64)
    with pytest.raises(hc.HandcraftedError, match=f"`{name}`"):
        delattr(model, name)
    assert getattr(model, name) is was
    model.check_seal()
