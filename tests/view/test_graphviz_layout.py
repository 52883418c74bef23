"""The fall-back layout: what the DOT text says and where Graphviz puts it."""

import re

import pytest

from handcrafted.control.vocabulary import LinkKind
from handcrafted.loading.zoom import Zoom
from handcrafted.view.drawing import structure_diagram
from handcrafted.view.engine import render
from handcrafted.view.graphviz_layout import GraphvizLayout
from tests.view.structures import lane_keeping, nested, peers


def text_of(structure):
    return GraphvizLayout(structure_diagram(Zoom(structure))).text("title")


def positions(structure):
    """Return x and y of every node as Graphviz places it, y upwards."""
    plain = render(text_of(structure), "plain").decode()
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
    edge = edge_with(text_of(lane_keeping()), name)
    upper, lower = edge.split(" [")[0].split(" -> ")
    assert upper[-1] + lower[-1] == ends


def test_actions_point_down_and_feedback_and_requests_up():
    dot = text_of(lane_keeping())
    assert 'dir="back"' not in edge_with(dot, "steering angle")
    assert 'dir="back"' in edge_with(dot, "mode") and '"driver"' in edge_with(dot, "mode").split("->")[0]
    request = edge_with(dot, "power request")
    assert 'dir="back"' in request and 'arrowtail="empty"' in request and 'style="dashed"' in request


def test_other_inputs_stand_left_and_other_outputs_right():
    at = positions(lane_keeping())
    dot = text_of(lane_keeping())
    nodes = re.findall(r'"( end \d+)" \[label=.*>([a-z ]+)</FONT>', dot)
    texts = {name: node for node, name in nodes}
    assert at[texts["scene"]][0] < at["driver"][0] and at[texts["scene"]][1] == at["driver"][1]
    assert at[texts["warning light"]][0] > at["supervisor"][0]


def test_boxes_nest():
    lines = text_of(nested()).splitlines()
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
    dot = text_of(nested())
    assert 'lhead="cluster_airline"' in edge_with(dot, "certificate")
    assert 'ltail="cluster_airline"' in edge_with(dot, "maintenance")
    at = positions(nested())
    assert at["regulator"][1] > at["airline"][1] > at["crew"][1] > at["captain"][1] > at["aircraft"][1]


def test_peers_stand_on_one_level_and_keep_the_faces():
    at = positions(peers())
    assert at["left"][1] == at["right"][1]
    dot = text_of(peers())
    ends = re.findall(r'"(left|right)":p\d+([th]):([ns])', dot)
    assert set(ends) == {("left", "t", "s"), ("right", "h", "n"), ("right", "t", "n"), ("left", "h", "s")}


def test_every_kind_has_its_faces():
    from handcrafted.view.arrows import Arrow

    faces = {kind: Arrow(kind, "a", "b", ()).faces for kind in LinkKind}
    assert faces[LinkKind.CONTROL_ACTION] == ("s", "n")
    assert faces[LinkKind.FEEDBACK] == faces[LinkKind.REQUEST] == ("n", "s")
    assert faces[LinkKind.OTHER_INPUT] == faces[LinkKind.OTHER_OUTPUT] == ("e", "w")
