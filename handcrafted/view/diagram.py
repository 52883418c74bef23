"""A control diagram before anything has its place: boxes, what stands in them, and the arrows between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from handcrafted.loading.zoom import Zoom
from handcrafted.view.arrows import Arrow
from handcrafted.view.boxes import FILL, PLAIN, Anchors, content
from handcrafted.view.faces import Nesting
from handcrafted.view.lawbox import Laws


class Diagram:
    """Boxes and the arrows between them.

    Attributes:
        zoom: what is seen.
        arrows: between the boxes.
        laws: the cell of laws of each controller that shows any.
        fills: colours of boxes that are not those of their kind.
        anchors: whether its parts can be pointed at.
        nesting: which boxes stand in which.
    """

    def __init__(
        self,
        zoom: Zoom,
        arrows: Sequence[Arrow],
        laws: Laws,
        fills: Mapping[str, str] | None = None,
        anchors: Anchors = PLAIN,
    ):
        self.zoom, self.arrows, self.laws, self.fills, self.anchors = zoom, arrows, laws, fills or {}, anchors
        self.nesting = Nesting(zoom.components)

    def inside(self, name: str) -> str:
        """Return the markup of what stands in a box."""
        law = self.laws.get(name)
        return content(self.zoom, name, law.lines if law else None, self.anchors)

    def full_law(self, name: str) -> Sequence[str]:
        """Return the plain lines of a box's laws where not all of them stand in it."""
        law = self.laws.get(name)
        return law.full if law else ()

    def fill(self, name: str) -> str:
        """Return the colour of a box."""
        return self.fills.get(name) or FILL.get(self.zoom.components[name].kind, "white")
