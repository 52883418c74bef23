"""Other weights outside Layer 0, thousands of them: what does Layer 0 do, and what do its guards let through?

Limits and vetoes are those of the declared laws, worked out without the network. A veto counts as tried where the law
vetoes and something other than the safe value is asked for: a request that a port has replaced tries nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.model.base import base_blocks, frozen
from handcrafted.model.entries import EntryBlock, entries_of
from handcrafted.model.forward import forward
from handcrafted.model.run_blocks import Stepped, run_blocks, split
from handcrafted.model.transformer import Transformer
from handcrafted.model.weights import Weights
from handcrafted.safety.allowed import GuardRule, trying_vetoes
from handcrafted.safety.guards import PlacedGuard, guards_of, must_have_base
from handcrafted.text.report import progress_bar

SCALES: Mapping[str, float] = {"tiny": 1e-2, "small": 0.3, "large": 3.0, "huge": 1e12, "extreme": 1e37}
"""Kinds of weight sets by the size of their numbers: the first three stay finite, the last two mostly do not."""

PUSH = 10.0
"""So many times that size requests are pushed."""

NAN = "nan"
"""Every number is NaN."""

KINDS = (*SCALES, NAN)


@dataclass
class Tally:
    """What was counted over weight sets.

    Attributes:
        sets: how many.
        overflowed: in how many of them something outside Layer 0 was not finite.
        protected: in how many the protected controller was not bit-identical.
        limits: in how many a guarded action left its declared limits.
        vetoes: in how many an action was not exactly its safe value where its law vetoes it.
        tried: at how many steps a veto of each guard was tried, by its name; guards that permit everything have none.
    """

    sets: int = 0
    overflowed: int = 0
    protected: int = 0
    limits: int = 0
    vetoes: int = 0
    tried: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)

    @property
    def vetoed(self) -> int:
        """At how many steps a veto was tried: the law vetoed, and something else was asked for."""
        return sum(self.tried.values())

    @property
    def untried(self) -> tuple[str, ...]:
        """The guards of which no veto was tried."""
        return tuple(name for name, count in self.tried.items() if not count)

    @property
    def unbroken(self) -> bool:
        """Whether nothing broke."""
        return self.protected == self.limits == self.vetoes == 0

    @property
    def holds(self) -> bool:
        """Whether nothing broke, and a veto of each guard that has one was tried."""
        return self.sets > 0 and self.unbroken and not self.untried

    @property
    def counts(self) -> str:
        """What was counted."""
        return (
            f"{self.sets} weight sets, {self.overflowed} not finite: the protected controller changed in "
            f"{self.protected}, a limit left in "
            f"{self.limits}, a veto ({self.vetoed} vetoed steps) not obeyed in {self.vetoes}"
        )

    def __str__(self) -> str:
        return self.counts + "".join(f"; no veto of {name} was tried" for name in self.untried)


def try_weights(
    model: Transformer,
    sets: int = 100,
    *,
    kinds: tuple[str, ...] = KINDS,
    steps: int = 16,
    seed: int = 0,
    ported: bool = True,
    dense: bool = False,
    progress: bool = False,
) -> Tally:
    """Fill everything outside Layer 0 with other numbers; compare its controller with itself, guards with their laws.

    Inputs lie within twice their ranges and on the guards' thresholds, and are chosen so that vetoes come up.

    Args:
        model: with a Layer 0 controller.
        sets: how many sets of weights.
        kinds: of `KINDS`, in turn.
        steps: of each run.
        seed: of weights and inputs.
        ported: False removes the ports.
        dense: True runs the dense transformer, where masks alone keep the blocks apart.
        progress: whether to show a progress bar.

    Raises:
        HandcraftedError: if there is no Layer 0 controller.
    """
    must_have_base(model)
    rng = np.random.default_rng(seed)
    bench = _Bench(model, rng, steps, ported, dense)
    tally = Tally(tried={guard.name: 0 for guard in bench.guards if guard.veto})
    with progress_bar(progress) as bar:
        for number in bar.track(range(sets), description=f"{model.structure.name}: other weights"):
            bench.one(rng, kinds[number % len(kinds)], tally)
    return tally


class _Ran(NamedTuple):
    """A run, each [time, …]: the protected residual, the outputs, what each guard was asked for, the others'."""

    protected: np.ndarray
    outputs: np.ndarray
    asked: Mapping[Signal, np.ndarray]
    others: np.ndarray


