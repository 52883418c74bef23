"""Running a model block by block: the same sums as the dense transformer, each from what its block may read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jax.typing import ArrayLike

from handcrafted.control.graph import OUTPUT, Signal
from handcrafted.control.library import compiled, matmul
from handcrafted.control.vocabulary import WINDOW
from handcrafted.model.arrays import on_host
from handcrafted.model.blocks import Block, BlockPart, Positions, Source
from handcrafted.model.component import EndArrays, HeadArrays, NeuronArrays
from handcrafted.model.edit import AffineEdit, Edit
from handcrafted.model.entries import EntryBlock
from handcrafted.model.half_layer import attention, mlp, project, touched
from handcrafted.model.names import Names
from handcrafted.model.weights import Weights

ByBlock = Mapping[str, Any]

PORT = "port"


@partial(jax.tree_util.register_dataclass, data_fields=["arrays"], meta_fields=["blocks", "ported"])
@dataclass(frozen=True)
class Blocks:
    """A model's effective weights, cut into blocks.

    Attributes:
        blocks: which they are.
        arrays: by block; none is shared.
        ported: whether ports replace what is not finite; without them nothing is guaranteed.
    """

    blocks: tuple[Block, ...]
    arrays: Mapping[str, BlockArrays]
    ported: bool = True


class BlockState(NamedTuple):
    """What is remembered between steps: the carry of each block [own], and its rings of past keys and values.

    The rings are by block and half-layer [past, head, d_head], oldest first.
    """

    carry: ByBlock
    keys: Mapping[str, ByBlock]
    values: Mapping[str, ByBlock]


class Stepped(NamedTuple):
    """What one step gives.

    Attributes:
        outputs: of the network [n_out].
        residual: of each block at the end of the step [own].
        faults: whether a port caught a value that is not finite [port], see `ports_of`.
    """

    outputs: Array
    residual: ByBlock
    faults: Array


class BlockArrays(NamedTuple):
    """The arrays of one block.

    Attributes:
        ends: of what enters, leaves and goes round.
        inputs: what stood in its inputs before t = 0 [input].
        halves: of its heads and neurons, by half-layer.
    """

    ends: EndArrays
    inputs: Any
    halves: Mapping[str, HeadArrays | NeuronArrays]


def split(blocks: tuple[Block, ...], weights: Weights, ported: bool = True) -> Blocks:
    """Gather each block's arrays from effective weights.

    Before anything is compiled, so that a traced program shows what depends on what; weights may be traced too.
    """
    traced = any(isinstance(array, Tracer) for _, array in weights.items())
    d_head, arrays = weights.sizes["d_head"], weights if traced else weights.map(on_host)

    def own(block: EntryBlock) -> Any:
        return arrays[block.array][block.index] if traced else np.array(block.values(arrays), np.float32)

    def of_layer(half: HeadArrays | NeuronArrays) -> HeadArrays | NeuronArrays:
        return type(half)(*(own(block)[0] for block in half))

    found = {}
    for block in blocks:
        halves = {half: of_layer(entries) for half, entries in block.halves(d_head).items()}
        found[block.name] = BlockArrays(EndArrays(*map(own, block.ends())), own(block.initial_of_inputs()), halves)
    return Blocks(blocks, found, ported)


def ports_of(blocks: tuple[Block, ...], names: Names) -> tuple[Signal, ...]:
    """Name the ports in the order of their faults: what a controller gathers from others, then the outputs.

    A port is named after its reader and what it reads; an output of several coordinates has as many ports.
    """
    gathered = (Signal(block.owner, PORT, source.signal.name) for block in blocks for source in _ported(block))
    outputs = (names.outputs[column].node(OUTPUT) for block in blocks for column in block.outputs)
    return (*gathered, *outputs)


def _ported(block: Block) -> tuple[Source, ...]:
    return tuple(dict.fromkeys(source for part in block.parts for source in part.sources if source.safe))


def start(blocks: Blocks, window: int = WINDOW) -> BlockState:
    """Return the state before t = 0, as if the residual had been `r_0` at every layer for ever."""
    arrays, first = blocks.arrays, before(blocks)
    keys, values = {}, {}
    for block in blocks.blocks:
        rings = {str(part.half): _first(part, block, blocks, first, window) for part in block.parts if part.attends}
        keys[block.name], values[block.name] = ({half: pair[i] for half, pair in rings.items()} for i in (0, 1))
    carry = {name: matmul(first[name], own.ends.recurrence, "m,mn->n") for name, own in arrays.items()}
    return BlockState(carry, keys, values)


def cut_state(blocks: tuple[Block, ...], dense_carry: Any, dense_keys: Any, dense_values: Any) -> BlockState:
    """Gather from numbers that lie like the parts of the dense state what belongs to each block's."""
    carry, rings = {}, ({}, {})
    for block in blocks:
        carry[block.name] = dense_carry[np.array(block.own, int)]
        for kind, found in zip((dense_keys, dense_values), rings, strict=True):
            parts = [part for part in block.parts if part.attends]
            found[block.name] = {str(p.half): kind[p.layer][:, np.array(p.components)] for p in parts}
    return BlockState(carry, *rings)


def before(blocks: Blocks) -> ByBlock:
    """Return what stood in each block before t = 0."""
    return {name: own.ends.initial for name, own in blocks.arrays.items()}


