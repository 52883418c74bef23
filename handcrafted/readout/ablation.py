"""Ablation: take a subspace away for everybody at one step, by zero, its mean, noise or any value that it may have.

What changes is everything downstream. So that edges come out of it, an effect that others explain is left out: u to v
over k steps is no edge where some w has an effect of u, j steps on, and has one on v in the k - j that remain.
"""

from __future__ import annotations

import numpy as np

from handcrafted.control.graph import Edge, Signal, SignalGraph
from handcrafted.model.edit import no_edit
from handcrafted.model.padding import widened
from handcrafted.model.run import run
from handcrafted.readout.edges import declared_values, sequences, usual, within
from handcrafted.readout.patching import input_edges
from handcrafted.readout.registry import register
from handcrafted.readout.target import TargetNetwork, finite
from handcrafted.readout.tolerances import EFFECT_FLOOR

KINDS = ("zero", "mean", "noise", "domain")

RUNS = 16
"""Runs in which each subspace is taken away."""

AT_ONCE = 16
"""Subspaces that one compiled call takes."""


def _ablation(subject: TargetNetwork, kind: str) -> SignalGraph:
    """Draw the edges that ablations of one kind show.

    Formula: do(u = a) at step t for all readers, a = 0, the mean of u, u plus noise of its size, or any declared value;
        an effect is a change of v, k steps on, by more than 2^-20 of its size; edges are effects that do not compose.
    Source: Chan et al. 2022, Causal Scrubbing (on kinds of ablation); Pearl 2009, Causality (do); the reduction is
        the transitive one of Aho, Garey & Ullman 1972, over time.
    Error: the answer depends on the kind; a direct way beside an indirect one of the same lag is not seen.
    """
    if not subject.spaces:
        return SignalGraph((), ())
    effects = _effects(subject, kind)
    shown = lambda key: {"ablation": kind, "strength": effects[key]}
    edges = [Edge(*key, evidence=shown(key)) for key in _direct(set(effects))]
    return SignalGraph(subject.spaces, [*input_edges(subject), *edges])


@register("ablation (zero)", kind="causal")
def zero_ablation(subject: TargetNetwork) -> SignalGraph:
    """Draw the edges that taking subspaces away shows; see `_ablation`.

    Formula: do(u = 0).
    Source: see `_ablation`.
    Error: what is 0 anyway shows nothing; what never is 0 shows effects that never come up.
    """
    return _ablation(subject, "zero")


@register("ablation (mean)", kind="causal")
def mean_ablation(subject: TargetNetwork) -> SignalGraph:
    """Draw the edges that putting subspaces to their means shows; see `_ablation`.

    Formula: do(u = mean of u).
    Source: see `_ablation`.
    Error: blind to constants, which are their own means.
    """
    return _ablation(subject, "mean")


@register("ablation (noise)", kind="causal")
def noise_ablation(subject: TargetNetwork) -> SignalGraph:
    """Draw the edges that noise of a subspace's own size shows; see `_ablation`.

    Formula: do(u = u + noise).
    Source: see `_ablation`.
    Error: depends on the draw; leaves the values that ever come up.
    """
    return _ablation(subject, "noise")


@register("ablation (domain)", kind="causal")
def domain_ablation(subject: TargetNetwork) -> SignalGraph:
    """Draw the edges that putting subspaces to any value shows that is declared of them; see `_ablation`.

    Formula: do(u = a), a drawn from the domain of u.
    Source: see `_ablation`; resampling from the whole domain, as in Pearl 2009, and not from what was seen.
    Error: blind to subspaces whose domain nobody declares; shows effects of values that may never come up.
    """
    return _ablation(subject, "domain")


Effect = tuple[Signal, Signal, int]


def _effects(subject: TargetNetwork, kind: str) -> dict[Effect, float]:
    """Return who has an effect on whom, after how many steps, and how large a share of its size."""
    from handcrafted.readout.ablation_compiled import peaks

    subject = subject.compiling()
    w, step = subject.running, subject.window - 1
    inputs = sequences(subject.names, 2 * subject.window - 1, subject.seed)
    inputs = widened(np.tile(inputs, (-(-RUNS // len(inputs)), 1, 1))[:RUNS], w.sizes["n_in"])
    outputs, seen = run(w, inputs, window=subject.window, compiled=True)
    outputs, final = finite(outputs, "its outputs"), finite(seen["final"], "its stream")
    values = _values(subject, final, kind, step)
    masks = np.zeros((len(subject.spaces), final.shape[-1]), np.float32)
    masks[:, : subject.indicator.shape[1]] = subject.indicator
    size, loud = (np.abs(one.astype(float)).max(axis=(0, 1)) for one in (final, outputs))
    size, loud = _at_least(size, subject.scale.size), _at_least(loud, subject.scale.outputs)
    found: dict[Effect, float] = {}
    signals = list(subject.spaces)
    for first in range(0, len(signals), AT_ONCE):
        rows = np.minimum(first + np.arange(AT_ONCE), len(signals) - 1)
        stream, done = peaks(w, inputs, masks[rows], values, final, outputs, step, no_edit(w), subject.window)
        for i, u in enumerate(signals[first : first + AT_ONCE]):
            found |= _exceeding(u, np.asarray(stream[i]) / size, subject.spaces)
            found |= _exceeding(u, np.asarray(done[i])[:1] / loud, subject.names.output_signals)
    return found


def _at_least(seen: np.ndarray, declared: np.ndarray) -> np.ndarray:
    """Return the sizes of a padded axis: what was seen, or declared where that is more; 1 where nothing is."""
    return np.maximum(seen, np.pad(declared, (0, len(seen) - len(declared)), constant_values=1.0))


def _values(subject: TargetNetwork, final: np.ndarray, kind: str, step: int) -> np.ndarray:
    """Return what stands in place of each coordinate [run, d_model]."""
    now, rng = final[:, step], np.random.default_rng(subject.seed)
    if kind == "zero":
        return np.zeros_like(now)
    if kind == "domain":
        values, known = declared_values(subject, len(now), now.shape[1], rng)
        return np.where(known, values, now).astype(np.float32)
    if kind == "mean":
        return np.broadcast_to(final.mean(axis=(0, 1), dtype=float), now.shape).astype(np.float32)
    return within(now + usual(final) * rng.normal(size=now.shape))


def _exceeding(u: Signal, shares: np.ndarray, places: dict[Signal, np.ndarray]) -> dict[Effect, float]:
    """Return the effects, as shares of the size of what they change [lag, coordinate], that are more than rounding."""
    peaks = {v: shares[:, at].max(axis=1, initial=0) for v, at in places.items()}
    return {
        (u, v, int(k)): float(peak[k])
        for v, peak in peaks.items()
        for k in np.flatnonzero(~(peak <= EFFECT_FLOOR))
        if (v, k) != (u, 0)
    }


def _direct(effects: set[Effect]) -> list[Effect]:
    """Leave out the effects that two others explain."""
    leaving: dict[Signal, list[tuple[Signal, int]]] = {}
    for u, v, k in effects:
        leaving.setdefault(u, []).append((v, k))
    explained = lambda u, v, k: any(
        j <= k and (w, j) != (v, k) and (w, v, k - j) in effects for w, j in leaving[u] if (w, j) != (u, 0)
    )
    return sorted(effect for effect in effects if not explained(*effect))
