"""How agreement between intended and recovered links looks: a colour and a line style for each status.

The colours are told apart by people who see red and green alike (after Okabe and Ito), the styles without colour.
"""

from __future__ import annotations

from collections.abc import Mapping

from handcrafted.control.graph import Signal
from handcrafted.control.resolved import LinkId
from handcrafted.control.signal_graph import written_port
from handcrafted.loading.zoom import Zoom
from handcrafted.verdict.comparison import Comparison, LinkVerdict, Status
from handcrafted.verdict.loops import BALANCING, REINFORCING, UNDETERMINED
from handcrafted.view import dot
from handcrafted.view.arrows import Arrow, Drawn, Look, arrows_of, legend_of
from handcrafted.view.boxes import CLEAR, bold, indented, lines, small, words, wrapped
from handcrafted.view.diagram import Diagram
from handcrafted.view.drawing import diagram_text
from handcrafted.view.joined import joined
from handcrafted.view.lawbox import beside

OUTSIDE = "outside the network"

UNUSED = "wired, but unused"
"""A link that is wired, although nothing that can be tried has an effect there."""

UNDERMINED = "found, but what it goes by is not"
"""A decision that follows its law, while something that it reads does not arrive as intended."""

LOOKS: Mapping[str, Look] = {
    Status.FOUND: Look("#007a5e", "solid", 1.4, "#005c46", "#005c46"),
    Status.MISSING: Look("#c8002c", "dashed", 1.4, "#c8002c", "#c8002c"),
    Status.WRONG: Look("#d97a00", "dotted", 2.6, "#a85a00", "#a85a00"),
    Status.EXTRA: Look("#9c2f8f", "bold", 3.2, "#9c2f8f", "#9c2f8f"),
    UNDERMINED: Look("#7a6a00", "dashed", 2.2, "#6a5c00", "#6a5c00"),
    UNUSED: Look("#4a6a9c", "dotted", 1.2, "#4a6a9c", "#4a6a9c"),
    OUTSIDE: Look("#9a9a9a", "solid", 0.7, "#777777", "#777777"),
}
"""One look per status; links outside the network are not judged and stay in the background."""

MEANING: Mapping[str, str] = {
    Status.FOUND: "found",
    Status.MISSING: "missing",
    Status.WRONG: "wrong",
    Status.EXTRA: "extra",
    UNDERMINED: UNDERMINED,
    UNUSED: UNUSED,
    OUTSIDE: OUTSIDE,
}

HIDDEN = Look(CLEAR, "solid", 1.0, CLEAR, CLEAR)
"""Takes its place without being seen, so that both sides are laid out alike."""

DEFAULT_LAW = "default law"
"""The kind of finding that is listed last: where only boxes and arrows are given, there is one per decision."""

SIGN = {BALANCING: "<B>B</B>", REINFORCING: "<B>R</B>", UNDETERMINED: "<B>?</B>"}
INK = {BALANCING: "#00578a", REINFORCING: "#a03c00", UNDETERMINED: "#555555"}
"""How a loop's polarity is marked, as in causal loop diagrams."""

MAX_LOOPS = 6
"""Feedback loops listed below a picture."""

MAX_FINDINGS, LETTERS = 6, 110
MAX_REASON = 60
"""Letters of a reason that still stand beside an arrow; a longer one is listed below the picture only."""


def judged(comparison: Comparison, zoom: Zoom) -> list[tuple[LinkId, str, str]]:
    """Return every link that is seen, with status and reason: those of the structure in order, then the extra ones."""
    verdicts = comparison.at(zoom)
    own = {verdict.id: verdict for verdict in verdicts.links if verdict.status is not Status.EXTRA}
    about = [finding.about for finding in comparison.findings if finding.kind == "unused"]
    idle = {zoom.seen(link) for link in about if isinstance(link, LinkId)}
    seen = (zoom.seen(link.id) for link in comparison.structure.resolved.links)
    declared = dict.fromkeys(id for id in seen if id)
    looks = {id: _look(one, id in idle) for id, one in own.items()}
    rows = [(id, looks[id], own[id].reason) if id in own else (id, OUTSIDE, "") for id in declared]
    return rows + [(verdict.id, verdict.status, verdict.reason) for verdict in verdicts.extra]


def _look(verdict: LinkVerdict, idle: bool) -> str:
    """Return the look of a verdict: two of them are finer than its status."""
    if verdict.status is Status.MISSING and idle:
        return UNUSED
    return UNDERMINED if verdict.status is Status.FOUND and verdict.reason else verdict.status


