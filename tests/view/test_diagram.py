"""What a control diagram says, and where everything in it stands."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

import handcrafted as hc
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.zoom import Zoom
from handcrafted.view.boxes import words
from handcrafted.view.drawing import control_diagram
from handcrafted.view.engine import render
from tests.view.geometry import faults, read
from tests.view.statements import arrow_with, label_with
from tests.view.structures import component, lane_keeping, link, nested, peers

TIP = 2
"""Points between the corner of an arrowhead and what it touches: half its pen, where the corner is sharp."""

TOPOLOGIES = Path(__file__).parents[1] / "data" / "topologies"


def seen(structure):
    return read(render(control_diagram(Zoom(structure)), "svg"))


def line_of(structure, name):
    """Return the corners of the arrow with a label."""
    picture = seen(structure)
    label = next(
        label
        for label, texts in picture.letters.items()
        if label.startswith(" label") and name in [one.text for one in texts]
    )
    return picture.arrows[int(label.split()[-1])]


def test_superiors_stand_above_subordinates():
    at = seen(lane_keeping()).boxes
    order = ["driver", "supervisor", "steering", "motor", "vehicle"]
    assert all(at[upper].bottom < at[lower].top for upper, lower in pairwise(order))
    middle = lambda box: (box.top + box.bottom) / 2
    assert middle(at["motor"]) == pytest.approx(middle(at["camera"]), abs=1)


@pytest.mark.parametrize(
    "name, down", [("steering angle", True), ("mode", False), ("power request", False), ("torque", True)]
)
def test_actions_go_down_and_feedback_and_requests_up(name, down):
    """An arrow leaves the one box at its bottom and enters the other at its top, or the other way round."""
    sender, receiver, line = line_of(lane_keeping(), name)
    boxes = seen(lane_keeping()).boxes
    start, end = (boxes[sender].bottom, boxes[receiver].top) if down else (boxes[sender].top, boxes[receiver].bottom)
    assert line[0][1] == pytest.approx(start, abs=TIP) and line[-1][1] == pytest.approx(end, abs=TIP)
    assert (line[0][1] < line[-1][1]) == down


def test_heads_tell_kinds_apart():
    dot = control_diagram(Zoom(lane_keeping()))
    assert 'arrowhead="normal"' in arrow_with(dot, "steering angle")
    assert 'arrowhead="vee"' in arrow_with(dot, "mode")
    request = arrow_with(dot, "power request")
    assert 'arrowhead="empty"' in request and 'style="dashed"' in request
    assert {"control action", "feedback", "request"} <= set(re.findall(r"<I>([a-z ]+)</I>", dot))


def test_a_legend_names_only_what_occurs():
    assert ">request<" not in control_diagram(Zoom(nested()))


def test_other_inputs_stand_left_and_other_outputs_right():
    boxes = seen(lane_keeping()).boxes
    _, _, scene = line_of(lane_keeping(), "scene")
    _, _, light = line_of(lane_keeping(), "warning light")
    assert scene[0][0] < scene[-1][0] == pytest.approx(boxes["driver"].left, abs=TIP)
    assert light[-1][0] > light[0][0] == pytest.approx(boxes["supervisor"].right, abs=TIP)


def test_inputs_of_inner_boxes_stand_outside_the_outer_box():
    structure = hc.load(TOPOLOGIES / "nested.yaml")
    boxes = seen(structure).boxes
    _, _, line = line_of(structure, "map")
    assert line[0][0] < boxes["car"].left < boxes["planner"].left


def test_one_arrow_carries_several_names_one_per_line():
    dot = control_diagram(Zoom(lane_keeping()))
    label = label_with(dot, "position")
    assert label == label_with(dot, "heading")
    assert re.search(r"<TR>.*>position<.*</TR><TR>.*>heading<.*</TR>", label)


def test_recurrent_links_are_marked():
    assert "(1 step later)" in label_with(control_diagram(Zoom(lane_keeping())), "steering state")
    assert "later" not in label_with(control_diagram(Zoom(lane_keeping())), "enable steering")


def test_boxes_nest():
    boxes = seen(nested()).boxes
    inside = lambda a, b: b.left < a.left and b.top < a.top and a.right < b.right and a.bottom < b.bottom
    assert inside(boxes["captain"], boxes["crew"]) and inside(boxes["crew"], boxes["airline"])
    assert not inside(boxes["regulator"], boxes["airline"]) and not inside(boxes["aircraft"], boxes["airline"])


def test_arrows_end_at_the_border_of_a_box_that_holds_others():
    box = seen(nested()).boxes["airline"]
    _, _, down = line_of(nested(), "certificate")
    _, _, out = line_of(nested(), "maintenance")
    assert down[-1][1] == pytest.approx(box.top, abs=TIP) and out[0][1] == pytest.approx(box.bottom, abs=TIP)


def test_arrows_between_peers_are_short_and_straight():
    picture = seen(peers())
    left, right = sorted(picture.boxes.values())
    between = [line for tail, head, line in picture.arrows if {tail, head} == set(picture.boxes)]
    assert len(between) == 2
    for line in between:
        assert max(y for _, y in line) - min(y for _, y in line) < 0.1
        ends = sorted([line[0][0], line[-1][0]])
        assert ends == [pytest.approx(left.right, abs=TIP), pytest.approx(right.left, abs=TIP)]


def test_boxes_show_model_and_algorithm():
    dot = control_diagram(Zoom(lane_keeping()))
    assert "<B>mode request</B>: off, on" in dot
    assert "gates power request" in dot
    assert "actuator" in dot and "sensor" in dot and "layer 0" not in dot


def test_layer_0_is_marked():
    parts = {"guardian": component("controller", 0, layer_0=True), "p": component("process", 1)}
    fields = {"name": "s", "components": parts, "control actions": [link("stop", "guardian", "p")]}
    fields["feedback"] = [link("x", "p", "guardian")]
    assert "<I>layer 0</I>" in control_diagram(Zoom(ControlStructure.model_validate(fields)))


def test_user_text_is_escaped():
    dot = control_diagram(Zoom(lane_keeping()))
    assert "m &amp; &lt;b&gt;" in dot and "m & <b>" not in dot
    assert words("a\x00&<i>\"'") == "a &amp;&lt;i&gt;&quot;&#x27;"


@pytest.mark.parametrize("unit", ["&", "<b>", "]]>", '"', "\\N", "\\n", "&amp;", "\u200d°", "<TABLE>", "µ"])
def test_any_unit_can_be_drawn(unit):
    structure = ControlStructure.model_validate(
        {
            "name": "a & b",
            "components": {
                "c & d": component("controller", 0, process_model={"x": {"range": [0, 1], "unit": unit}}),
                "p": component("process", 1),
            },
            "feedback": [link("x & y", "p", "c & d")],
        }
    )
    assert render(control_diagram(Zoom(structure)), "svg")


def test_dot_is_the_same_every_time():
    assert control_diagram(Zoom(lane_keeping())) == control_diagram(Zoom(lane_keeping()))


def test_a_law_that_does_not_fit_is_cut_at_a_clause_and_stands_whole_below_and_in_the_tooltip():
    rows = [{"x": {"above": k, "below": k + 0.5}} for k in range(30)]
    model = {"x": {"range": [0, 100], "resolution": 0.5}}
    parts = {
        "chooser": component(
            "controller",
            0,
            process_model=model,
            control_algorithm={"act": {"law": "decision table", "when": rows}},
        ),
        "p": component("process", 1),
    }
    fields = {
        "name": "s",
        "components": parts,
        "control actions": [{**link("act", "chooser", "p"), "values": ["no", "yes"]}],
    }
    fields["feedback"] = [{**link("x", "p", "chooser"), "range": [0, 100], "resolution": 0.5}]
    structure = ControlStructure.model_validate(fields)
    svg = render(control_diagram(Zoom(structure)), "svg").decode()
    picture = read(svg.encode())
    inside = [one.text.replace("\u00a0", " ").strip() for one in picture.letters["chooser"]]
    below = [one.text.replace("\u00a0", " ").strip() for one in picture.letters[" laws"]]
    assert inside[-1] == "…" and "or 29 < x < 29.5" not in inside and "or 15 < x < 15.5" in inside
    assert below[0] == "chooser: the whole law" and below[-1] == "or 29 < x < 29.5"
    (tip,) = re.findall(r'xlink:title="(chooser[^"]*)"', svg)
    assert "or 29 &lt; x &lt; 29.5" in tip
    assert faults(svg.encode()) == {}


def test_a_law_that_fits_stands_nowhere_else():
    svg = render(control_diagram(Zoom(lane_keeping())), "svg").decode()
    assert "the whole law" not in svg and "xlink:title" not in svg
