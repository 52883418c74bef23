"""Which results of a JAX function can depend on which of its arguments: a proof from the traced program, no sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

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
