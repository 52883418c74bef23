"""Superposition proper: more features than coordinates, seldom active, and read through a threshold."""

from __future__ import annotations

import numpy as np

from handcrafted.model.forward import forward
from handcrafted.model.weights import Weights
from handcrafted.verdict.compression.compress import Compressed, squeezed

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
    w.W_E[:, :alarms] = np.eye(alarms)
    w.W_in[0, :alarms] = into
    w.b_in[0] = np.repeat(bias, alarms)
    w.W_out[0, :, alarms:] = out
    w.W_U[alarms:] = np.eye(lamps)
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
    """Give the root mean square error of the lamps, as a share of what they show, alarms being on with a probability.

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
