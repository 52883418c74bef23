"""A proof as a picture: where the loop can ever be, runs inside it, and what never happens; and as a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from html import escape
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from markdown_it import MarkdownIt

from handcrafted.control.graph import Signal
from handcrafted.proofs.proof import Proof
from handcrafted.proofs.report import as_markdown
from handcrafted.view.hazards import PAGE
from handcrafted.view.output import drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INSIDE, RUN, WIDER, NEVER = "#cfe8d5", "#1b4965", "#b26a00", "#c8002c"
"""Colours: the cells, runs within what is declared, runs within what is proved besides, and what never happens."""

NEVER_LABEL, BAND_LABEL = "claimed never to happen", "never left, under what is declared"
HATCHED: dict[str, Any] = {"facecolor": "none", "edgecolor": NEVER, "hatch": "///", "alpha": 0.45, "linewidth": 0}

MAX_DRAWN = 24
"""How many runs are drawn."""

ROOM = 0.08
"""The share of a panel that is left free above and below what is drawn."""


MAX_CONTEXTS = 24
"""How many contexts are drawn, each a row."""

FEWEST_CELLS = 8
"""From so many intervals of another state on, cells are drawn over it."""

FAR = 0.5
"""The share of a panel that runs may leave it by at most."""


def invariant_picture(proof: Proof, form: str = "png", dpi: float = 150) -> bytes:
    """Draw each state and action that a claim is about over time: the cells, runs inside them, and what never happens.

    Args:
        proof: which; one that is refuted shows the run that does it, one without states nothing but its sentence.
        form: `png`, `svg` or `pdf`.
        dpi: dots per inch of a `png`.
    """
    return drawn(lambda: _figure(proof), form, dpi)


def as_html(proof: Proof, picture: str = "") -> str:
    """Return the page about a proof; names and texts of the file are escaped."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(as_markdown(proof, picture))
    return PAGE.format(title=escape(proof.report().title), body=body)


