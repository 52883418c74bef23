"""Pictures of what goes wrong: unsafe control actions, and campaigns of faults."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from markdown_it import MarkdownIt

from handcrafted.control.resolved import LinkId
from handcrafted.loading.zoom import Zoom
from handcrafted.safety.faults.campaign import Campaign
from handcrafted.safety.faults.fault import Fault
from handcrafted.safety.faults.outcome import HAZARD
from handcrafted.safety.stpa.actions import COMMANDS
from handcrafted.safety.stpa.analysis import Analysis
from handcrafted.safety.stpa.report import as_markdown
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import shown
from handcrafted.view.arrows import Drawn, Look, arrows_of, legend_of
from handcrafted.view.diagram import Diagram
from handcrafted.view.drawing import diagram_text
from handcrafted.view.joined import joined
from handcrafted.view.lawbox import declared
from handcrafted.view.output import drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

UNSAFE = Look("#c8002c", "dashed", 1.8, "#c8002c", "#c8002c")
MISLED = Look("#d97a00", "dotted", 2.6, "#a85a00", "#a85a00")
KEPT = Look("#007a5e", "solid", 1.4, "#005c46", "#005c46")
UNTESTED = Look("#5a4fa0", "dotted", 1.4, "#463c86", "#5a4fa0")
PLAIN = Look("#777777", "solid", 0.8, "#333333", "#777777")

MEANING = (
    (UNSAFE, "the network issues an unsafe control action"),
    (MISLED, "only when it believes something false"),
    (KEPT, "its rules are kept"),
    (UNTESTED, "a rule about it was not put to the test"),
    (PLAIN, "no rule, or no control action"),
)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; display: block; overflow-x: auto; }}
th, td {{ border: 1px solid #8886; padding: .25rem .5rem; text-align: left; vertical-align: top; }}
img {{ max-width: 100%; background: white; }}
</style></head><body>
{body}</body></html>
"""


def as_html(analysis: Analysis, scenarios: Sequence[str] = ()) -> str:
    """Return the report as a page of its own; names and texts of the file are escaped."""
    text = as_markdown(analysis, scenarios=scenarios)
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return PAGE.format(title=escape(f"STPA of {analysis.structure.name}"), body=body)


def unsafe_picture(analysis: Analysis, form: str = "png", dpi: float = 200) -> bytes:
    """Draw the control structure; each control action with the rules about it, in the look of what became of them."""
    zoom = Zoom(analysis.structure, ())
    diagram = Diagram(zoom, arrows_of(_drawn(analysis, zoom), zoom.components), declared(zoom))
    text = diagram_text(diagram, analysis.structure.name)
    parts = [text, legend_of([one for one in MEANING if analysis.untested or one[0] != UNTESTED])]
    return joined(parts, form, dpi, beside=1)


def _drawn(analysis: Analysis, zoom: Zoom) -> list[Drawn]:
    of = {(one.action.by, one.action.name): one for one in analysis.actions}
    drawn = {}
    for link in analysis.structure.resolved.links:
        id = zoom.seen(link.id)
        one = of.get((link.id.sender or "", link.id.name))
        if id is None:
            continue
        if one is None or not one.rules or link.id.kind not in COMMANDS:
            drawn[Drawn(id, "", PLAIN)] = None
            continue
        ids = dict.fromkeys(found.rule.id for found in one.arising)
        misled = dict.fromkeys(found.rule.id for found in one.false_beliefs)
        missing = dict.fromkeys(found.rule.id for found in analysis.untested if found.rule in one.rules)
        rest = (UNTESTED, missing) if missing else (KEPT, ())
        look, told = (UNSAFE, ids) if ids else (MISLED, misled) if misled else rest
        rules = told or dict.fromkeys(rule.id for rule in one.rules)
        more = f"; not tested: {', '.join(missing)}" if missing and look != UNTESTED else ""
        drawn[Drawn(id, f"({', '.join(rules)}{more})", look)] = None
    return list(drawn)


CELL_WIDTH, CELL_HEIGHT, LETTER = 0.62, 0.27, 0.068
"""Inches."""

NEVER, ALWAYS = "#ffffff", "#a8002a"
UNTRIED = "#e4e4e4"
DARK = 0.55
"""Shares from which figures in a cell are written in white."""

KINDS = ("heatmap", "criticality")


class Level(NamedTuple):
    """How critical something is: a look of arrows and a fill of boxes, from a share of hazards on."""

    above: float
    look: Look
    fill: str
    meaning: str


LEVELS = (
    Level(0.5, Look("#a8002a", "bold", 3.4, "#a8002a", "#a8002a"), "#f4b8b8", "over half lead to a hazard"),
    Level(0.1, Look("#c85a00", "dashed", 2.4, "#a04800", "#a04800"), "#fbd9ae", "over a tenth"),
    Level(0.0, Look("#8a6d00", "dotted", 2.0, "#6b5500", "#6b5500"), "#fbf3c0", "some"),
    Level(-1.0, Look("#00578a", "solid", 1.2, "#00446b", "#00446b"), "#dcebf5", "none"),
)
UNTOUCHED = Look("#9a9a9a", "solid", 0.7, "#777777", "#777777")


