"""One loop squeezed to several widths in every way, over many seeds: a row each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from handcrafted.craft.assemble import assemble
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.weights import Weights
from handcrafted.text import report as csvtext
from handcrafted.text.report import progress_bar
from handcrafted.verdict.compression.causal import cut_rank
from handcrafted.verdict.compression.compress import WAYS, compress
from handcrafted.verdict.compression.measures import CompressionMeasured, measure

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
    """Give the full width and those of the loads that are tried, the widest first."""
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
    """Give a line per row; what cannot be said is left empty."""
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
