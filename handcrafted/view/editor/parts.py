"""The diagram of the panel: as intended, with what was recovered drawn over it, and every part an anchor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from handcrafted.control.graph import Signal
from handcrafted.control.resolved import ResolvedController, ResolvedLink, next_step
from handcrafted.control.signal_graph import network_input, network_output
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.tuning import ParameterRef, knobs
from handcrafted.loading.zoom import Zoom
from handcrafted.model.provenance import Provenance
from handcrafted.text.diagnostics import HandcraftedError, nearest
from handcrafted.text.letters import shown
from handcrafted.verdict.comparison import Comparison
from handcrafted.view.agreement import LOOKS, MEANING, deviating, judged, recovered_arrows
from handcrafted.view.boxes import Anchors, algorithm_part, box_part, link_part, variable_part
from handcrafted.view.diagram import Diagram
from handcrafted.view.dot import at_resolution
from handcrafted.view.drawing import diagram_text
from handcrafted.view.engine import render
from handcrafted.view.lawbox import beside

DPI = 80
"""Dots per inch of the picture beside the panel."""

OFF = "#fff1cc"
"""Fill of a box in which some circuit is off its formula."""


def overlay(comparison: Comparison, off: Iterable[Provenance], form: str = "svg") -> bytes:
    """Draw the recovered diagram over the intended one, as `svg` or `png`; boxes hold the recovered equations."""
    zoom = Zoom(comparison.structure, ())
    laws = beside(zoom, comparison.recovered.equations, deviating(comparison))[1] if comparison.recovered else {}
    fills = {entry.owner: OFF for entry in off}
    arrows = recovered_arrows(comparison, zoom)
    text = diagram_text(Diagram(zoom, arrows, laws, fills, Anchors(on=True)), comparison.structure.name)
    return render(at_resolution(text, DPI) if form == "png" else text, form)


def inline(svg: bytes) -> str:
    """Return an SVG as it stands within a page."""
    text = svg.decode()
    return text[text.index("<svg") :]


def legend(comparison: Comparison) -> list[dict]:
    """Return the looks of links that occur, with how many there are, as plain data."""
    found = [status for _, status, _ in judged(comparison, Zoom(comparison.structure, ()))]
    return [
        {"text": f"{MEANING[status]} ({found.count(status)})", "color": look.color, "style": look.style}
        for status, look in LOOKS.items()
        if status in found
    ]


@dataclass(frozen=True)
class EditorPart:
    """One part of a control diagram.

    Attributes:
        name: as its anchor says it.
        kind: `component`, a kind of link, `process-model variable` or `control algorithm`.
        signals: the subspaces that its circuits write.
        ends: the inputs and outputs of the network that are its.
        knobs: where the file states its parameters: controller, column and entry; an empty word stands for any.
    """

    name: str
    kind: str
    signals: tuple[Signal, ...] = ()
    ends: tuple[Signal, ...] = ()
    knobs: tuple[str, str, str] | None = None

    def owns(self, knob: ParameterRef) -> bool:
        """Whether a parameter is its."""
        place = knob.path[1:4]
        return self.knobs is not None and all(a in ("", b) for a, b in zip(self.knobs, place, strict=True))


def parts_of(structure: ControlStructure) -> dict[str, EditorPart]:
    """List the parts of a control structure by name."""
    return {part.name: part for part in _parts(structure)}


def find_part(structure: ControlStructure, name: str) -> EditorPart:
    """Return the part of that name.

    Raises:
        HandcraftedError: if there is none.
    """
    known = parts_of(structure)
    if name not in known:
        raise HandcraftedError(f"Expected the name of a part of the diagram, got {shown(name)}.{nearest(name, known)}")
    return known[name]


def parameters_of(structure: ControlStructure, part: EditorPart) -> dict[str, ParameterRef]:
    """Return the parameters of a part by name."""
    return {name: knob for name, knob in knobs(structure).items() if part.owns(knob)}


def _parts(structure: ControlStructure) -> Iterator[EditorPart]:
    controllers = structure.resolved.controllers
    for name in structure.components:
        own = controllers.get(name)
        links = [link for link in structure.resolved.links if own and name in (link.id.sender, link.id.receiver)]
        parts = (*own.variables, *own.entries) if own else ()
        signals = [signal for part in parts for signal in part.written]
        mine = tuple(dict.fromkeys(signal for signal in (*signals, *_of_links(links)) if signal.owner == name))
        yield EditorPart(box_part(name), "component", mine, (), (name, "", "") if own else None)
    for link in structure.resolved.links:
        if link.counted:
            decided = (link.id.sender or "", "control algorithm", link.id.name) if link.sent_by_controller else None
            signals = _of_links([link])
            yield EditorPart(link_part(link.id), str(link.id.kind), tuple(signals), tuple(_ends(link)), decided)
    for name, own in controllers.items():
        yield from _inside(name, own)


def _inside(name: str, own: ResolvedController) -> Iterator[EditorPart]:
    for variable in own.variables:
        place = (name, "process model", variable.name)
        yield EditorPart(variable_part(name, variable.name), "process-model variable", variable.written, (), place)
    signals = tuple(dict.fromkeys(signal for entry in own.entries for signal in entry.written))
    yield EditorPart(algorithm_part(name), "control algorithm", signals, (), (name, "control algorithm", ""))


def _of_links(links: Iterable[ResolvedLink]) -> list[Signal]:
    """Return the subspaces of links: the port, and what the receiver makes of it; of late ones also what is carried."""
    found = [signal for link in links for signal in (link.port, link.received) if signal]
    return found + [next_step(link.port) for link in links if link.port and link.sent_by_controller and link.lag]


def _ends(link: ResolvedLink) -> Iterator[Signal]:
    if link.port and not link.sent_by_controller:
        yield network_input(link.port)
    if link.port and not link.received_by_controller:
        yield network_output(link.port)
