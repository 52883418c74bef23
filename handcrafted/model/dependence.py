"""What depends on what in a traced program, and whom NaN in one controller would reach without ports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import networkx as nx
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from handcrafted.control.graph import SignalGraph
from handcrafted.model.blocks import Block
from handcrafted.model.run_blocks import Blocks, Stepped, run_blocks

Sets = list[frozenset[int]]

CALLS = ("jaxpr", "call_jaxpr", "fun_jaxpr")
"""Where an equation that merely calls keeps what it calls."""


def dependence(function: Callable[..., Any], *arguments: Any) -> dict[str, frozenset[str]]:
    """Give, for each leaf of a function's result, the leaves of its arguments on which it can depend.

    Leaves are named by their paths, such as `[0].arrays['thermostat']['W_R']`. The function is traced and not run, so
    that the answer holds for every value of the arguments, NaN included. Loops are followed until nothing new comes.

    Formula: a result depends on what any equation on a path to it reads; of loops and branches on what decides, too.
    Source: program slicing (Weiser 1981, Program slicing) on a program without pointers.
    Error: never misses a dependence; may report one that cancels.
    """
    traced, shape = jax.make_jaxpr(function, return_shape=True)(*arguments)
    names = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_flatten_with_path(arguments)[0]]
    results = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_flatten_with_path(shape)[0]]
    found = _through(traced, [frozenset({i}) for i in range(len(names))])
    return {result: frozenset(names[i] for i in reached) for result, reached in zip(results, found, strict=True)}


def _through(closed: ClosedJaxpr | Jaxpr, given: Sequence[frozenset[int]]) -> Sets:
    """Push what its inputs depend on through a program; give what its results depend on."""
    program: Any = getattr(closed, "jaxpr", closed)
    known: dict[Any, frozenset[int]] = dict(zip(program.invars, given, strict=True))
    of = lambda atom: frozenset() if isinstance(atom, Literal) else known.get(atom, frozenset())
    for equation in program.eqns:
        reads = [of(atom) for atom in equation.invars]
        known.update(zip(equation.outvars, _equation(equation, reads), strict=True))
    return [of(atom) for atom in program.outvars]


def _equation(equation: Any, reads: Sets) -> Sets:
    """Say what each result of one equation depends on."""
    name, inside = equation.primitive.name, equation.params
    if name == "scan":
        return _scan(inside, reads)
    if name == "while":
        return _while(inside, reads)
    if name == "cond":
        branches = [_through(branch, reads[1:]) for branch in inside["branches"]]
        return [reads[0].union(*found) for found in zip(*branches, strict=True)]
    for key in CALLS:
        called = inside.get(key)
        if called is not None and len(getattr(called, "jaxpr", called).invars) == len(reads):
            return _through(called, reads)
    everything = frozenset[int]().union(*reads)
    return [everything] * len(equation.outvars)


def _scan(inside: Any, reads: Sets) -> Sets:
    consts, carried = _scan_sizes(inside)
    carry = reads[consts : consts + carried]
    while True:
        found = _through(inside["jaxpr"], [*reads[:consts], *carry, *reads[consts + carried :]])
        grown = [old | new for old, new in zip(carry, found[:carried], strict=True)]
        if grown == carry:
            return [*carry, *found[carried:]]
        carry = grown


def _scan_sizes(inside: Any) -> tuple[int, int]:
    """How many constants and how many carried values a scan reads, as jax says it until 0.11 and from 0.12 on."""
    if "num_consts" in inside:
        return inside["num_consts"], inside["num_carry"]
    consts, carried, _ = (len(part.vals) for part in inside["ft_in"].unpack())
    return consts, carried


def _while(inside: Any, reads: Sets) -> Sets:
    first, second = inside["cond_nconsts"], inside["body_nconsts"]
    carry = reads[first + second :]
    while True:
        (decides,) = _through(inside["cond_jaxpr"], [*reads[:first], *carry])
        found = _through(inside["body_jaxpr"], [*reads[first : first + second], *carry])
        grown = [old | new | decides for old, new in zip(carry, found, strict=True)]
        if grown == carry:
            return carry
        carry = grown


def poisoned(blocks: Blocks, owners: frozenset[str]) -> Blocks:
    """Put NaN into every array of some controllers, guards included."""
    bad = {block.name for block in blocks.blocks if block.owner in owners}
    fill = lambda array: np.full_like(array, np.nan)
    arrays = {name: jax.tree.map(fill, own) if name in bad else own for name, own in blocks.arrays.items()}
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
