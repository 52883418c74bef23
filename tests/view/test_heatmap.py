"""Heatmaps: names, colours about zero, what is left out."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.view.heatmap import MapPanel, figure_of, heatmap, heatmaps
from handcrafted.view.model_panels import panels_of_model
from tests.loops import train_door

ARRAY = np.array([[1.0, 0.0, -4.0], [0.0, 0.0, 0.0]])


def test_names_values_and_colours():
    axes = heatmap(ARRAY, ["a", "b"], ["x", "y", "z"], "W", drop_zero=False).axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["x", "y", "z"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b"]
    assert [text.get_text() for text in axes.texts] == ["1", "-4"]
    image = axes.images[0]
    assert image.get_clim() == (-4.0, 4.0)
    assert image.to_rgba(np.zeros((1, 1)))[0, 0, :3] == pytest.approx((1, 1, 1), abs=0.01)


def test_zero_rows_and_columns_are_left_out_and_counted():
    axes = heatmap(ARRAY, ["a", "b"], ["x", "y", "z"], "W").axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["x", "z"]
    assert "without 1 row and 1 column of zeros" in axes.get_title()


def test_large_arrays_have_no_numbers():
    assert not heatmap(np.ones((13, 2)), [str(i) for i in range(13)], ["x", "y"], "W").axes[0].texts


def test_all_zero_and_wrong_names():
    assert heatmap(np.zeros((2, 2)), ["a", "b"], ["x", "y"], "W").axes[0].texts[0].get_text() == "all zero"
    with pytest.raises(hc.HandcraftedError, match=r"Expected W of shape \(1, 3\) as its names say, got \(2, 3\)"):
        MapPanel("W", ARRAY, ("a",), ("x", "y", "z"))
    with pytest.raises(hc.HandcraftedError, match="at least one panel"):
        figure_of([])


@pytest.mark.parametrize("form", ["png", "svg"])
def test_pictures_are_the_same_twice(form):
    panels = [MapPanel("W", ARRAY, ("a", "b"), ("x & <y>", "y", "z"))] * 4
    assert heatmaps(panels, form) == heatmaps(panels, form) != heatmaps(panels[:3], form)


def test_panels_of_a_model_are_its_effective_weights():
    _, model = train_door()
    panels = {panel.title: panel for panel in panels_of_model(model)}
    weights = model.effective_weights
    first = next(panel for title, panel in panels.items() if title.startswith("layer 0, head 0"))
    assert np.array_equal(first.array, np.asarray(weights.W_V[0, 0]) @ np.asarray(weights.W_O[0, 0]))
    assert "train / train motion = stopped" in next(iter(panels.values())).rows
    assert len([title for title in panels if "W_in" in title]) == weights.W_in.shape[0]