def recovered_arrows(comparison: Comparison, zoom: Zoom) -> list[Arrow]:
    """Return the arrows of the right side: each link in the look of its status."""
    drawn = [Drawn(id, _remark(status, reason), LOOKS[status]) for id, status, reason in judged(comparison, zoom)]
    return arrows_of(drawn, zoom.components)


def intended_arrows(comparison: Comparison, zoom: Zoom) -> list[Arrow]:
    """Return the arrows of the left side: as intended, at the places of the right side, what is extra unseen."""
    arrows = []
    for arrow in recovered_arrows(comparison, zoom):
        extra = arrow.look == LOOKS[Status.EXTRA]
        look = HIDDEN if extra else Look(width=1.0, text_remark=CLEAR)
        arrows.append(Arrow(arrow.kind, arrow.sender, arrow.receiver, arrow.labels, look))
    return arrows


def _remark(status: str, reason: str) -> str:
    return f"({reason})" if status == Status.WRONG and 0 < len(reason) <= MAX_REASON else ""


def deviating(comparison: Comparison) -> set[Signal]:
    """Return the subspaces of all decisions whose links are not simply found."""
    plain = {link.id for link in comparison.links if link.status is Status.FOUND and not link.reason}
    entries = [entry for own in comparison.structure.resolved.controllers.values() for entry in own.entries]
    return {
        signal
        for entry in entries
        if any(link.id not in plain for link in entry.links)
        for signal in (*entry.written, *(written_port(link) for link in entry.links))
    }


def legend(comparison: Comparison, zoom: Zoom) -> str:
    """Return the DOT text of the legend: one sample line per status, with how many links have it."""
    statuses = [status for _, status, _ in judged(comparison, zoom)]
    rare = {UNUSED, UNDERMINED} - set(statuses)
    shown = {status: look for status, look in LOOKS.items() if status not in rare}
    return legend_of((look, f"{MEANING[status]} ({statuses.count(status)})") for status, look in shown.items())


def remarks(comparison: Comparison, zoom: Zoom) -> str | None:
    """Return the DOT text of what is listed below: disagreements with their reasons, then findings."""
    items = [
        f"{MEANING[status]}: {id.kind} {id}: {reason}" for id, status, reason in judged(comparison, zoom) if reason
    ]
    findings = sorted(comparison.findings, key=lambda finding: finding.kind == DEFAULT_LAW)
    items += [f"{finding.kind}: {finding.text}" for finding in findings]
    if not items:
        return None
    rows = [bold("remarks")]
    for item in items[:MAX_FINDINGS]:
        first, *rest = wrapped(item, LETTERS, most=3)
        rows += [words(f"• {first}"), *("&#160;&#160;" + words(line) for line in rest)]
    if len(items) > MAX_FINDINGS:
        rows.append(small(f"… and {len(items) - MAX_FINDINGS} more"))
    return dot.digraph([dot.node("remarks", label=dot.html(lines(rows, CELLPADDING=1)))], pad=0.1)


def loops(comparison: Comparison) -> str | None:
    """Return the DOT text of the recovered feedback loops, the shortest first, each with its polarity and gain."""
    if not comparison.loops:
        return None
    rows = [bold("feedback loops")]
    for loop in comparison.loops[:MAX_LOOPS]:
        first, *rest = wrapped(str(loop), LETTERS, most=2)
        sign = f'<FONT COLOR="{INK[loop.polarity]}">{SIGN[loop.polarity]}</FONT>'
        rows += [f"{sign} {words(first)}", *map(indented, rest)]
    if (more := len(comparison.loops) - MAX_LOOPS) > 0:
        rows.append(small(f"… and {more} longer ones"))
    return dot.digraph([dot.node("loops", label=dot.html(lines(rows, CELLPADDING=1)))], pad=0.1)


LEFT, RIGHT = "intended", "recovered from the weights"


def comparison_diagrams(comparison: Comparison, zoom: Zoom) -> tuple[str, str]:
    """Return the DOT texts of both sides, laid out alike: same boxes, same arrows, other looks."""
    laws = beside(zoom, comparison.recovered.equations, deviating(comparison)) if comparison.recovered else ({}, {})
    left = Diagram(zoom, intended_arrows(comparison, zoom), laws[0])
    right = Diagram(zoom, recovered_arrows(comparison, zoom), laws[1])
    return diagram_text(left, LEFT, prominent=True), diagram_text(right, RIGHT, prominent=True)


def comparison_picture(comparison: Comparison, zoom: Zoom, form: str, dpi: float) -> bytes:
    """Draw both sides with legend and remarks as `png`, `svg` or `pdf`."""
    below = [legend(comparison, zoom), *filter(None, [loops(comparison), remarks(comparison, zoom)])]
    parts = [*comparison_diagrams(comparison, zoom), *below]
    return joined(parts, form, dpi)
