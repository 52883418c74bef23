"""Each controller's control law as formulas, from the weights and the names of the coordinates alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from handcrafted.control.graph import INPUT, OUTPUT, Signal
from handcrafted.control.vocabulary import Role
from handcrafted.readout.equations.fold import Folded, fold
from handcrafted.readout.equations.terms import Sum, Value, heads_of, values_of
from handcrafted.readout.equations.text import Writer
from handcrafted.readout.equations.wording import FUNCTIONS, Wording
from handcrafted.readout.target import TargetNetwork

KINDS = {
    "below": "comparison", "above": "comparison", "hysteresis": "hysteresis", "mean": "moving average",
    "points": "table of points",
    "any": "decision table", "all": "decision table", "none": "decision table",
}  # fmt: skip
"""What a formula is that begins with one of these."""

ORDER = tuple(Role)
"""Lines stand in the order in which a controller works: received, believed, worked out, issued."""


@dataclass(frozen=True)
class Line:
    """One formula.

    Attributes:
        signal: what it gives.
        name: what that is called, with the word or number of its coordinate.
        text: the right side.
        kind: `link`, `copy`, `constant`, `linear`, `delay`, `moving average`, `comparison`, `hysteresis`,
            `decision table`, `latch`, `memory`, `table of points` or `piecewise linear`.
    """

    signal: Signal
    name: str
    text: str
    kind: str

    def __str__(self) -> str:
        return f"{self.name} = {self.text}"


@dataclass(frozen=True)
class Equations:
    """The formulas of a network, by owner.

    Attributes:
        owners: the lines of each component, by its printed name.
        names: what each signal is called, as `owner.name`; a copy goes by the name of what it copies.
        complete: whether every formula is written out; a head that attends by content is not.
    """

    owners: Mapping[str, tuple[Line, ...]]
    names: Mapping[Signal, str]
    complete: bool

    def of(self, owner: str) -> tuple[Line, ...]:
        """Return the lines of a component by its name in the structure; none where it has none."""
        return next((lines for lines in self.owners.values() if lines[0].signal.owner == owner), ())

    def __str__(self) -> str:
        blocks = [
            "\n".join([owner, *(f"  {line}  # {line.kind}" for line in lines)]) for owner, lines in self.owners.items()
        ]
        used = [text for name, text in FUNCTIONS.items() if any(f"{name}(" in block for block in blocks)]
        return "\n\n".join([*blocks, "\n".join(["where", *(f"  {text}" for text in used)])] if used else blocks)


def equations(subject: TargetNetwork) -> Equations:
    """Write every controller's control law.

    Formula: each coordinate is the sum of what the embedding, the recurrence, heads that look back by position alone
        and rectified units write to it; sums are folded by identities that hold for all values.
    Source: Elhage et al. 2021, A Mathematical Framework for Transformer Circuits (paths through the residual stream).
    Error: none beyond the rounding of weights to shortest float32 decimals; a head that attends by content is named
        and not written out.
    """
    folded = fold(subject)
    wording = Wording(subject.names, folded)
    lines = list(_lines(folded, wording, Writer(wording)))
    owners: dict[str, tuple[Line, ...]] = {}
    for line in lines:
        owner = wording.owner(line.signal)
        owners[owner] = (*owners.get(owner, ()), line)
    complete = not any(heads_of(formula) for formula in folded.formulas.values())
    return Equations(owners, {signal: wording.full_name(signal) for signal in wording.widths}, complete)


def _lines(folded: Folded, wording: Wording, writer: Writer) -> Iterator[Line]:
    whole = {signal: copy for signal in wording.widths if (copy := _copied(signal, folded, wording))}
    done = set()
    place = lambda value: ORDER.index(Role(value.signal.role)) if value.signal.role in ORDER else len(ORDER)
    for value in sorted(folded.formulas, key=place):
        signal, formula = value.signal, folded.formulas[value]
        if value.until is None and signal in folded.copies:
            continue
        if signal in whole and value.until is None:
            if signal in done:
                continue
            done.add(signal)
            line = _whole_line(signal, whole[signal], wording)
            if line is not None:
                yield line
            continue
        text = writer.text(formula, signal.owner)
        yield Line(signal, writer.value(value, signal.owner), text, _kind(value, formula, text))


def _copied(signal: Signal, folded: Folded, wording: Wording) -> Value | None:
    """Return the first coordinate of what a subspace is a copy of, coordinate by coordinate; None where it is none."""
    ones = [folded.formulas.get(Value(signal, i), Sum()).alone for i in range(wording.widths[signal])]
    values = [one for one in ones if isinstance(one, Value) and one.lag == 0 and one.until is None]
    first = values[0].signal if values else None
    alike = [value == Value(value.signal, i) and value.signal == first for i, value in enumerate(values)]
    same_size = first is not None and wording.widths[first] == len(ones)
    return values[0] if same_size and len(values) == len(ones) and all(alike) else None


def _whole_line(signal: Signal, source: Value, wording: Wording) -> Line | None:
    """Write a copy of a whole subspace; what only enters or leaves the network under its own name goes unsaid."""
    known = wording.known(source)
    if known.signal.role == INPUT or signal.role == OUTPUT:
        return None
    own = known.signal.owner == signal.owner
    name = wording.name(known.signal)
    text = name if own else f"{wording.owner(known.signal)}.{name}"
    if known.lag:
        start = wording.folded.starts.get((known.signal, 0), 0.0)
        text = f"ago({text}, {known.lag}, {start:g})"
    return Line(signal, wording.name(signal), text, "copy" if own else "link")


def _kind(value: Value, formula: Sum, text: str) -> str:
    """Say what kind of law a formula is."""
    reads = values_of(formula)
    if not reads:
        return "constant"
    name = text.partition("(")[0]
    if name in KINDS:
        return KINDS[name]
    if any(read.signal == value.signal and read.lag for read in reads):
        return "latch" if formula.bounds == (0.0, 1.0) else "memory"
    if all(isinstance(one, Value) for one, _ in formula.terms):
        return "linear" if {read.lag for read in reads} == {0} else "delay"
    return "piecewise linear"
