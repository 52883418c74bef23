"""What can be pointed at in a control diagram: the name of each part, and the anchor that an SVG carries for it."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from handcrafted.control.resolved import LinkId
from handcrafted.text.letters import written


def box_part(name: str) -> str:
    """Name a box."""
    return written(name)


def link_part(id: LinkId) -> str:
    """Name a link: its kind and ends."""
    return f"{id.kind} {id}"


def variable_part(controller: str, variable: str) -> str:
    """Name a process-model variable."""
    return f"{written(controller)}: process model: {written(variable)}"


def algorithm_part(controller: str) -> str:
    """Name the control algorithm of a controller."""
    return f"{written(controller)}: control algorithm"


class Anchors(NamedTuple):
    """Whether the parts of a diagram carry anchors, `#` and the part's name percent-encoded, which an SVG makes links.

    Attributes:
        on: a picture has none; what reacts to clicks has.
    """

    on: bool = False

    def of(self, part: str) -> dict[str, str]:
        """Give the attributes of a DOT statement or of a cell."""
        return {"href": f"#{quote(part, safe='')}"} if self.on and part else {}


PLAIN = Anchors()
"""A diagram whose parts cannot be pointed at."""
