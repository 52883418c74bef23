"""Arrays entry by entry: the numbers, the names of axes and positions, and what the policy masks."""

import numpy as np
import pytest
import treescope

import handcrafted as hc
from handcrafted.model.weights import FIELD_AXES


@pytest.fixture(scope="module")
def room():
    return hc.assemble(hc.load("heated room"))


@pytest.fixture(scope="module")
def cache(room):
    return room.run_with_cache(np.linspace(10, 30, 6, dtype=np.float32)[:, None])[1]


@pytest.mark.parametrize("array", FIELD_AXES)
def test_an_array_of_weights_has_its_axes_and_their_names(room, array):
    found = hc.show(room, array=array)
    assert found.axes == FIELD_AXES[array] and np.array_equal(found.values, np.asarray(room.weights[array]))
    assert np.array_equal(found.acting, np.asarray(room.masks[array]))
    for i, axis in enumerate(found.axes):
        assert (i in found.labels) == (axis in ("d_model", "n_in", "n_out"))
        assert len(found.labels.get(i, [0] * found.values.shape[i])) == found.values.shape[i]
    assert array in repr(found) and "<" in found._repr_html_()


def test_the_page_is_given_numbers_names_and_what_is_masked(room, monkeypatch):
    given, render = {}, treescope.render_array
    monkeypatch.setattr(
        treescope, "render_array", lambda *a, **options: (given.update(options), render(*a, **options))[1]
    )
    view = hc.show(room, array="W_O")
    assert view._repr_html_() == view._repr_html_() and given["axis_labels"] == dict(enumerate(view.axes))
    assert given["axis_item_labels"] == {3: list(view.labels[3])} and given["valid_mask"] is view.acting
    assert (given["rows"], given["columns"]) == ([3, 0], [2, 1]), "innermost first: heads side by side, layers below"


def test_an_array_of_a_run_has_its_axes(cache):
    for name, values in cache.items():
        found = hc.show(cache, array=name)
        assert found.axes[0] == "time" and len(found.axes) == values.ndim and found.acting is None
    stream = hc.show(cache, array="resid_post")
    assert stream.axes == ("time", "layer", "d_model")
    assert "thermostat / feedback modelling / room temperature" in stream.labels[2]


def test_what_is_no_array_is_refused(room, cache):
    with pytest.raises(hc.HandcraftedError, match=r"Expected the name of an array, got 'W_inn'\. Did you mean `W_in`"):
        hc.show(room, array="W_inn")
    with pytest.raises(hc.HandcraftedError, match=r"Known are: .*resid_post"):
        hc.show(cache, array="W_in")
    with pytest.raises(hc.HandcraftedError, match="Expected a model or an ActivationCache"):
        hc.show(room.structure, array="W_in")
    with pytest.raises(hc.HandcraftedError, match="Expected no options beside `array`, got dpi"):
        hc.show(room, array="W_in", dpi=100)  # pyright: ignore  # what is refused
