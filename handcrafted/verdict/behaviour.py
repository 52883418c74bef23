"""Behaviour alone: does the network do at its outputs what the plain laws do, whatever lies between?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handcrafted.laws.oracle import Interpreter
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.readout.contrasts import sequences
from handcrafted.readout.subject import TargetNetwork

STEPS = 24
"""Steps of each run."""

TOLERANCE = 1e-5
"""Largest deviation, in units of the larger of 1 and the largest output, that float32 rounding explains."""


@dataclass(frozen=True)
class Behaviour:
    """How the outputs compare with those of the laws.

    Attributes:
        runs: how many sequences were run.
        steps: of each.
        worst: the largest deviation, in units of the larger of 1 and the largest output.
    """

    runs: int
    steps: int
    worst: float

    @property
    def identical(self) -> bool:
        """Whether nobody could tell from outside."""
        return self.worst <= TOLERANCE

    def __str__(self) -> str:
        said = "identical" if self.identical else "DIFFERENT"
        return f"from outside {said}: {self.runs} runs of {self.steps} steps, at most {self.worst:.2g} apart"


def behaviour(structure: ControlStructure, subject: TargetNetwork) -> Behaviour:
    """Run a network and the laws of a structure on the same random inputs, and compare their outputs.

    Off a sensor's grid a switching law may answer either way within its band; inputs fall there by chance alone.
    """
    inputs = sequences(subject.names, STEPS, subject.seed)
    found = np.asarray(subject.run(inputs)[0])
    oracle, wanted = Interpreter(structure.resolved), np.zeros((*inputs.shape[:2], len(subject.names.outputs)))
    for t in range(STEPS):
        given = {signal: inputs[:, t, at].astype(float) for signal, at in subject.names.input_signals.items()}
        for signal, value in oracle.step(given).items():
            wanted[:, t, subject.names.output_signals[signal]] = value
    scale = max(1.0, float(np.abs(wanted).max(initial=0)))
    off = np.abs(found[..., : wanted.shape[-1]] - wanted)
    return Behaviour(len(inputs), STEPS, float(off.max(initial=0)) / scale)
