"""In what two models differ: by parameter, by circuit, by entry, and in how many bits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from handcrafted.loading.tuning import Setting, knobs
from handcrafted.model.provenance import Provenances, entry_name, places_in
from handcrafted.model.transformer import Transformer
from handcrafted.text.diagnostics import HandcraftedError, must_be

MAX_ENTRIES = 24
"""Entries that are printed before the rest is counted."""


@dataclass(frozen=True)
class ChangedEntry:
    """One raw array entry that differs.

    Attributes:
        circuit: which circuit, or wire, it belongs to; empty where to none.
        owner: whose that is.
        bits: how many of the 32 bits of the float differ.
    """

    array: str
    index: tuple[int, ...]
    before: float
    after: float
    circuit: str
    owner: str
    bits: int

    def __str__(self) -> str:
        return f"{entry_name(self.array, self.index)}: {self.before:g} -> {self.after:g} ({self.bits} bits)"


@dataclass(frozen=True, repr=False)
class Difference:
    """In what two models differ.

    Attributes:
        parameters: by name, those whose values differ, before and after.
        entries: all raw entries whose bits differ.
        weights: how many raw entries there are in all.
    """

    parameters: dict[str, tuple[Setting, Setting]]
    entries: tuple[ChangedEntry, ...]
    weights: int

    @property
    def bits(self) -> int:
        """How many bits differ: the Hamming distance of the float32 arrays, and so how far a model was retargeted."""
        return sum(entry.bits for entry in self.entries)

    @property
    def circuits(self) -> dict[str, int]:
        """How many entries differ by the circuit or wire that they belong to."""
        return dict(Counter(entry.circuit or "no circuit" for entry in self.entries))

    def __repr__(self) -> str:
        if not self.entries and not self.parameters:
            return "no difference"
        lines = [f"{name}: {old} -> {new}" for name, (old, new) in self.parameters.items()]
        lines.append(f"{len(self.entries):,} of {self.weights:,} entries differ, {self.bits:,} bits")
        for circuit, count in self.circuits.items():
            own = [entry for entry in self.entries if (entry.circuit or "no circuit") == circuit]
            lines += [f"  {circuit} ({count})", *(f"    {entry}" for entry in own[:MAX_ENTRIES])]
            lines += [f"    … and {count - MAX_ENTRIES} more"] if count > MAX_ENTRIES else []
        return "\n".join(lines)


def diff(a: Transformer, b: Transformer) -> Difference:
    """Return in what a model differs from another one with the same coordinates and circuits, from `a` to `b`.

    Raises:
        HandcraftedError: if they are no models, or their coordinates or circuits are not the same.

    Example:
        >>> one, two = (hc.assemble(hc.load(find("heated room"))) for _ in range(2))
        >>> two.edit("W_in[1, 2, 0]", -65.0)
        >>> hc.diff(one, two).bits
        3
    """
    for model in (a, b):
        must_be(model, Transformer, "two models, as `hc.assemble` gives them")
    where = lambda model: [(p.layer, p.part, p.components, p.owner, p.writes) for p in model.layout]
    if not a.names.same_places(b.names) or where(a) != where(b):
        raise HandcraftedError(
            f"Expected two models of the same coordinates and circuits, got {a.structure.name} and {b.structure.name}, "
            "which differ in them. Compare models that were assembled from one structure, whatever its parameters."
        )
    old, new = knobs(a.structure), knobs(b.structure)
    parameters = {n: (k.value, new[n].value) for n, k in old.items() if n in new and new[n].value != k.value}
    total = sum(np.size(array) for _, array in a.weights.items())
    return Difference(parameters, tuple(_entries(a, b)), total)


def _entries(a: Transformer, b: Transformer) -> Iterator[ChangedEntry]:
    look = Provenances(a.network)
    for name, array in a.weights.items():
        old, new = np.asarray(array), np.asarray(b.weights[name])
        flipped = np.bitwise_count(old.view(np.uint32) ^ new.view(np.uint32))
        for index in places_in(flipped):
            found = look.of(name, index)
            numbers = float(old[index]), float(new[index])
            yield ChangedEntry(name, index, *numbers, found.circuit, found.owner, int(flipped[index]))
