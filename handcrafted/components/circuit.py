"""A circuit: what one named part of one controller is made of, in local coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.control.numbers import finite_numbers, must_have_axes
from handcrafted.control.parts import LEAST, MOST
from handcrafted.control.vocabulary import Role
from handcrafted.text.diagnostics import HandcraftedError, all_are, must_be


@dataclass(frozen=True)
class Head:
    """One attention head. Rows of the kernels are the circuit's read coordinates, in order.

    Attributes:
        query: bias of the query [2], in the rotary plane; scores are stated as they stand after scaling.
        key: bias of the key [2], in the rotary plane.
        value: W_V [read, d].
        output: W_O [d, write].
    """

    query: np.ndarray
    key: np.ndarray
    value: np.ndarray
    output: np.ndarray


@dataclass(frozen=True)
class Neurons:
    """A group of ReLU neurons: y = relu(x into + bias) out.

    Attributes:
        into: W_in [read, neuron].
        bias: b_in [neuron].
        out: W_out [neuron, write].
    """

    into: np.ndarray
    bias: np.ndarray
    out: np.ndarray


BODY_AXES = {
    Head: {"query": ("plane",), "key": ("plane",), "value": ("read", "d"), "output": ("d", "write")},
    Neurons: {"into": ("read", "neuron"), "bias": ("neuron",), "out": ("neuron", "write")},
}
"""The axes of a body's arrays, by name."""


class Site(NamedTuple):
    """Where a circuit is to stand: whose it is, what it reads and what it writes."""

    owner: str
    reads: tuple[Signal, ...]
    write: Signal


@dataclass(frozen=True)
class Circuit:
    """One stage of one controller: it reads a few subspaces and writes exactly one.

    Attributes:
        body: a head or a group of neurons.
        formula: what it computes.
        source: where the formula comes from.
        error: its worst-case error.

    Example:
        >>> from handcrafted.components.circuit import Circuit
        >>> from handcrafted.craft.plan import circuits_of
        >>> circuits = circuits_of(hc.load(find("heated room")).resolved)
        >>> isinstance(circuits[0], Circuit), circuits[0].name
        (True, 'thermostat.temperature.head')
    """

    name: str
    owner: str
    role: Role
    reads: tuple[Signal, ...]
    writes: Signal
    body: Head | Neurons
    formula: str
    source: str
    error: str

    def __post_init__(self) -> None:
        """Check what a user can get wrong.

        Raises:
            HandcraftedError: if a part is of another type, or arrays do not fit each other.
        """
        for field in ("name", "owner", "formula", "source", "error"):
            must_be(getattr(self, field), str, f"a text as the {field} of a circuit")
        must_be(self.role, Role, "a Role as the role of a circuit")
        must_be(self.writes, Signal, "a Signal that a circuit writes")
        all_are(self.reads, Signal, "the signals that a circuit reads")
        must_be(self.body, Head | Neurons, "a Head or Neurons as the body of a circuit")
        sizes: dict[str, int] = {"plane": 2}
        for field, axes in BODY_AXES[type(self.body)].items():
            array = getattr(self.body, field)
            finite_numbers(f"the array `{field}` of {self.name}", array)
            must_have_axes(f"the array `{field}` of {self.name}", array, sizes, axes)
            sizes |= dict(zip(axes, np.shape(array), strict=True))

    @property
    def width(self) -> int:
        """How many coordinates it writes."""
        return self.body.output.shape[1] if isinstance(self.body, Head) else self.body.out.shape[1]

    @property
    def reading(self) -> int:
        """How many coordinates it reads."""
        return len(self.body.value if isinstance(self.body, Head) else self.body.into)

    @property
    def size(self) -> int:
        """How many heads or neurons it takes."""
        return 1 if isinstance(self.body, Head) else len(self.body.bias)

    @property
    def attends(self) -> bool:
        """Whether it is a head and not neurons."""
        return isinstance(self.body, Head)


def circuit(site: Site, kind: str, body: Head | Neurons, formula: str, source: str, error: str) -> Circuit:
    """Make a circuit at a site; its role is that of the subspace that it writes.

    Raises:
        HandcraftedError: if float32 cannot hold one of its numbers.
    """
    name = f"{site.owner}.{site.write.name}.{kind}"
    for field, array in vars(body).items():
        size = np.abs(array)
        fits = (size <= MOST) & ((size >= LEAST) | (size == 0))  # NaN does not
        if not fits.all():
            bad = array[~fits]
            raise HandcraftedError(
                f"Expected in {name} numbers that float32 holds, 0 or {LEAST:.2g} to {MOST:.2g} in size, got "
                f"{bad[0]:.3g} in its array `{field}` ({formula}). Choose gains, limits and a time step of usual size."
            )
    return Circuit(name, site.owner, Role(site.write.role), site.reads, site.write, body, formula, source, error)
