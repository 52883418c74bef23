"""Outputs beside the plain laws', and interchange: beliefs set from outside, and what is then decided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.control.resolved import ResolvedController, ResolvedEntry, ResolvedVariable
from handcrafted.control.signal_graph import written_port
from handcrafted.laws.oracle import Interpreter, decide
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.readout.edges import sequences
from handcrafted.readout.target import TargetNetwork
from handcrafted.verdict.law import LawTrial, Values

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


@dataclass(frozen=True)
class Interchange:
    """One belief, exchanged, and one decision that reads it.

    Attributes:
        belief: the subspace whose values were exchanged between contexts.
        decision: which decision was watched.
        contexts: how many were tried.
        agree: in how many the network decides as the law does with the exchanged belief.
        moved: in how many the exchange changes the law's decision; where it is 0, agreement says nothing.
    """

    belief: Signal
    decision: str
    contexts: int
    agree: int
    moved: int

    @property
    def accuracy(self) -> float:
        """Share of contexts that agree."""
        return self.agree / self.contexts

    def __str__(self) -> str:
        return (
            f"{self.belief} exchanged: {self.decision} as the law says in {self.agree} of {self.contexts} contexts, "
            f"changed by it in {self.moved}"
        )


def interchange(structure: ControlStructure, subject: TargetNetwork) -> tuple[Interchange, ...]:
    """Exchange every process-model variable between contexts, in the network and in the law, and compare decisions.

    Formula: share of contexts c with decision(network; b := b(c')) = law(...; b := b(c')), all links and states held.
    Source: Geiger et al. 2021, Causal Abstractions of Neural Networks (interchange interventions).
    Error: the subspaces are known by their names, and nothing is fitted; thresholds off a grid answer either way within
        their bands, which counts as agreement.
    """
    return tuple(
        _one(subject, controller, variable, entry)
        for controller in structure.resolved.controllers.values()
        for entry in controller.entries
        for variable in entry.reads
    )


def _one(
    subject: TargetNetwork, controller: ResolvedController, variable: ResolvedVariable, entry: ResolvedEntry
) -> Interchange:
    plain, trial = LawTrial(subject, controller), LawTrial(subject, controller, variable.signal)
    wrong = trial.deviates(entry.task, lambda now, ago: decide(entry, now, ago))
    port = written_port(entry.links[0])
    before, after = (_decided(one, entry)[port] for one in (plain, trial))
    moved = np.any(np.abs(np.broadcast_to(before, after.shape) - after) > 0, axis=(1, 2))
    return Interchange(variable.signal, entry.name, trial.count, int((~wrong).sum()), int(moved.sum()))


def _decided(trial: LawTrial, entry: ResolvedEntry) -> Values:
    """Return what the law decides for what the network believed."""
    values = trial.read(entry.task)
    return decide(entry, values, trial.ago(values))
