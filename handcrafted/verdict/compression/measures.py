"""What is left of a squeezed network: of its behaviour, of its closed loop, and of what readouts see in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from handcrafted.control.vocabulary import WINDOW, Role
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.names import Names
from handcrafted.model.padding import run_shared
from handcrafted.model.weights import Weights
from handcrafted.readout.probe import decoded
from handcrafted.readout.registry import chosen
from handcrafted.readout.target import subject
from handcrafted.rollout.loop import run_steps
from handcrafted.rollout.setup import given
from handcrafted.rollout.simulate import start_of, stretch
from handcrafted.verdict.compression.causal import RANK_FLOOR, causal, cut_rank
from handcrafted.verdict.compression.compress import Compressed, inputs_of, streams_of
from handcrafted.verdict.scoreboard.truth import Truth, mark

LOOP_STEPS = 200
"""How long the closed loop is watched."""

FAR = 10.0
"""A loop whose state leaves the range it usually has by this many times its width has diverged."""

ACTIVE = 1e-6
"""Values and variances above this are more than rounding."""


BY_NAMES = ("wiring", "patching", "gradient")
"""Readouts that are given the names of the old coordinates."""


@dataclass(frozen=True)
class CompressionMeasured:
    """A squeezed network's figures.

    Attributes:
        ratio: old coordinates by new ones.
        load: largest rank across a causal cut by new coordinates; above 1 something must overlap.
        interference: |x (1 - P R) W| / |x W| over streams x and readers W.
        activity: share of coordinates of the old stream that are not zero.
        error: root mean square error of the outputs, as a share of the outputs'.
        diverged: whether the closed loop runs away; None without dynamics.
        components: area under the curve of compositions of components with known names, for the causal pairs.
        wiring, patching, gradient: areas of these readouts, by names of coordinates brought back through R.
        decoded: R2 of probes of the narrow stream for what is believed; `raw`: of probes of the inputs.
    """

    ratio: float
    load: float
    interference: float
    activity: float
    error: float
    diverged: bool | None
    components: float
    wiring: float
    patching: float
    gradient: float
    decoded: float
    raw: float


def measure(structure: ControlStructure, squeezed: Compressed, names: Names, seed: int = 0) -> CompressionMeasured:
    """Measure a squeezed network against the one that it was made from."""
    original = squeezed.original
    read = subject(original, names, seed=seed)
    inputs = inputs_of(read)
    streams = streams_of(read, inputs)
    wanted, found = (run_shared(one, inputs)[0].astype(float) for one in (original, squeezed.weights))
    missed = np.where(np.isfinite(found), found - wanted, np.inf)
    width = squeezed.pack.shape[1]
    decoded, raw = decodable(squeezed, names, seed)
    return CompressionMeasured(
        ratio=len(squeezed.pack) / width,
        load=cut_rank(original) / width,
        interference=interference(squeezed, streams),
        activity=float(np.mean(np.abs(np.concatenate(streams)) > ACTIVE)),
        error=float(np.sqrt(np.mean(missed**2) / np.mean(wanted**2))),
        diverged=diverged(structure, squeezed, names, seed),
        components=component_auroc(original, squeezed),
        **{name: named_auroc(name, structure, squeezed.lifted, names, seed) for name in BY_NAMES},
        decoded=decoded,
        raw=raw,
    )


def interference(squeezed: Compressed, streams: Sequence[np.ndarray]) -> float:
    """Return |x (1 - P R) W| / |x W| over the streams x that stand where each reader W reads."""
    pairs = causal(squeezed.original)
    lost = np.eye(len(squeezed.pack)) - squeezed.through
    read = [(stream, pairs.read[:, pairs.seen == when]) for when, stream in enumerate(streams)]
    off, all_ = (np.concatenate([(x @ change @ w).ravel() for x, w in read]) for change in (lost, np.eye(len(lost))))
    return float(np.linalg.norm(off) / np.linalg.norm(all_))


def component_auroc(original: Weights, squeezed: Compressed) -> float:
    """Say how surely a writer and reader that compose do so more strongly, squeezed, than a pair that does not.

    Formula: area under the curve (Mann & Whitney 1947) of |W P R V| at unit size of W and V, over all pairs of a
        writer and a later reader; true are those with |W V| above the rounding of float32. NaN where all or none are.
    """
    from scipy.stats import rankdata

    pairs = causal(original)
    true = np.abs(pairs.products[pairs.before]) > RANK_FLOOR
    strength = np.abs((pairs.write @ squeezed.through @ pairs.read)[pairs.before])
    ranks = rankdata(strength.round(12))
    hits, misses = true.sum(), (~true).sum()
    if not hits * misses:
        return float("nan")
    return float((ranks[true].sum() - hits * (hits + 1) / 2) / (hits * misses))


def named_auroc(readout: str, structure: ControlStructure, weights: Weights, names: Names, seed: int = 0) -> float:
    """Return the area under the curve of a readout on arrays in the old coordinates."""
    graph = structure.signal_graph()
    answer = chosen([readout])[0].read(subject(weights, names, seed=seed))
    found = mark(answer, Truth.intended(graph), graph.nodes).auroc
    assert found is not None
    return found


def diverged(structure: ControlStructure, squeezed: Compressed, names: Names, seed: int = 0) -> bool | None:
    """Say whether a state of the closed loop leaves the range that it has with the original by ten times its width."""
    if not any(part.dynamics for part in structure.components.values()):
        return None
    usual, now = (_states(structure, weights, names, seed) for weights in (squeezed.original, squeezed.lifted))
    for name, values in usual.items():
        low, high = values.min(), values.max()
        room = FAR * max(float(high - low), 1.0)
        if not np.all((now[name] > low - room) & (now[name] < high + room)):
            return True
    return False


def _states(structure: ControlStructure, weights: Weights, names: Names, seed: int) -> dict[str, np.ndarray]:
    setup = given(structure, None, LOOP_STEPS, None, None, None, seed)
    arrays = weights.map(jnp.asarray)
    loop = start_of(arrays, WINDOW, setup)
    moving = {signal: stretch(values, 0, LOOP_STEPS) for signal, values in setup.moving.items()}
    _, seen = run_steps(arrays, setup.world, names, loop, moving, jnp.zeros(0, int))
    processes = seen.processes.items()
    return {f"{owner} {name}": np.asarray(values) for owner, states in processes for name, values in states.items()}


def decodable(squeezed: Compressed, names: Names, seed: int = 0) -> tuple[float, float]:
    """Probe the narrow stream for what the controllers believe, beside a probe of the raw inputs; see `decoded`.

    Source: Alain & Bengio 2016, Understanding intermediate layers using linear classifier probes.

    Returns:
        R2 from the narrow stream, and from the inputs of the same step; 0 where nothing that is believed varies.
    """
    inputs = inputs_of(subject(squeezed.original, names, seed=seed))
    believed = [i for i, one in enumerate(names.residual) if one.role == Role.FEEDBACK_MODELLING]
    rows = lambda values: values.reshape(-1, values.shape[-1]).astype(float)
    whole, stream = (rows(run_shared(one, inputs)[1]) for one in (squeezed.original, squeezed.weights))
    wanted = whole[:, believed]
    return decoded(np.nan_to_num(stream, posinf=0, neginf=0), wanted), decoded(rows(inputs), wanted)
