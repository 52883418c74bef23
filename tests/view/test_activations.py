"""Pictures of a run: what they show stands in the cache, and what the cache holds is what the run computed."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.control.graph import Signal
from handcrafted.control.vocabulary import Role
from handcrafted.view.activations import _stream, attention_panel
from handcrafted.zoo import find


@pytest.fixture(scope="module")
def braking():
    model = hc.assemble(hc.load(find("wheel brakes")))
    inputs = np.random.default_rng(0).random((2, 20, len(model.names.inputs))).astype(np.float32)
    return model, inputs, model.run_with_cache(inputs)[1]


def test_a_cache_is_what_the_call_gives(braking):
    model, inputs, cache = braking
    outputs, activations = model(inputs)
    assert set(cache) == set(activations) and len(cache) == len(activations)
    assert all(np.array_equal(cache[name], activations[name]) for name in cache)
    assert np.array_equal(model.run_with_cache(inputs)[0], outputs)
    pressure = Signal("hydraulic controller", Role.FEEDBACK, "pressure")
    assert np.array_equal(cache.signal(pressure), cache["final"][..., model.names.find(pressure)])
    with pytest.raises(hc.HandcraftedError, match="Expected a named subspace"):
        cache.signal(Signal("nobody", Role.FEEDBACK, "pressure"))


def test_attention_shows_how_far_back_each_head_looks(braking):
    """The file says it: deceleration is formed over four steps; everything else is read now, or a step late."""
    _, _, cache = braking
    panel = attention_panel(cache)
    rows = zip(panel.rows, panel.array, strict=True)
    ago = {row.split(" / ")[1]: panel.columns[int(weights.argmax())] for row, weights in rows}
    assert ago.pop("deceleration before") == "4"
    assert set(ago.values()) == {"now"} and len(panel.rows) == len(cache.heads) == 12
    assert np.allclose(panel.array.sum(axis=1), 1) and not any("by content" in row for row in panel.rows)


def test_a_head_that_looks_by_content_is_marked(braking):
    _, _, cache = braking
    spoiled = type(cache)(dict(cache), cache.names, cache.heads)
    pattern = cache["pattern"].copy()
    (layer, head), *_ = sorted(cache.heads)
    pattern[0, 7, layer, head] = np.roll(pattern[0, 7, layer, head], 3)
    spoiled._held["pattern"] = pattern
    assert ["by content" in row for row in attention_panel(spoiled).rows].count(True) == 1
    assert not any("by content" in row for row in attention_panel(spoiled, run=1).rows)


def test_the_stream_is_drawn_row_by_row(braking):
    model, _, cache = braking
    axes = _stream(cache, 1).axes[0]
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    shares = np.asarray(axes.images[0].get_array())
    row = labels.index("brakes · feedback · pressure")
    at = model.names.find(Signal("brakes", Role.FEEDBACK, "pressure"))[0]
    wanted = cache["final"][1, :, at]
    assert np.allclose(shares[row], wanted / np.abs(wanted).max(), atol=1e-6)
    zero = int((cache["final"][1] == 0).all(axis=0).sum())
    assert (
        len(labels) == cache["final"].shape[-1] - zero and f"without {zero} coordinates that stay 0" in axes.get_title()
    )


@pytest.mark.parametrize("kind", ["activations", "attention"])
def test_pictures_are_written(braking, kind, tmp_path):
    _, _, cache = braking
    assert (
        hc.draw(cache, tmp_path / "a.png", kind=kind).read_bytes()
        == hc.draw(cache, tmp_path / "b.png", kind=kind).read_bytes()
    )
    assert hc.show(cache, kind=kind).png != hc.show(cache, kind=kind, run=1).png or kind == "attention"


@pytest.mark.parametrize("options, said", [({"kind": "weights"}, "Expected kind"), ({"run": 2}, "from 0 to 1")])
def test_bad_options_are_refused(braking, options, said, tmp_path):
    with pytest.raises(hc.HandcraftedError, match=said):
        hc.draw(braking[2], tmp_path / "a.png", **options)
    assert not list(tmp_path.iterdir())
