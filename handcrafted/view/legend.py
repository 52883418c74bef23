"""A legend below a picture: a sample line per look, with what it means."""

from __future__ import annotations

from collections.abc import Iterable

from handcrafted.view import dot
from handcrafted.view.arrows import Look
from handcrafted.view.markup import lines, words


def legend_of(entries: Iterable[tuple[Look, str]]) -> str:
    """Give the DOT text of a legend, in one row."""
    body = []
    for number, (look, meaning) in enumerate(entries):
        text = f'<FONT COLOR="{look.text}">{words(meaning)}</FONT>'
        body.append(dot.node(f"from {number}", shape="point", width=0.01, style="invis"))
        body.append(dot.node(f"to {number}", label=dot.html(lines([text], CELLPADDING=3))))
        sample = {"color": look.color, "style": look.style, "penwidth": f"{look.width:g}"}
        body.append(dot.edge(dot.end(f"from {number}"), dot.end(f"to {number}"), **sample, minlen=2))
        if number:
            body.append(dot.edge(dot.end(f"to {number - 1}"), dot.end(f"from {number}"), style="invis"))
    return dot.digraph(body, rankdir="LR", nodesep=0.1, ranksep=0.2, pad=0.1)
