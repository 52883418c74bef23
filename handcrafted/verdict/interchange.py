"""Interchange: a belief exchanged between two runs must change what is decided as it would in the plain law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.control.resolved import ResolvedController, ResolvedEntry, ResolvedVariable
from handcrafted.control.signal_graph import written_port
from handcrafted.laws.oracle import decide
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.readout.subject import TargetNetwork
from handcrafted.verdict.law import LawTrial, Values


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
    """Give what the law decides for what the network believed."""
    values = trial.read(entry.task)
    return decide(entry, values, trial.ago(values))
