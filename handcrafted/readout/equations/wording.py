"""What signals and their coordinates are called in a printed formula: identifiers, and words where they are known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import networkx as nx

from handcrafted.control.graph import INPUT, OUTPUT, Signal
from handcrafted.model.names import Names
from handcrafted.readout.equations.fold import Folded, plain
from handcrafted.readout.equations.terms import Sum, Value, substituted, term

PREFIX = {
    "control_action": "issued", "feedback": "received", "feedback_modelling": "believed",
    "processing_for_action": "worked_out", INPUT: "input", OUTPUT: "output",
}  # fmt: skip
"""What tells equal names of one owner apart; the first role that has the name bears it plain."""

OUTSIDE = "outside"
"""The owner of what comes from no component."""

FUNCTIONS = {
    "relu": "relu(x) = max(0, x)",
    "limit": "limit(x, a, b) = min(max(x, a), b)",
    "above": "above(x, a, b) = 0 up to a, 1 from b on, straight between",
    "below": "below(x, a, b) = 1 up to a, 0 from b on, straight between",
    "hysteresis": "hysteresis(s, x, (a, b), (c, d)) = 1 at a, 0 at b while s = 0, 1 at c, 0 at d while s = 1",
    "points": "points(x, (a, b), …) = straight lines from point to point, flat beyond",
    "all": "all(x, …) = max(0, sum - (number of x - 1))",
    "any": "any(x, …) = limit(sum, 0, 1)",
    "none": "none(x, …) = limit(1 - sum, 0, 1)",
    "min": "min(x, y), max(x, y): the least and the greatest",
    "no": "no(x) = 1 - x",
    "ago": "ago(x, k, a) = x as it was k steps ago, a before the start",
    "mean": "mean(x, n, a) = mean of the last n steps, a before the start",
}
"""What stands in printed formulas, in words."""

RESERVED = {*FUNCTIONS, "max"}
"""Names that no signal may bear."""


class Wording:
    """The names in printed formulas.

    Attributes:
        words: the words of each discrete signal, where an input or an output that it is a copy of declares them.
        truths: the signals whose coordinates lie between 0 and 1, by their formulas or as inputs in words.
    """

    def __init__(self, names: Names, folded: Folded):
        self.folded = folded
        self.widths = {signal: len(places) for signal, places in names.subspaces.items()}
        self.widths |= {signal: len(places) for signal, places in (names.input_signals | names.output_signals).items()}
        self.words = _words(names, folded)
        self.truths = _truths(set(self.words), folded)
        self._owners = _unique((signal.owner, identifier(signal.owner or OUTSIDE)) for signal in self.widths)
        self._names = self._signals()

    def owner(self, signal: Signal) -> str:
        """Name the owner of a signal."""
        return self._owners[signal.owner]

    def name(self, signal: Signal) -> str:
        """Name a signal within its owner."""
        return self._names[signal]

    def full_name(self, signal: Signal) -> str:
        """Name a signal with its owner; what merely leaves the network, by what it is a copy of."""
        known = self.known(Value(signal, 0))
        one = self.folded.formulas.get(known, Sum()).alone
        if known.signal.role == OUTPUT and isinstance(one, Value) and not one.lag:
            return self.full_name(one.signal)
        return f"{self.owner(known.signal)}.{self.name(known.signal)}"

    def known(self, value: Value) -> Value:
        """Return the value under the name that is printed: a copy goes by the name of what it copies."""
        copy = self.folded.copies.get(value.signal)
        if copy is None or value.until is not None:
            return value
        starts, other = self.folded.starts, (copy[0], value.index)
        if value.lag and starts.get((value.signal, value.index)) != starts.get(other):
            return value
        return self.known(Value(copy[0], value.index, value.lag + copy[1]))

    def index(self, value: Value) -> str:
        """Say which coordinate it is: nothing where there is one, a word where it is known, else its number."""
        if self.widths[value.signal] == 1:
            return ""
        words = self.words.get(value.signal)
        return f"[{words[value.index]!r}]" if words else f"[{value.index}]"

    def _signals(self) -> dict[Signal, str]:
        """Name all signals of each owner: by their plain name, and what would collide by its role too."""
        taken: dict[str, set[str]] = {}
        found = {}
        written = {value.signal for value in self.folded.formulas}
        rank = lambda signal: (signal in self.folded.copies, signal not in written, _rank(signal.role))
        for signal in sorted(self.widths, key=rank):
            own = taken.setdefault(signal.owner, set())
            stem = identifier(plain(signal.name))
            full = f"{PREFIX.get(signal.role, 'the')}_{stem}"
            number, name = 1, stem if stem not in own | RESERVED else full
            while name in own or name in RESERVED:
                number += 1
                name = f"{full}_{number}"
            own.add(name)
            found[signal] = name
        return found


def identifier(text: str) -> str:
    """Turn a name into one that stands in a formula."""
    found = re.sub(r"\W+", "_", text.strip()).strip("_")
    return found if found and not found[0].isdigit() else f"x_{found}".rstrip("_")


def _unique(pairs) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, name in pairs:
        if key in found:
            continue
        number, chosen = 1, name
        while chosen in found.values():
            number += 1
            chosen = f"{name}_{number}"
        found[key] = chosen
    return found


def _words(names: Names, folded: Folded) -> Mapping[Signal, tuple[str, ...]]:
    """Carry the words of inputs and outputs along subspaces that are copies of each other."""
    same = nx.Graph()
    for signal, (other, _) in folded.copies.items():
        same.add_edge(signal, other)
    for value, formula in folded.formulas.items():
        one = formula.alone
        if isinstance(one, Value) and one.index == value.index:
            same.add_edge(value.signal, one.signal)
    ends = (*names.input_signals, *names.output_signals)
    declared = {signal: words for signal in ends if (words := names.domain(signal).values)}
    widths = {signal: len(places) for signal, places in names.subspaces.items()}
    found = {}
    for alike in nx.connected_components(same):
        words = next((declared[signal] for signal in declared if signal in alike), None)
        if words:
            found |= {signal: words for signal in alike if widths.get(signal, len(words)) == len(words)}
    return declared | found


def _rank(role: str) -> int:
    return list(PREFIX).index(role) if role in PREFIX else len(PREFIX)


def _truths(words: set[Signal], folded: Folded) -> set[Signal]:
    """Find the signals that lie between 0 and 1, carried along links and copies until nothing is added."""
    parts: dict[Signal, list[Sum]] = {}
    for value, formula in folded.formulas.items():
        parts.setdefault(value.signal, []).append(formula)
    found = set(words)
    holds = lambda formula: _between(formula, found)
    while True:
        more = {signal for signal, formulas in parts.items() if all(map(holds, formulas))}
        more |= {signal for signal, (other, _) in folded.copies.items() if other in found}
        if more <= found:
            return found
        found |= more


def _between(formula: Sum, found: set[Signal]) -> bool:
    """Whether a formula that has terms lies between 0 and 1, given which signals do."""
    known = substituted(formula, lambda v: term(replace(v, fraction=v.fraction or v.signal in found)))
    low, high = known.bounds
    return bool(known.terms) and low >= 0 and high <= 1
