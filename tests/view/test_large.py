"""Large diagrams: nothing lies on anything else, whatever is collapsed."""

from itertools import pairwise

import pytest

import handcrafted as hc
from handcrafted.loading.zoom import Zoom
from handcrafted.view.drawing import control_diagram
from handcrafted.view.engine import render
from handcrafted.zoo import find
from tests.view.geometry import faults, read
from tests.view.structures import metro


def drawn(zoom):
    return render(control_diagram(zoom), "svg")


@pytest.mark.parametrize("collapsed", [(), ("field",), ("onboard unit", "field"), ("offices", "onboard unit")])
def test_nothing_overlaps_and_nothing_is_lost(collapsed):
    zoom = Zoom(metro(), collapsed)
    svg = drawn(zoom)
    assert faults(svg) == {} and set(read(svg).boxes) == set(zoom.components)
    seen = {id for link in zoom.structure.resolved.links if (id := zoom.seen(link.id))}
    assert len(zoom.structure.components) >= 24 and len(list(zoom.structure.links())) >= 50
    texts = " ".join(one.text for texts in read(svg).letters.values() for one in texts).split()
    assert all(id.name.split()[-1] in texts for id in seen)


def test_superiors_stand_above_whatever_is_collapsed():
    zoom = Zoom(metro(), ["offices", "field"])
    boxes = read(drawn(zoom)).boxes
    order = ["regulator", "offices", "train driver", "field"]
    assert all(boxes[upper].bottom < boxes[lower].top for upper, lower in pairwise(order))


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
    boxes = read(drawn(Zoom(hc.load(find("wheel brakes"))))).boxes
    assert boxes["crew"].bottom < boxes["brake system control unit"].top