def _figure(proof: Proof) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    tests = [test for row in proof.claim.never for test in row if not test.before]
    columns = [*dict.fromkeys(test.column for test in tests if test.column is not None)]
    states = [*dict.fromkeys(".".join(test.variable) for test in tests if test.variable and test.word is None)]
    contexts = columns and not states
    rows = 1 if columns else max(1, len(states))
    height = 1.2 + 0.28 * len(_contexts(proof)) if contexts else 0.9 + 2.3 * rows
    figure = Figure(figsize=(7.0, height), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(fill(proof.report().title, 95), fontsize=10)
    every = figure.subplots(rows, 1, sharex=not columns, squeeze=False)[:, 0]
    if contexts:
        _draw_contexts(every[0], proof, columns[0])
    elif columns:
        _draw_action(every[0], proof, states[0], columns[0])
    elif len(states) == 1 and (other := _bounded_by(proof, states[0])):
        _draw_plane(every[0], proof, states[0], other)
    else:
        for axes, state in zip(every, states, strict=True):
            _draw_over_time(axes, proof, state)
        unit, step = proof.structure.time_step.unit, proof.structure.time_step.value
        every[-1].set_xlabel(f"time [{unit}]" if unit else "time [steps]", fontsize=8)
        every[-1].xaxis.set_major_formatter(lambda at, _: f"{at * step if unit else at:g}")
    handles, labels = every[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure


def _band(proof: Proof, state: str) -> tuple[float, float] | None:
    """Return where a state can ever be."""
    cells = [cell[state] for cell in proof.cells if state in cell]
    return (min(low for low, _ in cells), max(high for _, high in cells)) if cells else None


def _bounds(proof: Proof, state: str = "", column: int | None = None) -> dict[str, float]:
    """Return the bounds of a state or an action that the claim names, by `above` or `below`."""
    tests = (test for row in proof.claim.never for test in row if not test.before)
    of = lambda test: test.column if test.column is not None else test.variable and ".".join(test.variable)
    wanted = state if column is None else column
    return {test.way: float(Fraction(test.mark)) for test in tests if of(test) == wanted}


def _draw_over_time(axes: Axes, proof: Proof, state: str) -> None:
    """Draw a state over time, with the cells behind it and what never happens beyond."""
    runs, band, bounds = np.atleast_2d(proof.runs.state[state]), _band(proof, state), _bounds(proof, state)
    wider = None if proof.wider_runs is None else np.atleast_2d(proof.wider_runs.state[state])
    ends = [float(runs.min()), float(runs.max()), *bounds.values(), *(band or ())]
    low, high = min(ends), max(ends)
    if wider is not None:
        far = FAR * (high - low)
        low, high = max(low - far, min(low, float(wider.min()))), min(high + far, max(high, float(wider.max())))
    room = ROOM * (high - low or 1.0)
    axes.set(ylim=(low - room, high + room), xlim=(0, runs.shape[1] - 1))
    axes.set_title(state, fontsize=9, loc="left")
    axes.tick_params(labelsize=8)
    if band is not None:
        axes.axhspan(*band, color=INSIDE, label=BAND_LABEL, zorder=0)
    _hatch(axes, bounds, low - 2 * room, high + 2 * room)
    if wider is not None:
        axes.plot(wider[:MAX_DRAWN].T, color=WIDER, linewidth=0.6, alpha=0.6)
        axes.plot([], color=WIDER, linewidth=1.2, label="runs under the widest proved")
    alone = proof.counterexample is not None
    axes.plot(runs[:MAX_DRAWN].T, color=RUN, linewidth=1.5 if alone else 0.6, alpha=1 if alone else 0.7)
    axes.plot([], color=RUN, linewidth=1.2, label="the run that does it" if alone else "runs")


def _hatch(axes: Axes, marks: Mapping[str, float], bottom: float, top: float) -> None:
    """Hatch what never happens: beyond each mark; or between two, where both together make the test."""
    above, below = marks.get("above", top), marks.get("below", bottom)
    between = len(marks) == 2 and above < below
    for mark in marks.values():
        axes.axhline(mark, color=NEVER, linewidth=1.2, zorder=4)
    for span in [(above, below)] if between else [(above, top), (bottom, below)]:
        if span[0] < span[1]:
            axes.axhspan(*span, label=_once(axes, NEVER_LABEL), **HATCHED)


def _bounded_by(proof: Proof, state: str) -> str:
    """Return the state for each of whose cells a proof bounds another one; empty where it does not."""
    others = [name for name in (proof.statement.states if proof.cells and proof.statement else ()) if name != state]
    kinds = {name: len({cell[name] for cell in proof.cells}) for name in others}
    best = max(others, key=lambda name: kinds[name], default="")
    return best if best and kinds[best] >= FEWEST_CELLS else ""


def _draw_plane(axes: Axes, proof: Proof, state: str, other: str) -> None:
    """Draw a state against another one, with the bound of each of its cells, whatever else is."""
    x, y = (np.atleast_2d(proof.runs.state[name]) for name in (other, state))
    reach, marks = proof.reach(state, other), _bounds(proof, state)
    ends = [*(end for pair in reach.values() for end in pair), *marks.values()]
    left, right = min(low for low, _ in reach), max(high for _, high in reach)
    room, beside = ROOM * (max(ends) - min(ends)), ROOM / 2 * (right - left)
    bottom, top = min(ends) - room, max(ends) + room
    axes.set(xlim=(left - beside, right + beside), ylim=(bottom, top))
    axes.set_xlabel(other, fontsize=9)
    axes.set_ylabel(state, fontsize=9)
    axes.tick_params(labelsize=8)
    for (first, last), (low, high) in reach.items():
        axes.fill_between((first, last), low, high, color=INSIDE, linewidth=0, label=_once(axes, BAND_LABEL), zorder=0)
    _hatch(axes, marks, bottom, top)
    axes.plot(x[:MAX_DRAWN].T, y[:MAX_DRAWN].T, color=RUN, linewidth=0.6, alpha=0.7, zorder=5)
    axes.plot([], color=RUN, linewidth=1.2, label="runs")


def _draw_action(axes: Axes, proof: Proof, state: str, column: int) -> None:
    """Draw an action against a state, with the corner that both are never in."""
    title, values = proof.action(column, proof.runs)
    x, y = np.ravel(proof.runs.state[state]), np.ravel(values)
    band, of_state, of_action = _band(proof, state), _bounds(proof, state), _bounds(proof, column=column)
    ends = [float(x.min()), float(x.max()), *of_state.values(), *(band or ())]
    room = ROOM * (max(ends) - min(ends) or 1.0)
    left, right = min(ends) - room, max(ends) + room
    bottom, top = min(-0.15, float(y.min())), max(1.15, float(y.max()))
    axes.set(xlim=(left, right), ylim=(bottom, top))
    axes.set_xlabel(state, fontsize=9)
    axes.set_ylabel(title, fontsize=9)
    axes.tick_params(labelsize=8)
    if band is not None:
        axes.axvspan(*band, color=INSIDE, label=BAND_LABEL, zorder=0)
    corner = of_state.get("above", left), of_state.get("below", right)
    done = of_action.get("above", bottom), of_action.get("below", top)
    axes.fill_between(corner, *done, label=NEVER_LABEL, **HATCHED)
    axes.plot(x, y, ".", color=RUN, markersize=2, alpha=0.4, zorder=5)
    axes.plot([], ".", color=RUN, label="steps of runs")


def _contexts(proof: Proof) -> list[tuple[str, ...]]:
    """Return the combinations of words from outside that runs met, in order."""
    return sorted({*map(tuple, _met(proof).tolist())})[:MAX_CONTEXTS]


def _from_outside(proof: Proof) -> list[Signal]:
    return [signal for signal in proof.runs.measured if proof.runs.domains[signal].discrete]


def _met(proof: Proof) -> np.ndarray:
    """Return the words from outside in all steps of all runs [step, signal]."""
    measured = proof.runs.measured
    return np.stack([np.ravel(proof.runs.words(measured, signal)) for signal in _from_outside(proof)], axis=-1)


def _draw_contexts(axes: Axes, proof: Proof, column: int) -> None:
    """Draw what is done in each combination of words from outside, with what never is."""
    contexts, met, (title, values) = _contexts(proof), _met(proof), proof.action(column, proof.runs)
    axes.set_yticks(range(len(contexts)), [", ".join(context) for context in contexts], fontsize=8)
    axes.set(xlim=(-0.15, 1.15), ylim=(len(contexts) - 0.5, -0.5), xticks=(0, 0.5, 1))
    axes.set_xlabel(title, fontsize=9)
    axes.set_title(", ".join(signal.name for signal in _from_outside(proof)), fontsize=9, loc="left")
    axes.tick_params(axis="x", labelsize=8)
    for at, context in enumerate(contexts):
        done = np.unique(np.ravel(values)[np.all(met == np.array(context), axis=-1)])
        for way, mark in _forbidden(proof, context, column):
            end = 1.15 if way == "above" else -0.15
            axes.fill_betweenx((at - 0.45, at + 0.45), mark, end, label=_once(axes, NEVER_LABEL), **HATCHED)
        axes.plot(done, [at] * len(done), "o", color=RUN, markersize=5, label=_once(axes, "what is done"))


def _forbidden(proof: Proof, context: tuple[str, ...], column: int) -> Iterator[tuple[str, float]]:
    """Return the bounds that an action is never beyond in a context."""
    words = {
        (signal.owner, signal.name): (word, proof.runs.domains[signal].values)
        for signal, word in zip(_from_outside(proof), context, strict=True)
    }
    for row in proof.claim.never:
        said = [
            (words[test.variable.owner, test.variable.name], test.word)
            for test in row
            if test.variable and test.word is not None and not test.before
        ]
        if all(word == values[at] for (word, values), at in said):
            yield from ((test.way, float(Fraction(test.mark))) for test in row if test.column == column)


def _once(axes: Axes, label: str) -> str:
    return label if label not in axes.get_legend_handles_labels()[1] else "_"
