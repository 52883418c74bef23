"""The picture of a closed loop, looked at through matplotlib's own objects."""

from typing import Any

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.view.response import MAX_RUNS, response
from tests.loops import heated_room, train_door


def trace(**how):
    return hc.simulate(heated_room()[1], **{"steps": 60, **how})


def panels(shown) -> list[Any]:
    return response(shown).axes


def test_the_picture_shows_what_was_recorded():
    shown = trace(seed=3)
    upper, lower = panels(shown)
    true, believed = upper.lines
    np.testing.assert_array_equal(true.get_ydata(), shown.state["temperature"])
    np.testing.assert_array_equal(believed.get_ydata(), shown.believed["room temperature"])
    np.testing.assert_array_equal(lower.lines[0].get_ydata()[:-1], shown.command["heat"])
    assert lower.lines[0].get_xdata()[-1] == 600 and lower.get_xlabel() == "time [s]"
    assert upper.get_title(loc="left") == "room: temperature [degC]" and not upper.patches
    assert [text.get_text() for text in upper.get_legend().get_texts()] == [
        "true", "believed by thermostat: room temperature"]  # fmt: skip


def test_what_left_its_range_is_shaded_and_said():
    hot = lambda state, actions: {"temperature": state["temperature"] + 1}
    upper, lower = panels(trace(process=hot, initial={"temperature": 20}))
    assert [text.get_text() for text in upper.texts] == ["leaves 0 … 40 degC from step 21 on, reaching 79"]
    (shade,) = upper.patches
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == (210, 600)
    assert not lower.patches and not lower.texts
    inside = panels(trace(process=hot, steps=20, initial={"temperature": 20}))[0]
    assert not inside.patches and not inside.texts


def test_words_stand_at_the_axis_and_runs_are_counted():
    motions = ["moving", "stopped", "stopped"]
    axes = panels(hc.simulate(train_door()[1], steps=3, inputs={"train motion": motions}))
    first = next(one for one in axes if one.get_title(loc="left") == "train: train motion")
    words = [label.get_text() for label in first.get_yticklabels()]
    assert [words[int(value)] for value in first.lines[0].get_ydata()[:-1]] == motions
    many = response(trace(initial={"temperature": np.linspace(10, 30, 40)}))
    assert len(many.axes[1].lines) == MAX_RUNS and "12 of 40 runs shown" in many.get_suptitle()


def test_pictures_are_written_whole_or_not_at_all(tmp_path):
    shown = trace()
    one, two = (hc.draw(shown, tmp_path / name).read_bytes() for name in ("one.png", "two.png"))
    assert one == two and one.startswith(b"\x89PNG")
    assert hc.draw(shown, tmp_path / "a.svg").read_text().startswith("<?xml")
    with pytest.raises(HandcraftedError, match="suffix"):
        hc.draw(shown, tmp_path / "a.dot")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.svg", "one.png", "two.png"]
