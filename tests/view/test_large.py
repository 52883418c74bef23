"""Large diagrams: nothing lies on anything else, whatever is collapsed."""

import re
from itertools import combinations

import pytest

import handcrafted as hc
from handcrafted.loading.zoom import Zoom
from handcrafted.view.drawing import control_diagram
from handcrafted.view.engine import render
from handcrafted.zoo import find
from tests.view.structures import metro


def rectangles(dot):
    """Return left, bottom, right and top of every node, by name."""
    plain = render(dot, "plain").decode()
    found = re.findall(r'^node ("[^"]*"|\S+) (\S+) (\S+) (\S+) (\S+)', plain, re.M)
    sides = {name.strip('"'): map(float, numbers) for name, *numbers in found}
    return {name: (x - w / 2, y - h / 2, x + w / 2, y + h / 2) for name, (x, y, w, h) in sides.items()}


def overlapping(boxes):
    apart = lambda a, b: a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    return [(one, two) for one, two in combinations(boxes, 2) if not apart(boxes[one], boxes[two])]


@pytest.mark.parametrize("collapsed", [(), ("field",), ("onboard unit", "field"), ("offices", "onboard unit")])
def test_nothing_overlaps_and_nothing_is_lost(collapsed):
    zoom = Zoom(metro(), collapsed)
    dot = control_diagram(zoom)
    boxes = rectangles(dot)
    assert overlapping(boxes) == [] and set(zoom.components) <= set(boxes)
    seen = {id for link in zoom.structure.resolved.links if (id := zoom.seen(link.id))}
    assert len(zoom.structure.components) >= 24 and len(list(zoom.structure.links())) >= 50
    drawn = " ".join(re.findall(r">([^<>]+)<", dot))
    assert all(id.name.split()[-1] in drawn.split() for id in seen)


def test_overlap_would_be_noticed():
    assert overlapping({"a": (0, 0, 2, 2), "b": (1, 1, 3, 3), "c": (3, 0, 4, 1)}) == [("a", "b")]


def test_superiors_stand_above_whatever_is_collapsed():
    zoom = Zoom(metro(), ["offices", "field"])
    boxes = rectangles(control_diagram(zoom))
    assert boxes["regulator"][1] > boxes["offices"][3] > boxes["offices"][1] > boxes["train driver"][3]
    assert boxes["train driver"][1] > boxes["field"][3]


def test_boxes_and_arrows_alone_stay_boxes_and_arrows():
    """What the file leaves to the defaults is not drawn as if somebody had decided it."""
    assert "process model" not in control_diagram(Zoom(metro()))


@pytest.mark.parametrize("name, word", [("fielt", "Did you mean `field`"), ("regulator", "got `regulator`")])
def test_only_groups_and_outer_boxes_collapse(name, word, tmp_path):
    with pytest.raises(hc.HandcraftedError, match=word):
        hc.draw(metro(), tmp_path / "a.png", collapse=[name])
    assert not list(tmp_path.iterdir())


def test_outer_box_hangs_below_its_superior():
    """The unit declares no arrow and the level of what it holds; its top must not rise past the crew."""
    boxes = rectangles(control_diagram(Zoom(hc.load(find("wheel brakes")))))
    assert boxes["crew"][1] > boxes["brake system control unit"][3]
