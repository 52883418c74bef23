"""Linear probes: what can be decoded. Decodable is not used, so every probe stands beside three others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from handcrafted.control.graph import Edge, Signal, SignalGraph
from handcrafted.control.vocabulary import Role
from handcrafted.model.component import END_ARRAYS, ends_of
from handcrafted.model.padding import padded, widened
from handcrafted.model.run import run
from handcrafted.model.weights import Weights
from handcrafted.readout.edges import sequences
from handcrafted.readout.registry import register
from handcrafted.readout.target import TargetNetwork, finite
from handcrafted.readout.tolerances import DECODED, FLOOR, RUNAWAY

RUNS = 128
"""Sequences; half of them fit the probe, the other half judge it."""

SIZE = 0.1
"""Standard deviation of the random network's weights."""


@dataclass(frozen=True)
class Probe:
    """A variable decoded from a subspace at the same step, on runs that the probe has not seen.

    Attributes:
        r2: share of the variable's variance; 0 where the probe does worse than the mean.
        raw: the same, from the network's raw inputs at that step.
        random: the same, from that subspace of a network of random weights.
        control: from the subspace, a variable of random values, one for each different input.
    """

    variable: Signal
    subspace: Signal
    r2: float
    raw: float
    random: float
    control: float

    @property
    def selective(self) -> float:
        """How much better the probe is than the best of the three others."""
        return self.r2 - max(self.raw, self.random, self.control)


def probes(subject: TargetNetwork) -> tuple[Probe, ...]:
    """Probe every subspace for every process-model variable.

    Formula: R2 of least squares with a constant, on held-out runs.
    Source: Alain & Bengio 2016, Understanding intermediate layers using linear classifier probes; Hewitt & Liang 2019,
        Designing and Interpreting Probes with Control Tasks.
    Error: what is decodable need not be used; what is not linear is missed.
    """
    runs = _Runs(subject)
    believed = [signal for signal in subject.spaces if signal.role == Role.FEEDBACK_MODELLING]
    return tuple(found for variable in believed if runs.varies(variable) for found in runs.table(variable))


@register("probe", kind="causal")
def probe(subject: TargetNetwork) -> SignalGraph:
    """Draw an edge u -> v where v is linear in u, now or one step ago, at R2 >= 0.99.

    Formula: see `probes`.
    Source: see `probes`.
    Error: what is decodable need not be used: every signal that follows from another, or stands beside it, is joined.
    """
    if not subject.spaces:
        return SignalGraph((), ())
    runs, edges = _Runs(subject), []
    live = [signal for signal in subject.spaces if runs.varies(signal)]
    for source in live:
        for lag in (0, 1):
            for target in live:
                if (target, lag) != (source, 0) and (r2 := runs.r2(source, target, lag)) >= DECODED:
                    edges.append(Edge(source, target, lag, evidence={"r2": r2, "strength": r2}))
    return SignalGraph(subject.spaces, edges)


class _Runs:
    """A network's recorded runs, those of a random network, and the raw inputs, each [run, feature] at one step."""

    def __init__(self, subject: TargetNetwork):
        self.subject, step = subject, subject.window - 1
        inputs = sequences(subject.names, step + 1, subject.seed)
        order = np.random.default_rng(subject.seed).permutation(np.arange(max(RUNS, len(inputs))) % len(inputs))
        self.inputs = inputs[order]
        final = _final(subject, subject.running, self.inputs)
        self.before, self.now = final[:, step - 1], final[:, step]
        self.raw = self.inputs[:, step]
        self.random = _final(subject, _random(subject), self.inputs)[:, step]
        _, which = np.unique(self.inputs[:, step], axis=0, return_inverse=True)
        self.control = np.random.default_rng(subject.seed + 1).normal(size=which.max() + 1)[which]

    def of(self, signal: Signal, lag: int = 0) -> np.ndarray:
        """Return a subspace's values [run, width], so many steps ago."""
        return (self.before if lag else self.now)[:, self.subject.spaces[signal]]

    def varies(self, signal: Signal) -> bool:
        """Whether a subspace takes more than one value."""
        most = np.ptp(self.of(signal), axis=0).max(initial=0)
        return bool(most > FLOOR * float(self.subject.size(signal).max()))

    def r2(self, source: Signal, target: Signal, lag: int) -> float:
        """Return how well a subspace, so many steps ago, tells another one."""
        return decoded(self.of(source, lag), self.of(target))

    def table(self, variable: Signal) -> Iterator[Probe]:
        """Return a probe per subspace that varies."""
        wanted = self.of(variable)
        raw = decoded(self.raw, wanted)
        for signal, at in self.subject.spaces.items():
            if signal != variable and self.varies(signal):
                given = self.of(signal)
                random, control = decoded(self.random[:, at], wanted), decoded(given, self.control[:, None])
                yield Probe(variable, signal, decoded(given, wanted), raw, random, control)


def decoded(features: np.ndarray, wanted: np.ndarray) -> float:
    """The share of the variance of `wanted` [run, width] that features [run, feature] tell, in the second half."""
    half = len(features) // 2
    with_one = np.column_stack([_scaled(features), np.ones(len(features))])
    wanted = _scaled(wanted)
    weights, *_ = np.linalg.lstsq(with_one[:half], wanted[:half], rcond=1e-6)
    left = wanted[half:] - with_one[half:] @ weights
    whole = wanted[half:] - wanted[half:].mean(axis=0)
    variance = float(np.square(whole).sum())
    return max(0.0, 1.0 - float(np.square(left).sum()) / variance) if variance > 0 else 0.0


def _scaled(values: np.ndarray) -> np.ndarray:
    """Bring values [run, feature] to size 1, all by one number, so that squares stay finite."""
    exact = values.astype(float)
    return exact / (float(np.abs(exact).max(initial=0)) or 1.0)


def _final(subject: TargetNetwork, weights: Weights, inputs: np.ndarray) -> np.ndarray:
    """Run a network [run, time, d_model]; where its recurrence runs away, every step starts from an empty carry."""
    given = widened(inputs, weights.sizes["n_in"])
    ran = lambda carries: run(weights, given, carries, subject.window)[1]["final"]
    final = ran(None)
    if np.all(np.abs(final) < RUNAWAY):
        return final
    return finite(ran(np.zeros((*inputs.shape[:2], weights.sizes["d_model"]), np.float32)), "its stream")


def _random(subject: TargetNetwork) -> Weights:
    """Return a network of the shape that is compiled, with random weights and no recurrence, which would run away."""
    rng = np.random.default_rng(subject.seed)
    drawn = padded(subject.weights.dense()).map(lambda array: rng.normal(0, SIZE, array.shape).astype(np.float32))
    return drawn.replace(**{END_ARRAYS.recurrence: np.zeros_like(ends_of(drawn).recurrence)})
