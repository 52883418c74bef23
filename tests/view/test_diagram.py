"""What the DOT text says and where Graphviz puts it."""

import re

import pytest

from handcrafted.control.vocabulary import LinkKind
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.zoom import Zoom
from handcrafted.view.boxes import words
from handcrafted.view.drawing import control_diagram
from handcrafted.view.engine import render
from tests.view.structures import component, lane_keeping, link, nested, peers


def positions(structure):
    """Return x and y of every node as Graphviz places it, y upwards."""
    plain = render(control_diagram(Zoom(structure)), "plain").decode()
    found = re.findall(r'^node ("[^"]*"|\S+) (\S+) (\S+)', plain, re.M)
    return {name.strip('"'): (float(x), float(y)) for name, x, y in found}


def edge_with(dot, label):
    return next(line for line in dot.splitlines() if "->" in line and f">{label}</FONT>" in line)


def test_superiors_stand_above_subordinates():
    at = positions(lane_keeping())
    order = ["driver", "supervisor", "steering", "motor", "vehicle"]
    heights = [at[name][1] for name in order]
    assert heights == sorted(heights, reverse=True) and len(set(heights)) == len(heights)
    assert at["motor"][1] == at["camera"][1] and at["motor"][0] < at["camera"][0]


@pytest.mark.parametrize("name, ends", [("steering angle", "sn"), ("mode", "sn"), ("power request", "sn")])
def test_arrows_leave_the_upper_box_below_and_enter_the_lower_box_above(name, ends):
    edge = edge_with(control_diagram(Zoom(lane_keeping())), name)
    upper, lower = edge.split(" [")[0].split(" -> ")
    assert upper[-1] + lower[-1] == ends


def test_actions_point_down_and_feedback_and_requests_up():
    dot = control_diagram(Zoom(lane_keeping()))
    assert 'dir="back"' not in edge_with(dot, "steering angle")
    assert 'dir="back"' in edge_with(dot, "mode") and '"driver"' in edge_with(dot, "mode").split("->")[0]
    request = edge_with(dot, "power request")
    assert 'dir="back"' in request and 'arrowtail="empty"' in request and 'style="dashed"' in request


def test_every_kind_has_its_faces():
    from handcrafted.view.arrows import Arrow

    faces = {kind: Arrow(kind, "a", "b", ()).faces for kind in LinkKind}
    assert faces[LinkKind.CONTROL_ACTION] == ("s", "n")
    assert faces[LinkKind.FEEDBACK] == faces[LinkKind.REQUEST] == ("n", "s")
    assert faces[LinkKind.OTHER_INPUT] == faces[LinkKind.OTHER_OUTPUT] == ("e", "w")


def test_other_inputs_stand_left_and_other_outputs_right():
    at = positions(lane_keeping())
    dot = control_diagram(Zoom(lane_keeping()))
    nodes = re.findall(r'"( end \d+)" \[label=.*>([a-z ]+)</FONT>', dot)
    texts = {name: node for node, name in nodes}
    assert at[texts["scene"]][0] < at["driver"][0] and at[texts["scene"]][1] == at["driver"][1]
    assert at[texts["warning light"]][0] > at["supervisor"][0]


def test_one_arrow_carries_several_names_one_per_line():
    dot = control_diagram(Zoom(lane_keeping()))
    edge = edge_with(dot, "position")
    assert edge == edge_with(dot, "heading")
    assert re.search(r"<TR>.*>position<.*</TR><TR>.*>heading<.*</TR>", edge)


def test_recurrent_links_are_marked():
    assert "(next step)" in edge_with(control_diagram(Zoom(lane_keeping())), "steering state")
    assert "(next step)" not in edge_with(control_diagram(Zoom(lane_keeping())), "enable steering")


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


def test_boxes_nest():
    lines = control_diagram(Zoom(nested())).splitlines()
    depth, seen = 0, {}
    for line in lines:
        if match := re.match(r'\s*subgraph "cluster_(.*)" {', line):
            depth += 1
            seen[match[1]] = depth
        elif line.strip() == "}" and depth:
            depth -= 1
        elif match := re.match(r'\s*"(captain|regulator)" \[', line):
            seen[match[1]] = depth
    assert seen == {"airline": 1, "crew": 2, "captain": 2, "regulator": 0}


def test_arrows_end_at_the_border_of_a_box_that_holds_others():
    dot = control_diagram(Zoom(nested()))
    assert 'lhead="cluster_airline"' in edge_with(dot, "certificate")
    assert 'ltail="cluster_airline"' in edge_with(dot, "maintenance")
    at = positions(nested())
    assert at["regulator"][1] > at["airline"][1] > at["crew"][1] > at["captain"][1] > at["aircraft"][1]


def test_peers_stand_on_one_level_and_keep_the_faces():
    at = positions(peers())
    assert at["left"][1] == at["right"][1]
    dot = control_diagram(Zoom(peers()))
    ends = re.findall(r'"(left|right)":p\d+([th]):([ns])', dot)
    assert set(ends) == {("left", "t", "s"), ("right", "h", "n"), ("right", "t", "n"), ("left", "h", "s")}


def test_dot_is_the_same_every_time():
    assert control_diagram(Zoom(lane_keeping())) == control_diagram(Zoom(lane_keeping()))
