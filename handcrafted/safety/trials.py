"""Other weights outside Layer 0, thousands of them: what does Layer 0 do, and what do its guards let through?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.progress import progress_bar
from handcrafted.model.forward import forward
from handcrafted.model.layer_0 import base_blocks, frozen
from handcrafted.model.names import Names
from handcrafted.model.run_blocks import run_blocks, split
from handcrafted.model.transformer import Transformer
from handcrafted.model.weights import Weights
from handcrafted.safety.guards import Guard, guards_of, must_have_base

SCALES: Mapping[str, float] = {"tiny": 1e-2, "small": 0.3, "large": 3.0, "huge": 1e12, "extreme": 1e37}
"""Kinds of weight sets by the size of their numbers: the first three stay finite, the last two mostly do not."""

NAN = "nan"
"""Every number is NaN."""

KINDS = (*SCALES, NAN)


@dataclass
class Tally:
    """What was counted over weight sets.

    Attributes:
        sets: how many.
        overflowed: in how many of them something outside Layer 0 was not finite.
        brain: in how many the brain was not bit-identical.
        limits: in how many a guarded action left its limits.
        vetoes: in how many a vetoed action was not exactly its safe value.
        vetoed: how many steps were vetoed.
    """

    sets: int = 0
    overflowed: int = 0
    brain: int = 0
    limits: int = 0
    vetoes: int = 0
    vetoed: int = 0
    kinds: dict[str, int] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether nothing broke."""
        return not (self.brain or self.limits or self.vetoes)

    def __str__(self) -> str:
        return (
            f"{self.sets} weight sets, {self.overflowed} not finite: brain changed in {self.brain}, a limit left in "
            f"{self.limits}, a veto ({self.vetoed} vetoed steps) not obeyed in {self.vetoes}"
        )


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
    """Fill everything outside Layer 0 with other numbers, and compare Layer 0 with itself.

    Each set gets random inputs of its own, within twice their ranges.

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
    bench = _Bench(model, steps, ported, dense)
    rng, tally = np.random.default_rng(seed), Tally()
    with progress_bar(progress) as bar:
        for number in bar.track(range(sets), description=f"{model.structure.name}: other weights"):
            bench.one(rng, kinds[number % len(kinds)], tally)
    return tally


class _Bench:
    """A model whose arrays outside Layer 0 are exchanged."""

    def __init__(self, model: Transformer, steps: int, ported: bool, dense: bool):
        self.names, self.steps, self.ported, self.dense = model.names, steps, ported, dense
        self.blocks = model.blocks
        self.base = base_blocks(model.structure, self.blocks)
        self.brain = next(block for block in self.base if block.request is None)
        self.guards = guards_of(model)
        self.weights = model.effective_weights.numpy()
        free = frozen(self.base, model.masks)
        self.free = model.masks.map(lambda mask, shut: np.asarray(mask) & ~shut, free)
        self.window = model.window

    def one(self, rng: np.random.Generator, kind: str, tally: Tally) -> None:
        """Run one set of weights."""
        weights = self.weights.map(
            lambda array, free: np.where(free, _numbers(rng, kind, array.shape), array), self.free
        )
        inputs = random_inputs(rng, self.names, self.steps)
        wanted, _, _ = self._run(self.weights, inputs)
        brain, outputs, rest = self._run(weights, inputs)
        tally.sets += 1
        tally.kinds[kind] = tally.kinds.get(kind, 0) + 1
        tally.overflowed += not np.isfinite(rest).all()
        tally.brain += wanted.tobytes() != brain.tobytes()
        checked = [self._check(guard, wanted, outputs) for guard in self.guards]
        tally.limits += any(left for left, _, _ in checked)
        tally.vetoes += any(passed for _, passed, _ in checked)
        tally.vetoed += sum(vetoed for _, _, vetoed in checked)

    def _check(self, guard: Guard, brain: np.ndarray, outputs: np.ndarray) -> tuple[bool, bool, int]:
        """Say whether a limit was left, whether a veto was not obeyed, and how often there was one."""
        done = outputs[:, guard.columns]
        left = not ((guard.low <= done) & (done <= guard.high)).all()
        if guard.veto is None:
            return left, False, 0
        at = self.brain.own.index(int(self.names.find(guard.veto)[0]))
        vetoed = brain[:, at] == 1
        return left, bool((done[vetoed] != guard.safe).any()), int(vetoed.sum())

    def _run(self, weights: Weights, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give the brain's residual [time, own], the outputs [time, n_out] and what the others had."""
        if self.dense:
            outputs, seen = forward(weights, inputs, window=self.window)
            final = np.asarray(seen["final"])
            own = {i for block in self.base for i in block.own}
            others = [i for i in range(final.shape[-1]) if i not in own]
            return final[:, list(self.brain.own)], np.asarray(outputs), final[:, others]
        stepped = run_blocks(split(self.blocks, weights, self.ported), inputs, window=self.window)
        others = [stepped.residual[block.name] for block in self.blocks if block not in self.base]
        rest = np.concatenate([np.zeros((len(inputs), 0)), *map(np.asarray, others)], axis=1)
        return np.asarray(stepped.residual[self.brain.name]), np.asarray(stepped.outputs), rest


def _numbers(rng: np.random.Generator, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    if kind == NAN:
        return np.full(shape, np.nan, np.float32)
    return (SCALES[kind] * rng.normal(size=shape)).astype(np.float32)


def random_inputs(rng: np.random.Generator, names: Names, steps: int) -> np.ndarray:
    """Give inputs [time, n_in]: words, and numbers within twice their range, on the sensor's grid."""
    inputs = np.zeros((steps, len(names.inputs)), np.float32)
    for signal, at in names.input_signals.items():
        domain = names.domain(signal)
        inputs[:, at] = _values(rng, domain, steps)
    return inputs


def _values(rng: np.random.Generator, domain: Domain, steps: int) -> np.ndarray:
    if domain.discrete:
        return np.eye(domain.width)[rng.integers(domain.width, size=steps)]
    middle, half = (domain.low + domain.high) / 2, domain.high - domain.low
    return domain.rounded((middle + half * rng.uniform(-1, 1, (steps, 1))).astype(np.float32))
