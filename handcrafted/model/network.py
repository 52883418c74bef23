"""A network at one moment: its arrays, what the access policy lets act, the names of everything, and what it is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from handcrafted.control.vocabulary import WINDOW
from handcrafted.model.arrays import same
from handcrafted.model.layout import Placement, same_layout
from handcrafted.model.names import Names
from handcrafted.model.weights import Weights, acting

if TYPE_CHECKING:
    from handcrafted.loading.control_structure import ControlStructure


@dataclass(frozen=True, eq=False)
class Network:
    """Everything that is claimed of a model rests on this; nothing in it is ever changed in place.

    Attributes:
        weights: the raw arrays.
        masks: where a raw entry may act, as booleans.
        names: of coordinates, inputs and outputs.
        layout: which circuit stands where.
        structure: the control structure that it implements.
        window: how many steps a head sees.
    """

    weights: Weights
    masks: Weights
    names: Names
    layout: tuple[Placement, ...]
    structure: ControlStructure
    window: int = WINDOW

    @property
    def effective_weights(self) -> Weights:
        """The arrays that run: the raw ones where the access policy lets them act, else zero."""
        return self.weights.map(acting, self.masks)

    def becoming(
        self,
        weights: Weights,
        structure: ControlStructure | None = None,
        layout: tuple[Placement, ...] | None = None,
    ) -> Network:
        """Return the network with other raw arrays, and with the structure and layout that they follow from."""
        found = replace(self, weights=weights, layout=layout or self.layout)
        if structure is None:
            return found
        return replace(found, structure=structure, names=self.names.declaring(structure.resolved))

    def same_circuits(self, other: Network) -> bool:
        """Whether two networks differ in numbers only."""
        allowed = all(same(mask, other.masks[name]) for name, mask in self.masks.items())
        return self.names.same_places(other.names) and same_layout(self.layout, other.layout) and allowed


Rebuild = Callable[["ControlStructure"], Network]
"""How a structure becomes a network."""


@runtime_checkable
class HoldsNetwork(Protocol):
    """Something that a network can be taken out of, such as a `Transformer`."""

    @property
    def network(self) -> Network:
        """The network as it stands now."""
        ...
