"""Who can make whom wrong: NaN in every array of one block at once, and see where it arrives."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import networkx as nx
import numpy as np

from handcrafted.control.graph import SignalGraph
from handcrafted.model.blocks import Block
from handcrafted.model.run_blocks import Blocks, Stepped, run_blocks


def poisoned(blocks: Blocks, owners: frozenset[str]) -> Blocks:
    """Put NaN into every array of some controllers, guards included."""
    bad = {block.name for block in blocks.blocks if block.owner in owners}
    fill = lambda array: np.full_like(array, np.nan)
    arrays = {name: jax.tree.map(fill, dict(own)) if name in bad else own for name, own in blocks.arrays.items()}
    return Blocks(blocks.blocks, arrays, blocks.ported)


def reached(stepped: Stepped) -> frozenset[str]:
    """Name the blocks in which anything is not finite."""
    return frozenset(name for name, values in stepped.residual.items() if not np.isfinite(np.asarray(values)).all())


def influence(blocks: Blocks, inputs: np.ndarray) -> dict[str, frozenset[str]]:
    """Give, for each controller, the blocks that NaN in all its arrays reaches where no port stands in the way.

    Args:
        blocks: of a model.
        inputs: [time, n_in]; as many steps as controllers, for feedback between them takes a step each.
    """
    bare = Blocks(blocks.blocks, blocks.arrays, ported=False)
    owners = dict.fromkeys(block.owner for block in blocks.blocks)
    return {owner: reached(run_blocks(poisoned(bare, frozenset({owner})), inputs)) for owner in owners}


def declared_influence(blocks: tuple[Block, ...], graph: SignalGraph) -> Mapping[str, frozenset[str]]:
    """Return the same as the control structure declares it: the blocks that some path of signals leads to."""
    home = {place.writes: block.name for block in blocks for place in block.circuits}
    signals = nx.DiGraph((edge.source, edge.target) for edge in graph.edges)
    found = {}
    for owner in dict.fromkeys(block.owner for block in blocks):
        own = [place.writes for block in blocks if block.owner == owner for place in block.circuits]
        ends = set(own).union(*(nx.descendants(signals, signal) for signal in own if signal in signals))
        found[owner] = frozenset(home[signal] for signal in ends if signal in home)
    return found
