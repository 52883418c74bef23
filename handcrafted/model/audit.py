"""Which raw entries break the access policy: where they stand, what they touch, and which rule says no."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.model.entry import places_in
from handcrafted.model.layout import circuits_by_component, component_at
from handcrafted.model.network import Network
from handcrafted.model.weights import FIELD_AXES, Weights, must_have_sizes

READING = ("W_Q", "W_K", "W_V", "W_in")
WRITING = ("W_O", "W_out")


@dataclass(frozen=True)
class Breach:
    """One raw entry that the policy does not let act.

    Attributes:
        array: its array.
        index: its place there.
        value: what stands there.
        component: the head or neuron with its circuit, or what the array is for.
        subspaces: the named subspaces that it would touch.
        rule: why it may not.
    """

    array: str
    index: tuple[int, ...]
    value: float
    component: str
    subspaces: tuple[Signal, ...]
    rule: str

    def __str__(self) -> str:
        place = ", ".join(map(str, self.index))
        return f"{self.array}[{place}] = {self.value:g}: {self.component} {self.rule}"


def audit(network: Network, weights: Weights | None = None) -> Iterator[Breach]:
    """Give every raw entry other than zero that the policy masks, array by array.

    Such entries never act: `effective_weights` leaves them out. What an edit or a training step puts there is lost.

    Args:
        network: whose policy.
        weights: raw arrays of its shapes; None takes its own.

    Raises:
        HandcraftedError: if the shapes disagree.
    """
    rules = _Rules(network)
    arrays = network.weights if weights is None else must_have_sizes(weights, network.weights.sizes)
    for name, mask in network.masks.items():
        array = np.asarray(arrays[name])
        for place in places_in((array != 0) & ~np.asarray(mask)):
            yield rules.breach(name, place, float(array[place]))


def rule_for(network: Network, array: str, index: tuple[int, ...]) -> str:
    """Say of an entry that the policy masks whose it is, and why it may not act."""
    breach = _Rules(network).breach(array, index, 0.0)
    return f"{breach.component} {breach.rule}"


class _Rules:
    """What each place of each array is for."""

    def __init__(self, network: Network):
        self.names = network.names
        self.circuits = circuits_by_component(network.layout)

    def breach(self, array: str, index: tuple[int, ...], value: float) -> Breach:
        axes = dict(zip(FIELD_AXES[array], index, strict=False))
        touched = tuple(self.names.residual[i].subspace for i, axis in zip(index, FIELD_AXES[array], strict=True)
                        if axis == "d_model")  # fmt: skip
        component, rule = (
            self._of_part(array, index, touched) if "layer" in axes else self._of_ends(array, axes, touched)
        )
        return Breach(array, index, value, component, touched, rule)

    def _of_part(self, array: str, index: tuple[int, ...], touched: tuple[Signal, ...]) -> tuple[str, str]:
        """Say it of a head, a neuron, or the biases of a layer."""
        component = component_at(array, index)
        if component is None:
            part = "attention" if array == "b_O" else "MLP"
            return f"{part} of layer {index[0]}", f"writes {_spelled(touched)}, which no circuit there writes"
        place = self.circuits.get(component)
        if place is None:
            return str(component), "belongs to no circuit, and may neither read nor write"
        whose = f"{component} ({place.circuit})"
        if array in READING:
            allowed = _spelled(place.reads) or "nothing"
            return whose, f"reads {_spelled(touched)}; it may read {allowed}"
        assert array in WRITING
        return whose, f"writes {_spelled(touched)}; it may write {place.writes}"

    def _of_ends(self, array: str, axes: dict[str, int], touched: tuple[Signal, ...]) -> tuple[str, str]:
        """Say it of the embedding, the unembedding or the recurrence."""
        if array == "W_R":
            return "recurrence", f"carries {touched[0]} to {touched[1]}; it may carry declared states and links alone"
        if array == "W_U":
            return f"output {self.names.outputs[axes['n_out']].signal}", f"reads {_spelled(touched)}, not its own port"
        whose = f"input {self.names.inputs[axes['n_in']].signal}" if "n_in" in axes else "embedding"
        return whose, f"writes {_spelled(touched)}, not its own port"


def _spelled(signals: tuple[Signal, ...]) -> str:
    return ", ".join(map(str, signals))
