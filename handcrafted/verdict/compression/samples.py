"""What a network is run on where its stream or its outputs are looked at."""

from __future__ import annotations

import numpy as np

from handcrafted.readout.contrasts import sequences
from handcrafted.readout.subject import TargetNetwork

STEPS = 12
"""Steps of each run."""


def inputs_of(read: TargetNetwork) -> np.ndarray:
    """Give inputs [run, time, n_in] drawn from the domains of the inputs."""
    return sequences(read.names, STEPS, read.seed)


def streams_of(read: TargetNetwork, inputs: np.ndarray) -> list[np.ndarray]:
    """Give what stands on the stream [sample, d_model] before each half-layer and, last, at the end."""
    _, seen = read.run(inputs)
    size, layers = read.weights.sizes["d_model"], range(read.weights.sizes["layer"])
    parts = [np.asarray(seen[name])[:, :, layer] for layer in layers for name in ("resid_pre", "resid_mid")]
    parts.append(np.asarray(seen["final"]))
    return [part[..., :size].reshape(-1, size).astype(float) for part in parts]
