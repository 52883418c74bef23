"""A control diagram as a DOT text: with every place given, or, where that fails, left to Graphviz."""

from __future__ import annotations

from handcrafted.loading.zoom import Zoom
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.view.arrows import Drawn, arrows_of
from handcrafted.view.boxes import bold, small
from handcrafted.view.diagram import Diagram
from handcrafted.view.graphviz_layout import GraphvizLayout
from handcrafted.view.lawbox import declared
from handcrafted.view.layout.placed import placed


def control_diagram(zoom: Zoom) -> str:
    """Return the DOT text of a control structure as it was intended and as it is seen."""
    return diagram_text(structure_diagram(zoom), zoom.structure.name)


def structure_diagram(zoom: Zoom) -> Diagram:
    """Return the diagram of a control structure as it was intended and as it is seen."""
    seen = {
        Drawn(id, "(1 step later)" if link.lag and link.counted else ""): None
        for link in zoom.structure.resolved.links
        if (id := zoom.seen(link.id))
    }
    return Diagram(zoom, arrows_of(seen, zoom.components), declared(zoom))


def diagram_text(diagram: Diagram, title: str, prominent: bool = False) -> str:
    """Return the DOT text under a title, small unless it is `prominent`."""
    heading = bold(title) if prominent else small(title)
    try:
        return placed(diagram, heading)
    except HandcraftedError:
        raise
    except ImportError:
        reason = "the package graphlay is missing"
    except ValueError as error:
        reason = f"graphlay says: {error}"
    return GraphvizLayout(diagram).text(f"{heading}<BR/>{small(f'laid out by Graphviz: {reason}')}")
