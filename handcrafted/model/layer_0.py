"""The Layer 0 controller of a model: its blocks, the entries that are frozen, and the fingerprint that seals them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from handcrafted.control.structure import ControlStructure
from handcrafted.model.blocks import Block
from handcrafted.model.layout import Placement
from handcrafted.model.names import Names
from handcrafted.model.weights import Weights


def base_of(structure: ControlStructure) -> str | None:
    """Name the Layer 0 controller; None where there is none."""
    return next((name for name, component in structure.components.items() if component.layer_0), None)


def base_blocks(structure: ControlStructure, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Give the blocks of the Layer 0 controller: its brain, then its guards."""
    return tuple(block for block in blocks if block.owner == base_of(structure))


def frozen(blocks: tuple[Block, ...], masks: Weights) -> Weights:
    """Mark every entry that belongs to some blocks, as booleans of the model's shapes."""
    found = masks.map(lambda mask: np.zeros(np.shape(mask), bool))
    for block in blocks:
        for _, name, at in block.pieces(masks.sizes["d_head"]):
            found[name][at] = True
    return found


def fingerprint(blocks: tuple[Block, ...], names: Names, weights: Weights, masks: Weights) -> str:
    """Give the SHA-256 of blocks: their arrays and masks in their own order, and what their ports put as safe values.

    It is the same in every network that the blocks stand in: neither the layers, nor the places of heads, neurons and
    coordinates, nor the width of the other heads count.

    Args:
        blocks: such as those of Layer 0.
        names: of the network's coordinates.
        weights: effective weights.
        masks: where raw entries may act.
    """
    digest = hashlib.sha256()
    arrays, allowed = weights.map(np.asarray), masks.map(np.asarray)
    for block in blocks:
        safe = [*block.safe, *(value for part in block.parts for source in part.sources for value in source.safe)]
        parts = [np.array(safe, np.float32), *_ends(block, arrays), *_ends(block, allowed)]
        for place in block.circuits:
            parts += _circuit(place, names, arrays, allowed)
        for array in parts:
            digest.update(f"{array.dtype} {array.shape} ".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _ends(block: Block, arrays: Weights) -> list[np.ndarray]:
    """Give what enters, leaves and goes round."""
    pieces = block.pieces(arrays.sizes["d_head"])
    return [arrays[name][at] for key, name, at in pieces if not key[-1].isdigit() or key == "r_0"]


def _circuit(place: Placement, names: Names, arrays: Weights, allowed: Weights) -> Iterator[np.ndarray]:
    """Give the arrays of one circuit: its neurons, or its head without the dimensions that it does not use."""
    reads = np.concatenate([names.find(signal) for signal in place.reads] or [np.zeros(0, int)])
    writes, layer, numbers = names.find(place.writes), place.layer, np.array(place.components)
    for held in (arrays, allowed):
        if place.part == "mlp":
            yield held.W_in[layer][np.ix_(reads, numbers)]
            yield held.b_in[layer, numbers]
            yield held.W_out[layer][np.ix_(numbers, writes)]
            yield held.b_out[layer, writes]
            continue
        scale = np.float32(np.sqrt(held.sizes["d_head"])) if held is arrays else True
        dims = _used(arrays, layer, numbers)
        yield held.W_Q[layer][np.ix_(numbers, reads, dims)] / scale
        yield held.b_Q[layer][np.ix_(numbers, dims)] / scale
        yield from (held[name][layer][np.ix_(numbers, reads, dims)] for name in ("W_K", "W_V"))
        yield from (held[name][layer][np.ix_(numbers, dims)] for name in ("b_K", "b_V"))
        yield held.W_O[layer][np.ix_(numbers, dims, writes)]
        yield held.b_O[layer, writes]


def _used(arrays: Weights, layer: int, heads: np.ndarray) -> np.ndarray:
    """Give the dimensions of heads in which anything stands, at least the two of the rotary plane."""
    over = [np.abs(arrays[name][layer, heads]).max(axis=(0, 1)) for name in ("W_Q", "W_K", "W_V")]
    over += [np.abs(arrays[name][layer, heads]).max(axis=0) for name in ("b_Q", "b_K", "b_V")]
    over += [np.abs(arrays.W_O[layer, heads]).max(axis=(0, 2))]
    used = np.flatnonzero(np.sum(over, axis=0))
    return np.arange(max([2, *(used + 1)]))
