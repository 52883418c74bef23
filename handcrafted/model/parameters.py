"""The parameters of a model by what they mean: each with its value, its unit and the array entries that it moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.tuning import ParameterRef, Setting, knobs, tuned
from handcrafted.model.arrays import elementwise, on_host
from handcrafted.model.network import Network, Rebuild
from handcrafted.text.diagnostics import HandcraftedError, must_be, nearest
from handcrafted.text.letters import clipped, shown

Entries = dict[str, np.ndarray]
"""By array: the indices [entry, axis] of some of its numbers."""


OTHERS = "no number alone: other values need other circuits"


@dataclass(frozen=True)
class Parameter:
    """One parameter of a model.

    Attributes:
        name: such as `thermostat.heat.on_below`.
        value: a number, or a word.
        unit: None for a pure number or a word.
        find: finds `entries`.
    """

    name: str
    value: Setting
    unit: str | None
    find: Callable[[], Entries] = field(compare=False, repr=False)

    @cached_property
    def entries(self) -> Entries:
        """The array entries that some change of it moves, by array, as indices [entry, axis].

        They are found by trying larger and smaller values.
        """
        return self.find()

    def __str__(self) -> str:
        value = self.value if isinstance(self.value, str) else f"{self.value:g}"
        moved = [
            f"{array}[{', '.join(map(str, place))}]" for array, at in self.entries.items() for place in at.tolist()
        ]
        return f"{self.name} = {value}{' ' + self.unit if self.unit else ''} moves {', '.join(moved) or OTHERS}"


class Parameters(Mapping[str, Parameter]):
    """A model's parameters by name; setting one re-derives the array entries that it moves, and no other.

        model.parameters["thermostat.heat.on_below"] = 18.5

    Entries that were edited by hand stay as they are unless the change moves them. The model's structure changes
    along, so that whatever is compared with it afterwards is compared with the new law.
    """

    def __init__(self, now: Callable[[], Network], rebuild: Rebuild, become: Callable[[Network, str], None]):
        """Look at the parameters of a model.

        Args:
            now: the network as it stands.
            rebuild: how a structure becomes a network.
            become: makes another network of the model, a change that the line of Python describes.
        """
        self._now, self._rebuild, self._become = now, rebuild, become

    def __getitem__(self, name: str) -> Parameter:
        knob, structure = self._knob(name), self._now().structure
        return Parameter(knob.name, knob.value, knob.unit, lambda: self._moved(structure, knob))

    def __setitem__(self, name: str, value: Any) -> None:
        """Change one.

        Raises:
            HandcraftedError: if the value is not valid, or if it needs other circuits; the model is then untouched.
        """
        knob = self._knob(name)
        network = self._now()
        changed = tuned(network.structure, knob, value)
        old, new = self._rebuild(network.structure), self._rebuild(changed)
        if not old.same_circuits(new):
            raise HandcraftedError(
                f"Expected a value of {name} that needs the same circuits, got {shown(value)}. "
                "Change the structure, and assemble it anew."
            )
        moved = old.weights.map(differ, new.weights)
        raw = network.weights.map(lambda raw, at, derived: elementwise(np.where, at, derived, raw), moved, new.weights)
        self._become(network.becoming(raw, changed, new.layout), f"model.parameters[{name!r}] = {value!r}")

    def __contains__(self, name: object) -> bool:
        return name in knobs(self._now().structure)

    def __iter__(self) -> Iterator[str]:
        return iter(knobs(self._now().structure))

    def __len__(self) -> int:
        return len(knobs(self._now().structure))

    def __repr__(self) -> str:
        return "\n".join(str(self[name]) for name in self) or "no parameters"

    def _knob(self, name: str) -> ParameterRef:
        must_be(name, str, "the name of a parameter")
        known = knobs(self._now().structure)
        if name not in known:
            raise HandcraftedError(f"Expected the name of a parameter, got `{clipped(name)}`.{nearest(name, known)}")
        return known[name]

    def _moved(self, structure: ControlStructure, knob: ParameterRef) -> Entries:
        """Find what a parameter moves: what differs for any of some other values that are valid."""
        old = self._rebuild(structure)
        moved = old.weights.map(differ, old.weights)
        for value in trials(knob):
            try:
                new = self._rebuild(tuned(structure, knob, value))
            except HandcraftedError:
                continue
            if old.same_circuits(new):
                moved = moved.map(lambda found, a, b: found | differ(a, b), old.weights, new.weights)
        return {name: np.transpose(found.nonzero()) for name, found in moved.items() if found.any()}


SIZES = (0.37, 2.0**-6, 1.9, 37.0)
"""How far from a parameter other values are tried, in its own size or 1."""


def trials(knob: ParameterRef) -> list[Setting]:
    """Return other values: all words, or numbers nearer and farther, below and above."""
    if isinstance(knob.value, str):
        return list(knob.choices)
    if isinstance(knob.value, int):
        return [*knob.choices, *(knob.value + step for step in (-2, -1, 1, 2))]
    scale = max(abs(knob.value), 1.0)
    return [*knob.choices, *(knob.value + sign * size * scale for size in SIZES for sign in (-1, 1))]


def differ(old: Any, new: Any) -> Any:
    """Say where two arrays differ."""
    return on_host(old) != on_host(new)