def campaign_picture(campaign: Campaign, form: str = "png", dpi: float = 150, kind: str = "heatmap") -> bytes:
    """Draw the share of hazards by component and fault, or `criticality`: the control diagram coloured by it."""
    if kind not in KINDS:
        raise HandcraftedError(f"Expected kind to be {' or '.join(KINDS)}, got {shown(kind)}. Choose one.")
    if kind == "criticality":
        return _criticality(campaign, form, dpi)
    return drawn(lambda: _heatmap(campaign), form, dpi)


def _heatmap(campaign: Campaign) -> Figure:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    rows = list(dict.fromkeys(f"{fault.place.component} ({fault.place.kind})" for fault in campaign.faults))
    ways = list(dict.fromkeys(map(_way, campaign.faults)))
    found, tried = np.zeros((2, len(rows), len(ways)))
    for fault, outcome in campaign:
        at = rows.index(f"{fault.place.component} ({fault.place.kind})"), ways.index(_way(fault))
        tried[at] += 1
        found[at] += outcome.kind == HAZARD
    order = np.lexsort((np.arange(len(rows)), -found.sum(axis=1) / tried.sum(axis=1)))
    found, tried, rows = found[order], tried[order], [rows[i] for i in order]
    left = max(map(len, rows), default=0) * LETTER
    figure = Figure(figsize=(left + max(3.2, CELL_WIDTH * len(ways)), CELL_HEIGHT * len(rows) + 1.3))
    axes = figure.add_subplot()
    with np.errstate(invalid="ignore"):
        shares = np.ma.masked_invalid(found / tried)
    colors = LinearSegmentedColormap.from_list("hazards", [NEVER, "#f2a96b", ALWAYS]).with_extremes(bad=UNTRIED)
    axes.imshow(shares, cmap=colors, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axes.set_yticks(range(len(rows)), rows, fontsize=7.5)
    axes.set_xticks(range(len(ways)), ways, fontsize=8, rotation=30, ha="left", rotation_mode="anchor")
    axes.xaxis.tick_top()
    _lines(axes, len(rows), len(ways))
    for (row, column), count in np.ndenumerate(tried):
        if count:
            share = found[row, column] / count
            text = f"{int(found[row, column])}/{int(count)}"
            axes.text(
                column, row, text, ha="center", va="center", fontsize=6.5, color="white" if share > DARK else "black"
            )
    axes.set_xlabel(
        f"{campaign.structure.name}: faults that lead to a hazard, of those tried (grey: none tried)", fontsize=8
    )
    return figure


def _way(fault: Fault) -> str:
    """Name the column of a fault: how it fails, of bits which part of the number."""
    if fault.mode != "flip":
        return fault.mode
    return "sign flips" if fault.amount == 31 else "exponent flips" if fault.amount >= 23 else "fraction flips"


def _lines(axes: Axes, rows: int, columns: int) -> None:
    axes.set_xticks(np.arange(columns - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(rows - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="#cccccc", linewidth=0.5)
    axes.tick_params(which="both", length=0)


def _criticality(campaign: Campaign, form: str, dpi: float) -> bytes:
    zoom = Zoom(campaign.structure, ())
    shares, counts = _of_links(campaign)
    arrows: dict[Drawn, None] = {}
    for link in campaign.structure.resolved.links:
        if (id := zoom.seen(link.id)) is None:
            continue
        found, of = counts.get(link.id, (0, 0))
        look = _level(shares[link.id]).look if of else UNTOUCHED
        arrows[Drawn(id, f"({found} of {of})" if of else "", look)] = None
    fills = {name: _level(share).fill for name, share in _of_components(campaign).items()}
    diagram = Diagram(zoom, arrows_of(arrows, zoom.components), declared(zoom), fills)
    text = diagram_text(diagram, campaign.structure.name)
    meaning = [(level.look, level.meaning) for level in LEVELS]
    parts = [text, legend_of([*meaning, (UNTOUCHED, "no fault tried")])]
    return joined(parts, form, dpi, beside=1)


def _level(share: float) -> Level:
    return next(level for level in LEVELS if share > level.above)


def _of_links(campaign: Campaign) -> tuple[dict[LinkId, float], dict[LinkId, tuple[int, int]]]:
    """Return each link's share of hazards among the faults that lie on it, and the counts."""
    counts: dict[LinkId, tuple[int, int]] = {}
    for fault, outcome in campaign:
        for link in fault.place.links:
            found, of = counts.get(link.id, (0, 0))
            counts[link.id] = found + (outcome.kind == HAZARD), of + 1
    return {id: found / of for id, (found, of) in counts.items()}, counts


def _of_components(campaign: Campaign) -> dict[str, float]:
    """Return each box's share of hazards among the faults inside it."""
    inside: dict[str, list[bool]] = {}
    for fault, outcome in campaign:
        owner = fault.place.owner
        inner = owner in campaign.structure.resolved.controllers and fault.place.kind not in ("sensor", "actuator")
        if inner or fault.place.kind == "process":
            inside.setdefault(owner, []).append(outcome.kind == HAZARD)
    return {name: float(np.mean(own)) for name, own in inside.items()}


def pictures(campaign: Campaign) -> Sequence[tuple[str, bytes]]:
    """Return both pictures with their names."""
    return [(kind, campaign_picture(campaign, kind=kind)) for kind in KINDS]
