"""The control diagram with unsafe control actions marked, and the report as a page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from markdown_it import MarkdownIt

from handcrafted.loading.zoom import Zoom
from handcrafted.safety.stpa.actions import COMMANDS
from handcrafted.safety.stpa.analysis import Analysis
from handcrafted.safety.stpa.report import as_markdown
from handcrafted.view import dot
from handcrafted.view.arrows import Drawn, Look, arrows_of
from handcrafted.view.compose import join_png, join_svg
from handcrafted.view.diagram import Diagram
from handcrafted.view.engine import render
from handcrafted.view.lawbox import declared
from handcrafted.view.legend import legend_of

UNSAFE = Look("#c8002c", "dashed", 1.8, "#c8002c", "#c8002c")
MISLED = Look("#d97a00", "dotted", 2.6, "#a85a00", "#a85a00")
KEPT = Look("#007a5e", "solid", 1.4, "#005c46", "#005c46")
PLAIN = Look("#777777", "solid", 0.8, "#333333", "#777777")

MEANING = (
    (UNSAFE, "the network issues an unsafe control action"),
    (MISLED, "only when it believes something false"),
    (KEPT, "its rules are kept"),
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
    """Give the report as a page of its own; names and texts of the file are escaped."""
    text = as_markdown(analysis, scenarios=scenarios)
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return PAGE.format(title=escape(f"STPA of {analysis.structure.name}"), body=body)


def unsafe_picture(analysis: Analysis, form: str = "png", dpi: float = 200) -> bytes:
    """Draw the control structure; each control action with the rules about it, in the look of what became of them."""
    zoom = Zoom(analysis.structure, ())
    text = Diagram(zoom, arrows_of(_drawn(analysis, zoom), zoom.components), declared(zoom)).text(
        analysis.structure.name
    )
    parts = [text, legend_of(MEANING)]
    if form == "svg":
        return join_svg([render(part, "svg") for part in parts], beside=1)
    return join_png([render(dot.at_resolution(part, dpi), "png") for part in parts], dpi, beside=1)


def _drawn(analysis: Analysis, zoom: Zoom) -> list[Drawn]:
    of = {(one.action.by, one.action.name): one for one in analysis.actions}
    drawn = {}
    for link in analysis.structure.resolved.links:
        id = zoom.seen(link.id)
        one = of.get((link.id.sender or "", link.id.name))
        if id is None:
            continue
        if one is None or not one.verdicts.rules or link.id.kind not in COMMANDS:
            drawn[Drawn(id, "", PLAIN)] = None
            continue
        ids = dict.fromkeys(found.rule.id for found in one.arising)
        misled = dict.fromkeys(found.rule.id for found in one.false_beliefs)
        look, told = (UNSAFE, ids) if ids else (MISLED, misled) if misled else (KEPT, ())
        rules = told or dict.fromkeys(rule.id for rule in one.verdicts.rules)
        drawn[Drawn(id, f"({', '.join(rules)})", look)] = None
    return list(drawn)
