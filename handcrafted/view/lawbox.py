"""What a decision computes, in a few short lines for its controller's box."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from handcrafted.control.graph import Signal
from handcrafted.control.parts import Bounds, Condition
from handcrafted.control.resolved import ResolvedController, ResolvedEntry
from handcrafted.loading.zoom import Zoom
from handcrafted.readout.equations.equations import Equations
from handcrafted.view.boxes import CLEAR, HARD_BLANK, bold, indented, small, wrapped
from handcrafted.view.lawwords import NOTES, in_words

WIDTH = 40
"""Letters per line."""


def law_lines(entry: ResolvedEntry) -> list[str]:
    """Say how one action, request or feedback is decided, a clause after the other."""
    return [part for line in _clauses_of(entry) for part in _broken(line)]


def _clauses_of(entry: ResolvedEntry) -> list[str]:
    declared = entry.declared
    lines = [_call(entry)]
    if declared is not None:
        lines += _condition(declared.when, "if")
        lines += _condition(declared.permit, "permitted if")
        if declared.gates:
            lines.append(f"gates {declared.gates}")
        if declared.safe is not None:
            lines.append(f"safe value {_value(declared.safe)}")
    return lines


def _broken(line: str) -> list[str]:
    """Break a long line, its later parts a little to the right."""
    first, *rest = wrapped(line, WIDTH)
    return [first, *(f"  {part}" for part in rest)]


def _call(entry: ResolvedEntry) -> str:
    """Name the law with what it reads and its parameters, as a formula; a decision table names that in its rows."""
    law = entry.task.law or "linear"
    if entry.declared is not None and entry.declared.when is not None:
        return law
    reads = ", ".join(variable.name for variable in entry.reads)
    parameters = entry.declared.parameters if entry.declared else {}
    given = ", ".join(f"{name} = {_value(value)}".replace(" ", HARD_BLANK) for name, value in parameters.items())
    inside = "; ".join(filter(None, (reads, given)))
    return f"{law}({inside})" if inside else law


def _condition(condition: Condition | None, start: str) -> list[str]:
    """Write the rows of a condition: `if a = x and b = y`, `or a = z`."""
    if condition is None:
        return []
    rows = [" and ".join(_test(name, test) for name, test in row.items()) or "always" for row in condition]
    return [f"{start if i == 0 else 'or'} {row}" for i, row in enumerate(rows)]


def _test(name: str, test: Bounds | tuple[str, ...]) -> str:
    text = f"{name} = {' or '.join(test)}" if not isinstance(test, Bounds) else _between(name, test)
    return text.replace(" ", HARD_BLANK) if len(text) < WIDTH - 4 else text


def _between(name: str, test: Bounds) -> str:
    low = f"{test.above:g} < " if test.above is not None else ""
    high = f" < {test.below:g}" if test.below is not None else ""
    return f"{name} > {test.above:g}" if not high else f"{low}{name}{high}"


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


LETTERS = 30
"""Letters per line of a name."""

MAX_LINES = 20
"""Lines of laws in one box."""

OFF = "#6a5c00"
"""Ink of a recovered law that is not as intended, or goes by what does not arrive."""


class Text(NamedTuple):
    """One line of a law: whether it is a name, and whether it is not as intended."""

    text: str
    head: bool = False
    off: bool = False

    @property
    def markup(self) -> str:
        """The line for a label."""
        plain = bold(self.text) if self.head else indented(self.text)
        return f'<FONT COLOR="{OFF}">{plain}</FONT>' if self.off else plain

    @property
    def unseen(self) -> str:
        """The line as one that takes its place and is not seen."""
        return f'<FONT COLOR="{CLEAR}">{self._replace(off=False).markup}</FONT>'


class LawCell(NamedTuple):
    """What a box shows of its laws.

    Attributes:
        lines: ready-made, heading first.
        full: everything, as plain lines, where `lines` leave some out.
    """

    lines: Sequence[str]
    full: Sequence[str] = ()


Laws = Mapping[str, LawCell]
"""The cell of each controller's laws."""


class Fitted(NamedTuple):
    """Laws as far as they fit into a box, and the plain lines of all where they do not."""

    texts: list[Text]
    full: list[str]


def declared(zoom: Zoom) -> Laws:
    """Return the laws of the controllers whose file entry declares any."""
    return {name: _cell("control algorithm", _declared(own)) for name, own in _with_laws(zoom).items()}


def beside(zoom: Zoom, equations: Equations, off: Collection[Signal] = ()) -> tuple[Laws, Laws]:
    """Return the declared laws and the recovered ones, in cells of one size, so that both sides are laid out alike.

    Args:
        zoom: what is seen.
        equations: of the network.
        off: the subspaces of decisions that are not as intended, or go by what does not arrive: their lines are marked.
    """
    left, right = {}, {}
    for name, controller in _with_laws(zoom).items():
        both = _declared(controller), _recovered(equations, controller, off)
        left[name] = _cell("control algorithm", *both)
        marked = any(text.off for text in both[1].texts)
        right[name] = _cell("recovered law, not as intended" if marked else "recovered law", *both[::-1])
    return left, right


def _with_laws(zoom: Zoom) -> dict[str, ResolvedController]:
    return {name: own for name, own in zoom.controllers.items() if zoom.components[name].control_algorithm}


def _cell(heading: str, shown: Fitted, other: Fitted | None = None) -> LawCell:
    """Set lines under a heading, as many and as wide as the other lines need."""
    others = other.texts if other else []
    rows = [text.markup if text else "&#160;" for text, _ in itertools.zip_longest(shown.texts, others)]
    if others:
        rows.append(max((*shown.texts, *others), key=lambda text: len(text.text)).unseen)
    return LawCell([small(heading), *rows], shown.full)


def _declared(controller: ResolvedController) -> Fitted:
    return _fitted([clause for entry in controller.entries for clause in _under(entry.name, _clauses_of(entry))])


def _recovered(equations: Equations, controller: ResolvedController, off: Collection[Signal]) -> Fitted:
    """Return what a controller does and works out, in words."""
    said, bands = in_words(equations.of(controller.name), controller)
    clauses = [
        [text._replace(off=one.signal in off) for text in clause]
        for one in said
        for clause in _under(one.head, one.lines)
    ]
    texts, full = _fitted(clauses)
    shown = "".join(text.text for text in texts)
    marks = itertools.zip_longest(NOTES, bands[: len(NOTES)])
    notes = [f"{mark}{HARD_BLANK}{band}" for mark, band in marks if band and mark in shown]
    return Fitted([*texts, *(Text(part) for part in wrapped("bands: " + "  ".join(notes), WIDTH) if notes)], full)


def _under(head: str, lines: Sequence[str]) -> list[list[Text]]:
    """Return the lines of each clause of a law, its name with the first."""
    first, *rest = ([Text(part) for part in _broken(line)] for line in lines)
    return [[*(Text(part, True) for part in wrapped(head, LETTERS)), *first], *rest]


def _fitted(clauses: Sequence[Sequence[Text]]) -> Fitted:
    """Return as many whole clauses as fit into a box: half a clause would say what is not so."""
    every = list(itertools.chain.from_iterable(clauses))
    if len(every) <= MAX_LINES:
        return Fitted(every, [])
    ends = itertools.accumulate(map(len, clauses))
    kept = [text for clause, end in zip(clauses, ends, strict=True) if end < MAX_LINES for text in clause]
    full = [text.text if text.head else f"  {text.text}" for text in every]
    return Fitted([*kept, Text("…")], [line.replace(HARD_BLANK, " ") for line in full])