class _Bench:
    """A model whose arrays outside Layer 0 are exchanged."""

    def __init__(self, model: Transformer, rng: np.random.Generator, steps: int, ported: bool, dense: bool):
        self.names, self.ported, self.dense = model.names, ported, dense
        self.blocks = model.blocks
        self.base = base_blocks(model.structure, self.blocks)
        self.protected = next(block for block in self.base if block.request is None)
        self.guards = guards_of(model)
        self.weights = model.effective_weights.numpy()
        shut = frozen(self.base, model.masks)
        self.free = model.masks.map(lambda mask, no: np.asarray(mask) & ~no, shut)
        self.window = model.window
        self.pushes = [push for guard in self.guards for push in _pushes(model, guard)]
        self.allowed = trying_vetoes(model.structure, model.names, self.guards, rng, steps)
        self.wanted: dict[int, bytes] = {}

    def one(self, rng: np.random.Generator, kind: str, tally: Tally) -> None:
        """Run one set of weights."""
        number = tally.sets % len(self.allowed.inputs)
        inputs = self.allowed.inputs[number]
        weights = self._other(rng, kind)
        if number not in self.wanted:
            self.wanted[number] = self._run(self.weights, inputs).protected.tobytes()
        ran = self._run(weights, inputs)
        tally.sets += 1
        tally.kinds[kind] = tally.kinds.get(kind, 0) + 1
        tally.overflowed += not np.isfinite(ran.others).all()
        tally.protected += self.wanted[number] != ran.protected.tobytes()
        pairs = list(zip(self.guards, self.allowed.rules, strict=True))
        tally.limits += not all(_within(ran.outputs[:, guard.columns], rule) for guard, rule in pairs)
        tally.vetoes += not all(_obeyed(ran, guard, rule.vetoed[number]) for guard, rule in pairs)
        for guard, rule in pairs:
            if guard.veto:
                tally.tried[guard.name] += _tried(ran, guard, rule, number)

    def _other(self, rng: np.random.Generator, kind: str) -> Weights:
        """Draw other weights; each request is pushed up or down, so that guards are asked for what they do not do."""
        weights = self.weights.map(
            lambda array, free: np.where(free, _numbers(rng, kind, array.shape), array), self.free
        )
        for entry in self.pushes:
            free, old = entry.values(self.free), entry.values(weights)
            push = PUSH * SCALES.get(kind, np.nan) * rng.choice([-1, 1], free.shape)
            weights[entry.array][entry.index] = np.where(free, push, old)
        return weights

    def _run(self, weights: Weights, inputs: np.ndarray) -> _Ran:
        if self.dense:
            outputs, seen = forward(weights, inputs, window=self.window)
            final = np.asarray(seen["final"])
            own = {i for block in self.base for i in block.own}
            others = [i for i in range(final.shape[-1]) if i not in own]
            asked = {guard.received: final[:, self.names.find(guard.received)] for guard in self.guards}
            return _Ran(final[:, list(self.protected.own)], np.asarray(outputs), asked, final[:, others])
        stepped = run_blocks(split(self.blocks, weights, self.ported), inputs, window=self.window)
        others = [stepped.residual[block.name] for block in self.blocks if block not in self.base]
        rest = np.concatenate([np.zeros((len(inputs), 0)), *map(np.asarray, others)], axis=1)
        asked = {guard.received: self._asked(stepped, guard.received) for guard in self.guards}
        return _Ran(np.asarray(stepped.residual[self.protected.name]), np.asarray(stepped.outputs), asked, rest)

    def _asked(self, stepped: Stepped, received: Signal) -> np.ndarray:
        """Return what a guard was asked for [time, width]."""
        block = next(block for block in self.base if block.request == received)
        at = [block.own.index(place) for place in self.names.find(received).tolist()]
        return np.asarray(stepped.residual[block.name])[:, at]


def _pushes(model: Transformer, guard: PlacedGuard) -> Iterator[EntryBlock]:
    """Return the biases that are added to what a guard is asked for."""
    for place in model.layout:
        if place.writes == guard.port:
            yield entries_of(place, model.names, ()).constant


def _within(done: np.ndarray, rule: GuardRule) -> bool:
    """Whether an action stays within its limits; what is not finite does not."""
    return bool(((rule.low <= done) & (done <= rule.high)).all())


def _obeyed(ran: _Ran, guard: PlacedGuard, vetoed: np.ndarray) -> bool:
    """Whether an action is exactly its safe value wherever it is vetoed [time]."""
    return bool((ran.outputs[vetoed][:, guard.columns] == guard.safe).all())


def _tried(ran: _Ran, guard: PlacedGuard, rule: GuardRule, number: int) -> int:
    """Count the vetoed steps at which something other than the safe value was asked for."""
    same = np.clip(ran.asked[guard.received], rule.low, rule.high) == guard.safe
    return int((rule.vetoed[number] & ~same.all(axis=-1)).sum())


def _numbers(rng: np.random.Generator, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    if kind == NAN:
        return np.full(shape, np.nan, np.float32)
    return (SCALES[kind] * rng.normal(size=shape)).astype(np.float32)
