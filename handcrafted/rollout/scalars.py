"""A traced function of small arrays as a straight-line program of single numbers, which any language can write down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

Number = int
"""A number by its place in a program; it depends on numbers of smaller places alone."""

GIVEN, CONSTANT = "given", "constant"


class NotScalarError(Exception):
    """What was traced holds something that is no arithmetic of single numbers, such as a loop."""


class Operation(NamedTuple):
    """How one number comes about.

    Attributes:
        kind: `given` (by its place among the arguments), `constant`, or the name of an operation of JAX.
        of: what it is worked out from.
        value: of a constant; of what is given its place; of a power its exponent.
        truth: whether it is true or false, and no float32.
    """

    kind: str
    of: tuple[Number, ...] = ()
    value: Any = None
    truth: bool = False


@dataclass
class ScalarProgram:
    """A straight-line program.

    Attributes:
        operations: in order, each once.
        results: of each array that the function gives, its numbers.
    """

    operations: list[Operation] = field(default_factory=list)
    results: list[np.ndarray] = field(default_factory=list)
    _known: dict[Operation, Number] = field(default_factory=dict)

    def add(self, operation: Operation) -> Number:
        """Return the place of an operation, a new one where there is none yet."""
        if operation not in self._known:
            self._known[operation] = len(self.operations)
            self.operations.append(operation)
        return self._known[operation]

    def constant(self, value: Any) -> Number:
        """Return the place of a constant; a zero keeps its sign."""
        array = np.asarray(value)
        if array.dtype == bool:
            return self.add(Operation(CONSTANT, value=bool(array), truth=True))
        if not np.issubdtype(array.dtype, np.number):
            raise NotScalarError(f"a constant of {array.dtype}")
        return self.add(Operation(CONSTANT, value=np.float32(array).tobytes()))

    def constants(self, values: Any) -> np.ndarray:
        """Return the places of an array of constants."""
        array = np.asarray(values)
        found = np.empty(array.shape, object)
        for index in np.ndindex(*array.shape):
            found[index] = self.constant(array[index])
        return found


def traced(function: Callable[..., Any], *arguments: Any) -> tuple[ScalarProgram, Any]:
    """Trace a function of trees of arrays, and write it as a program whose givens are the arguments' numbers in order.

    Returns:
        The program, and the tree of what the function gives, as shapes.

    Raises:
        NotScalarError: if it does anything that is no arithmetic of single numbers.
    """
    closed, shape = jax.make_jaxpr(function, return_shape=True)(*arguments)
    program, given, place = ScalarProgram(), [], 0
    for leaf in jax.tree.leaves(arguments):
        size = int(np.size(leaf))
        numbers = [program.add(Operation(GIVEN, value=place + i)) for i in range(size)]
        given.append(_object(numbers, np.shape(leaf)))
        place += size
    program.results = _run(program, closed, given)
    return program, shape


def _object(numbers: Sequence[Number], shape: tuple[int, ...]) -> np.ndarray:
    found = np.empty(len(numbers), object)
    found[:] = numbers
    return found.reshape(shape)


def _run(program: ScalarProgram, closed: ClosedJaxpr, given: Sequence[np.ndarray]) -> list[np.ndarray]:
    jaxpr: Jaxpr = closed.jaxpr
    known: dict[Any, np.ndarray] = dict(zip(jaxpr.constvars, map(program.constants, closed.consts), strict=True))
    known |= dict(zip(jaxpr.invars, given, strict=True))
    read = lambda one: program.constants(one.val) if isinstance(one, Literal) else known[one]
    for equation in jaxpr.eqns:
        found = _of(program, equation, [read(one) for one in equation.invars])
        known |= dict(zip(equation.outvars, found, strict=True))
    return [read(one) for one in jaxpr.outvars]


ELEMENTWISE = frozenset(
    "add sub mul div max min neg abs sign floor ceil sqrt exp exp2 expm1 log log1p tanh sin cos pow rem round "
    "is_finite not and or xor eq ne lt le gt ge select_n integer_pow square stop_gradient copy".split()
)
"""Operations on single numbers."""

TRUTHS = frozenset("is_finite not and or xor eq ne lt le gt ge".split())
"""Those of them that give true or false."""

MOVING = frozenset(
    "reshape squeeze expand_dims broadcast_in_dim slice dynamic_slice gather transpose concatenate stack rev "
    "split".split()
)
"""Operations that move numbers about and leave them as they are."""

FOLDS = {"reduce_or": "or", "reduce_and": "and", "reduce_max": "max", "reduce_min": "min", "reduce_sum": "add"}
"""Operations that put the numbers along some axes together, and by what."""

SAME = frozenset(("stop_gradient", "copy"))


def _of(program: ScalarProgram, equation: Any, given: list[np.ndarray]) -> list[np.ndarray]:
    """Return the numbers that one equation gives."""
    name, parameters = equation.primitive.name, equation.params
    for key in ("jaxpr", "call_jaxpr"):
        if isinstance(inner := parameters.get(key), ClosedJaxpr) and name not in ("while", "scan", "cond"):
            return _run(program, inner, given)
    if given and not equation.primitive.multiple_results and all(_constant(program, one) for one in given):
        return [program.constants(_evaluated(equation, [_values(program, one) for one in given]))]
    if name in ELEMENTWISE:
        return [_elementwise(program, name, parameters, given)]
    if name == "convert_element_type":
        return [_converted(program, parameters["new_dtype"], given[0], equation.invars[0].aval.dtype)]
    if name in MOVING:
        return _moved(program, equation, given)
    if name in FOLDS:
        return [_folded(program, FOLDS[name], parameters["axes"], given[0])]
    if name == "dot_general":
        return [_dot(program, parameters["dimension_numbers"], *given)]
    raise NotScalarError(name)


def _constant(program: ScalarProgram, numbers: np.ndarray) -> bool:
    return all(program.operations[number].kind == CONSTANT for number in numbers.ravel())


def _evaluated(equation: Any, values: Sequence[np.ndarray]) -> np.ndarray:
    """Return what an operation gives of constants."""
    types = (one.aval.dtype for one in equation.invars)
    with jax.ensure_compile_time_eval():
        exact = [jnp.asarray(value.astype(kind)) for value, kind in zip(values, types, strict=True)]
        return np.asarray(equation.primitive.bind(*exact, **equation.params))


def _elementwise(program: ScalarProgram, name: str, parameters: Mapping[str, Any], given: list) -> np.ndarray:
    if name in SAME:
        return given[0]
    if name == "round" and int(parameters["rounding_method"]) != int(jax.lax.RoundingMethod.TO_NEAREST_EVEN):
        raise NotScalarError("rounding that is not to the nearest even number")
    shape = np.broadcast_shapes(*(one.shape for one in given))
    spread, found = [np.broadcast_to(one, shape) for one in given], np.empty(shape, object)
    for index in np.ndindex(*shape):
        of: tuple[Number, ...] = tuple(int(one[index]) for one in spread)
        truth = name in TRUTHS or (name == "select_n" and program.operations[of[1]].truth)
        found[index] = program.add(Operation(name, of, parameters.get("y"), truth))
    return found


def _converted(program: ScalarProgram, to: Any, given: np.ndarray, old: Any) -> np.ndarray:
    """Numbers are floats here; a truth becomes 1 or 0, and a float no whole number."""
    if np.issubdtype(to, np.floating) and old == np.bool_:
        one, zero = program.constant(np.float32(1)), program.constant(np.float32(0))
        turned = [program.add(Operation("select_n", (number, zero, one))) for number in given.ravel().tolist()]
        return _object(turned, given.shape)
    if np.issubdtype(to, np.floating) == np.issubdtype(old, np.floating) and to != np.bool_:
        return given
    raise NotScalarError(f"a conversion from {old} to {to}")


def _moved(program: ScalarProgram, equation: Any, given: list[np.ndarray]) -> list[np.ndarray]:
    """Let the operation move places, and follow them; indices must be constants."""
    moving = [one for one in given if one.size] if equation.primitive.name in ("concatenate", "stack") else given[:1]
    indices = [] if len(moving) == len(given) else given[len(moving) :]
    numbers = np.concatenate([one.ravel() for one in moving]) if moving else np.zeros(0, object)
    places, start = [], 0
    for one in moving:
        places.append(jnp.arange(start, start + one.size, dtype=jnp.int32).reshape(one.shape))
        start += one.size
    kind = equation.invars[-1].aval.dtype
    fixed = [jnp.asarray(_values(program, one).astype(kind)) for one in indices]
    with jax.ensure_compile_time_eval():
        found = equation.primitive.bind(*places, *fixed, **equation.params)
    results = found if equation.primitive.multiple_results else [found]
    return [_object(numbers[np.asarray(one).ravel()].tolist(), np.shape(one)) for one in results]


def _values(program: ScalarProgram, numbers: np.ndarray) -> np.ndarray:
    """Return constants as numbers.

    Raises:
        NotScalarError: if one is none.
    """
    found = np.empty(numbers.shape, np.float32)
    for index in np.ndindex(*numbers.shape):
        operation = program.operations[numbers[index]]
        if operation.kind != CONSTANT:
            raise NotScalarError("an index that is worked out")
        value = operation.value
        found[index] = np.frombuffer(value, np.float32)[0] if isinstance(value, bytes) else value
    return found


def _folded(program: ScalarProgram, name: str, axes: Sequence[int], given: np.ndarray) -> np.ndarray:
    kept = [axis for axis in range(given.ndim) if axis not in axes]
    rows = given.transpose(*kept, *axes).reshape(*(given.shape[axis] for axis in kept), -1)
    if not rows.shape[-1]:
        raise NotScalarError("a fold of nothing")
    found = np.empty(rows.shape[:-1], object)
    join = lambda one, other: program.add(Operation(name, (one, other), None, name in TRUTHS))
    for index in np.ndindex(*found.shape):
        found[index] = reduce(join, rows[index])
    return found


def _dot(program: ScalarProgram, numbers: Any, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Sums of products in the order of the axis, from 0 on."""
    (over, over_right), (batch, _) = numbers
    if batch or len(over) != 1 or left.ndim > 2 or right.ndim > 2:
        raise NotScalarError("a product of arrays of more than two axes")
    rows, columns = np.moveaxis(left, over[0], -1), np.moveaxis(right, over_right[0], 0)
    shape = (*rows.shape[:-1], *columns.shape[1:])
    found, zero = np.empty(shape, object), program.constant(np.float32(0))
    for index in np.ndindex(*shape):
        row, column = rows[index[: rows.ndim - 1]], columns[(slice(None), *index[rows.ndim - 1 :])]
        total = zero
        for pair in zip(row, column, strict=True):
            total = program.add(Operation("add", (total, program.add(Operation("mul", pair)))))
        found[index] = total
    return found