def _first(part: BlockPart, block: Block, blocks: Blocks, first: ByBlock, window: int) -> list[Array]:
    """Return the rings of keys and of values before t = 0."""
    own = blocks.arrays[block.name]
    seen, _ = _gather(part, block, first, own.inputs, blocks.ported)
    heads = own.halves[str(part.half)]
    assert isinstance(heads, HeadArrays)
    return [jnp.repeat(project(*one, seen[None]), window - 1, axis=0) for one in heads.projections[1:]]


def advance_blocks(
    blocks: Blocks, state: BlockState, inputs: Array, edit: Edit | None = None
) -> tuple[BlockState, Stepped]:
    """Run one step, layer by layer in all blocks side by side.

    Args:
        blocks: the model.
        state: what was remembered; begin with `start`.
        inputs: one number per row of `W_E` [n_in].
        edit: an intervention without time axis, on heads, neurons and the stream.
    """
    edit = edit or Edit()
    by_name = {block.name: block for block in blocks.blocks}
    given = {
        name: touched(_embedded(block, blocks.arrays[name], inputs), _at(edit.embed, block.inputs))
        for name, block in by_name.items()
    }
    now = {name: touched(x, _at(edit.embed, by_name[name].own)) for name, x in state.carry.items()}
    caught: dict[str, dict[Source, Array]] = {name: {} for name in by_name}
    keys, values = ({name: dict(rings) for name, rings in kind.items()} for kind in (state.keys, state.values))
    for half in sorted({part.half for block in blocks.blocks for part in block.parts}):
        at_start = dict(now)
        for name, block in by_name.items():
            for part in (part for part in block.parts if part.half == half):
                seen, faults = _gather(part, block, at_start, given[name], blocks.ported)
                caught[name] |= faults
                arrays, at = blocks.arrays[name].halves[str(half)], (part.layer, part.components)
                if isinstance(arrays, HeadArrays):
                    rings = keys[name][str(half)], values[name][str(half)]
                    done = attention(arrays, seen[None], rings, touch=_at(edit.heads, *at))
                    keys[name][str(half)], values[name][str(half)] = done.past
                else:
                    done = mlp(arrays, seen[None], touch=_at(edit.neurons, *at))
                after = _at(edit.mid if part.attends else edit.post, part.layer, block.own)
                writes = now[name].at[np.array(part.writes)]
                now[name] = touched(writes.add(done.added[0]).at[np.array(part.writes)].add(arrays.constant), after)
    outputs, stopped = outputs_of(blocks, now)
    carry = {name: matmul(x, blocks.arrays[name].ends.recurrence, "m,mn->n") for name, x in now.items()}
    gathered = [caught[name][source] for name, block in by_name.items() for source in _ported(block)]
    faults = jnp.concatenate([jnp.array(gathered, bool), stopped])
    return BlockState(carry, keys, values), Stepped(outputs, now, faults)


def _at(touch: AffineEdit | None, *index: int | Positions) -> AffineEdit | None:
    """Return what an intervention does at some places, of one layer where there are layers."""
    if touch is None:
        return None
    place = tuple(np.array(one, int) for one in index)
    return jax.tree.map(lambda part: part[place], touch)


def _embedded(block: Block, own: BlockArrays, inputs: Array) -> Array:
    """Return what the inputs that a block reads put into the stream."""
    return matmul(inputs[np.array(block.rows, int)], own.ends.embedding, "i,im->m") + own.ends.constant


def _gather(
    part: BlockPart, block: Block, now: ByBlock, given: ArrayLike, ported: bool
) -> tuple[Array, dict[Source, Array]]:
    """Return what a part reads, and which ports had to put a safe value."""
    found, faults = [], {}
    for source in part.sources:
        value = jnp.asarray(given if source.block is None else now[source.block])[np.array(source.at)]
        if source.safe:
            value, finite = _port(value, source.safe, ported)
            faults[source] = ~finite.all()
        found.append(value)
    return jnp.concatenate(found) if found else jnp.zeros(0, jnp.float32), faults


def _port(value: Array, safe: tuple[float, ...], ported: bool) -> tuple[Array, Array]:
    finite = jnp.isfinite(value)
    return jnp.where(finite, value, jnp.array(safe, jnp.float32)) if ported else value, finite


def outputs_of(blocks: Blocks, now: ByBlock) -> tuple[Array, Array]:
    """Return the outputs [n_out], each through its port, and which ports had to put a safe value."""
    found = jnp.zeros(sum(len(block.outputs) for block in blocks.blocks), jnp.float32)
    caught = []
    for block in blocks.blocks:
        ends = blocks.arrays[block.name].ends
        value = matmul(now[block.name], ends.unembedding, "m,mo->o") + ends.output_bias
        value, finite = _port(value, block.safe, blocks.ported)
        found = found.at[np.array(block.outputs, int)].set(value)
        caught.append(~finite)
    return found, jnp.concatenate(caught)


def dense_residual(blocks: Blocks, residual: ByBlock, inputs: Array, d_model: int) -> Array:
    """Put the blocks' coordinates back where the whole residual stream [d_model] has them."""
    found = jnp.zeros(d_model, jnp.float32)
    for block in blocks.blocks:
        given = _embedded(block, blocks.arrays[block.name], inputs)
        found = found.at[np.array(block.inputs, int)].set(given)
        found = found.at[np.array(block.own, int)].set(residual[block.name])
    return found


@compiled("window")
def run_blocks(blocks: Blocks, inputs: Array, window: int = WINDOW) -> Stepped:
    """Run a sequence [time, n_in]; every field of the result has a leading time axis."""

    def one_step(state: BlockState, now: Array) -> tuple[BlockState, Stepped]:
        return advance_blocks(blocks, state, now)

    return jax.lax.scan(one_step, start(blocks, window), inputs)[1]
