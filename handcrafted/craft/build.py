"""Build a network: circuits become arrays, the policy becomes masks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np

from handcrafted.components.circuit import Circuit, Head, Neurons
from handcrafted.control.resolved import ResolvedLink, next_step
from handcrafted.control.signal_graph import network_input, network_output
from handcrafted.craft.plan import LawCircuits, circuits_of_law, each_circuit, names_of, schedule, subspaces
from handcrafted.craft.policy import Policy, allow
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.arrays import Array
from handcrafted.model.component import EndArrays, HeadArrays, NeuronArrays, ends_of
from handcrafted.model.entries import entries_of, head_entries, places_of
from handcrafted.model.layout import ATTENTION, MLP, Placement, same_layout
from handcrafted.model.names import Names
from handcrafted.model.network import Network
from handcrafted.model.saved import memory
from handcrafted.model.weights import Weights
from handcrafted.text.diagnostics import HandcraftedError


class Builder:
    """Builds the networks of structures that differ little, one after the other, as edits ask for them.

    Circuits of a law that stays as it is are kept, and the last networks, as far as they are small: the masks of one
    serve the next one too, if that has the same circuits in the same places.
    """

    def __init__(self):
        self.circuits = lru_cache(maxsize=MAX_KEPT)(circuits_of_law)
        self.known: OrderedDict[int, Network] = OrderedDict()

    def __call__(self, structure: ControlStructure) -> Network:
        """Return the network of a structure; see `build`."""
        like = next(reversed(self.known.values()), None)
        found = self.known.get(id(structure))  # which it keeps alive
        if found is None:
            found = build(structure, of_law=self.circuits, like=like)
        self.known[id(structure)] = found
        self.known.move_to_end(id(structure))
        while len(self.known) > max(1, min(MAX_KEPT, KEPT_BYTES // _bytes(found.weights))):
            self.known.popitem(last=False)
        return found


def _bytes(weights: Weights) -> int:
    return sum(array.nbytes for _, array in weights.items())


MAX_KEPT, KEPT_BYTES = 200, 2**25
"""Laws whose circuits are kept, and networks; and about how many bytes of networks."""


def build(
    structure: ControlStructure,
    circuits: tuple[Circuit, ...] | None = None,
    of_law: LawCircuits = circuits_of_law,
    like: Network | None = None,
) -> Network:
    """Set the arrays of a network by hand; see `handcrafted.craft.assemble.assemble`, which makes a model of it.

    Args:
        structure: what is intended.
        circuits: the circuits to use; None builds those that the structure's laws name.
        of_law: how a law becomes circuits.
        like: a network whose masks are taken if circuits stand in the same places.
    """
    resolved = structure.resolved
    received = [link.domain.width for link in resolved.links if link.port and link.received]
    _must_fit(structure.name, 16 * sum(width**2 for width in received), "what receives its signals alone")
    chosen = tuple(_fitting(structure.name, each_circuit(resolved, of_law))) if circuits is None else circuits
    Policy(structure).check(chosen)
    found = subspaces(resolved, chosen, structure.components)
    names = names_of(resolved, found)
    layout = _place(chosen, schedule(chosen))
    weights = Weights.blank(np.float32, **_sizes(chosen, layout, names))
    known = like is not None and (
        like.structure.resolved.links == resolved.links
        and like.names.same_places(names)
        and same_layout(like.layout, layout)
    )
    masks = like.masks if like is not None and known else Weights.blank(bool, **weights.sizes)
    ends, open_ends = ends_of(weights), ends_of(masks)
    _wire_ends(ends, open_ends, names, resolved.links)
    for kept in (task.memory for controller in resolved.controllers.values() for task in controller.tasks):
        if kept:
            _connect(ends.recurrence, open_ends.recurrence, names.find(kept.next), names.find(kept.signal))
    ends.initial[:], open_ends.initial[:] = np.concatenate([*found.values(), np.zeros(0, np.float32)]), True
    d_head = weights.sizes["d_head"]
    for circuit, place in zip(chosen, layout, strict=True):
        _set(weights, names, circuit, place, d_head)
        if not known:
            allow(masks, names, place, d_head)
    return Network(weights, masks, names, layout, structure)


def _sizes(circuits: tuple[Circuit, ...], layout: tuple[Placement, ...], names: Names) -> dict[str, int]:
    """Return the length of every axis; d_head is a power of 4, so that its root scales queries without rounding."""
    count = lambda part: max((place.components[-1] + 1 for place in layout if place.part == part), default=1)
    widths = [circuit.body.value.shape[1] for circuit in circuits if isinstance(circuit.body, Head)]
    return {
        "layer": max((place.layer + 1 for place in layout), default=1),
        "head": count(ATTENTION),
        "d_head": next(4**k for k in range(1, 16) if 4**k >= max([2, *widths])),
        "d_mlp": count(MLP),
        "d_model": len(names.residual),
        "n_in": len(names.inputs),
        "n_out": len(names.outputs),
    }


MAX_BYTES, SHARE = 4_000_000_000, 4
"""Arrays beyond this, or beyond such a part of the memory there is, are refused before any memory is taken; a model
holds them together with its masks, and to read it takes copies."""


def _must_fit(name: str, count: int, what: str, there_is: int | None = None) -> None:
    """Refuse arrays of so many bytes if they would not fit.

    Raises:
        HandcraftedError: with what they are, and the memory that they would take.
    """
    if count > (most := min(MAX_BYTES, (memory() if there_is is None else there_is) // SHARE)):
        raise HandcraftedError(
            f"Expected arrays of at most {most / 1e9:.3g} GB, got {count / 1e9:.3g} GB for {name}: {what}. "
            "Split it, or collapse groups."
        )


def _fitting(name: str, circuits: Iterable[Circuit]) -> Iterator[Circuit]:
    """Return circuits as they are built, as long as their own arrays fit."""
    taken, there_is = 0, memory()
    for circuit in circuits:
        taken += sum(array.nbytes for array in vars(circuit.body).values())
        _must_fit(name, taken, f"the circuits up to {circuit.name} alone", there_is)
        yield circuit


def _place(circuits: tuple[Circuit, ...], slots: list[int]) -> tuple[Placement, ...]:
    """Return each circuit the next free heads or neurons of its half-layer."""
    used: dict[int, int] = {}
    layout = []
    for circuit, slot in zip(circuits, slots, strict=True):
        first = used.get(slot, 0)
        used[slot] = first + circuit.size
        part = ATTENTION if circuit.attends else MLP
        components = tuple(range(first, used[slot]))
        layout.append(
            Placement(
                circuit.name, slot // 2, part, components, circuit.owner, circuit.role, circuit.reads, circuit.writes,
                circuit.formula,
            )
        )  # fmt: skip
    return tuple(layout)


def _wire_ends(ends: EndArrays, masks: EndArrays, names: Names, links: Iterable[ResolvedLink]) -> None:
    """Set the embedding, the unembedding and the recurrence: plain wires, one to one."""
    masks.output_bias[:] = True
    for link in links:
        if link.port is None:
            continue
        stream = names.find(link.port)
        if not link.sent_by_controller:
            _connect(ends.embedding, masks.embedding, names.input_signals[network_input(link.port)], stream)
            masks.constant[stream] = True
        elif not link.received_by_controller:
            _connect(ends.unembedding, masks.unembedding, stream, names.output_signals[network_output(link.port)])
        elif link.lag:
            _connect(ends.recurrence, masks.recurrence, names.find(next_step(link.port)), stream)


def _connect(array: Array, mask: Array, rows: np.ndarray, columns: np.ndarray) -> None:
    at = np.ix_(rows, columns)
    array[at], mask[at] = np.eye(len(rows)), True


def _set(weights: Weights, names: Names, circuit: Circuit, place: Placement, d_head: int) -> None:
    """Write a circuit's local arrays to its place."""
    expected, body = (len(places_of(place.reads, names)), len(names.find(place.writes))), circuit.body
    if expected != (circuit.reading, circuit.width):
        raise HandcraftedError(
            f"Expected {circuit.name} to read {expected[0]} coordinates and write {expected[1]}, as its signals have, "
            f"got arrays for {circuit.reading} and {circuit.width}. Make its arrays as wide."
        )
    entries = entries_of(place, names, range(body.value.shape[1] if isinstance(body, Head) else 0))
    if isinstance(body, Head) and isinstance(entries, HeadArrays):
        plane = head_entries(place.layer, place.components, (), (0, 1), ())
        query = body.query * d_head**0.5
        pairs = ((plane.query_bias, query), (plane.key_bias, body.key), (entries.value, body.value))
        pairs += ((entries.output, body.output),)
    else:
        assert isinstance(body, Neurons) and isinstance(entries, NeuronArrays)
        pairs = ((entries.into, body.into), (entries.bias, body.bias), (entries.out, body.out))
    for entry, values in pairs:
        entry.set(weights, values)
