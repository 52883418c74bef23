"""What a DOT text says apart from where."""

import re

from handcrafted.loading.zoom import Zoom
from handcrafted.view.dot import without_places
from handcrafted.view.drawing import control_diagram
from tests.view.structures import lane_keeping, nested


def test_without_places_only_places_are_gone():
    text = control_diagram(Zoom(lane_keeping()))
    bare = without_places(text)
    assert len(re.findall(r'\bpos="', text)) > 40 and not re.findall(r"\bpos=|\blayout=|\bHEIGHT=", bare)
    inside = r">([^<>]+)</(?:FONT|B|I)>"
    assert re.findall(inside, bare) == re.findall(inside, text)
    assert bare.count("->") == text.count("->") and bare.count('id="arrow') == text.count('id="arrow')
    assert without_places(control_diagram(Zoom(nested()))) != bare


def test_what_is_left_does_not_depend_on_the_layout(monkeypatch):
    from handcrafted.view.layout import graph

    before = control_diagram(Zoom(lane_keeping()))
    monkeypatch.setattr(graph, "PORT", 31)
    after = control_diagram(Zoom(lane_keeping()))
    assert after != before and without_places(after) == without_places(before)
