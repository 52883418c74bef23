"""Superposition proper: more features than coordinates, seldom active, and read through a threshold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np

from handcrafted.craft.assemble import assemble
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.component import ends_of, neurons_of
from handcrafted.model.forward import forward
from handcrafted.model.weights import Weights
from handcrafted.text import report as csvtext
from handcrafted.text.report import progress_bar
from handcrafted.verdict.compression.causal import cut_rank
from handcrafted.verdict.compression.compress import WAYS, Compressed, compress, squeezed
from handcrafted.verdict.compression.measures import CompressionMeasured, measure

LOW, HIGH = 0.35, 0.65
"""A thresholded read gives 0 below the first and 1 above the second."""


def alarm_panel(alarms: int, lamps: int, thresholded: bool) -> Weights:
    """Build a panel: each lamp counts those of its alarms that are on; alarm i belongs to lamp i mod `lamps`.

    Formula: lamp_k = sum over its alarms i of r((x_i - low) / (high - low)) - r((x_i - high) / (high - low)), which is
        x_i where x_i is 0 or 1; linear reads are pairs r(x_i) - r(-x_i).
    """
    gain = 1 / (HIGH - LOW)
    read, bias = ((gain, gain), (-gain * LOW, -gain * HIGH)) if thresholded else ((1.0, -1.0), (0.0, 0.0))
    one, out = np.eye(alarms), np.eye(lamps)[np.arange(alarms) % lamps]
    into, out = np.concatenate([one * read[0], one * read[1]], axis=1), np.concatenate([out, -out])
    sizes = {"layer": 1, "head": 1, "d_head": 2, "d_model": alarms + lamps, "n_in": alarms, "n_out": lamps}
    w = Weights.zeros(d_mlp=into.shape[1], **sizes)
    ends, neurons = ends_of(w), neurons_of(w)
    ends.embedding[:, :alarms] = np.eye(alarms)
    neurons.into[0, :alarms] = into
    neurons.bias[0] = np.repeat(bias, alarms)
    neurons.out[0, :, alarms:] = out
    ends.unembedding[alarms:] = np.eye(lamps)
    return w


def superposed(panel: Weights, width: int, seed: int = 0) -> Compressed:
    """Put the alarms of a panel on random unit directions of `width` coordinates; the lamps keep theirs.

    Source: Elhage et al. 2022, Toy Models of Superposition.
    """
    alarms, lamps = panel.sizes["n_in"], panel.sizes["n_out"]
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(alarms, width))
    pack = np.zeros((alarms + lamps, width + lamps))
    pack[:alarms, :width] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    pack[alarms:, width:] = np.eye(lamps)
    return squeezed(panel, pack, pack.T)


def left_over(panel: Weights, found: Compressed, activity: float, seed: int = 0, steps: int = 2000) -> float:
    """Return the root mean square error of the lamps, as a share of what they show, alarms being on with a probability.

    Args:
        panel: as it was.
        found: squeezed.
        activity: probability with which each alarm is on.
        seed: of the alarms.
        steps: how many draws.
    """
    inputs = (np.random.default_rng(seed).uniform(size=(steps, panel.sizes["n_in"])) < activity).astype(np.float32)
    carries = lambda weights: np.zeros((steps, weights.sizes["d_model"]), np.float32)
    wanted, got = (np.asarray(forward(w, inputs, carries(w))[0]) for w in (panel, found.weights))
    return float(np.sqrt(np.mean((got - wanted) ** 2) / np.mean(wanted**2)))


LOADS = (0.6, 0.8, 1.0, 1.4, 2.0)
"""Loads that are tried, beside the full width."""

SEEDS = 20


@dataclass(frozen=True)
class SweepRow:
    """What is left at one width."""

    loop: str
    how: str
    width: int
    seed: int
    measured: CompressionMeasured


def widths_of(weights: Weights) -> list[int]:
    """Return the full width and those of the loads that are tried, the widest first."""
    full, rank = weights.sizes["d_model"], cut_rank(weights)
    return sorted({full} | {min(full, max(1, math.ceil(rank / load))) for load in LOADS}, reverse=True)


def sweep(structure: ControlStructure, seeds: int = SEEDS, progress: bool = False) -> list[SweepRow]:
    """Squeeze a loop to each width in each way, with each seed; principal directions need no more than one."""
    model = assemble(structure)
    weights, rows = model.effective_weights.numpy(), []
    cells = [
        (how, width, seed)
        for width in widths_of(weights)
        for how in WAYS
        for seed in range(1 if how == "pca" else seeds)
    ]
    with progress_bar(progress) as bar:
        for how, width, seed in bar.track(cells, description=f"{structure.name}: squeezed"):
            found = compress(weights, width, how, model.names, seed)
            rows.append(SweepRow(structure.name, how, width, seed, measure(structure, found, model.names, seed)))
    return rows


FIGURES = tuple(field.name for field in fields(CompressionMeasured))


def as_csv(rows: Sequence[SweepRow]) -> str:
    """Return a line per row; what cannot be said is left empty."""
    lines: list[Sequence[str | int]] = [["loop", "how", "width", "seed", *FIGURES]]
    for row in rows:
        shown = ["" if value is None else f"{value:.4g}" for value in asdict(row.measured).values()]
        lines.append([row.loop, row.how, row.width, row.seed, *shown])
    return csvtext.as_csv(lines)


def from_csv(text: str) -> list[SweepRow]:
    """Read what `as_csv` wrote."""
    rows = []
    for line in csvtext.from_csv(text):
        numbers = {name: float(line[name]) if line[name] else None for name in FIGURES}
        diverged = None if numbers["diverged"] is None else bool(numbers["diverged"])
        measured = CompressionMeasured(**{**numbers, "diverged": diverged})  # pyright: ignore[reportArgumentType]  # only diverged may be empty
        rows.append(SweepRow(line["loop"], line["how"], int(line["width"]), int(line["seed"]), measured))
    return rows
