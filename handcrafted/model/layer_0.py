"""The Layer 0 controller of a model: its blocks, the entries that are frozen, and those that nobody else may open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from handcrafted.model.blocks import Block
from handcrafted.model.weights import Weights

if TYPE_CHECKING:
    from handcrafted.loading.control_structure import ControlStructure


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


def free(structure: ControlStructure, blocks: tuple[Block, ...], masks: Weights) -> Weights:
    """Mark every entry that may act and does not belong to the Layer 0 controller, as booleans."""
    shut = frozen(base_blocks(structure, blocks), masks)
    return masks.map(lambda mask, no: np.asarray(mask) & ~no, shut)


def parts_of(blocks: tuple[Block, ...], masks: Weights) -> Weights:
    """Mark every entry of the heads, the neurons and the outputs of some blocks, whatever it reads or writes."""
    found = masks.map(lambda mask: np.zeros(np.shape(mask), bool))
    for place in (place for block in blocks for place in block.circuits):
        numbers = np.array(place.components)
        names = ("W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V") if place.part == "attention" else ("W_out", "b_in")
        for name in names:
            found[name][place.layer, numbers] = True
        if place.part == "mlp":
            found.W_in[place.layer][:, numbers] = True
    for column in (i for block in blocks for i in block.outputs):
        found.W_U[:, column] = True
    return found


def writing_to(blocks: tuple[Block, ...], masks: Weights) -> Weights:
    """Mark every entry that writes to the coordinates of some blocks, or to those of the inputs that they read."""
    found = masks.map(lambda mask: np.zeros(np.shape(mask), bool))
    own = np.array([i for block in blocks for i in (*block.own, *block.inputs)], int)
    for name in ("W_E", "b_E", "W_O", "b_O", "W_out", "b_out", "W_R"):
        found[name][..., own] = True
    return found
