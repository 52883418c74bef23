"""Read a network: every readout in turn, on nothing but arrays and names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from handcrafted.control.errors import HandcraftedError
from handcrafted.control.graph import SignalGraph
from handcrafted.model.names import Names
from handcrafted.model.transformer import Transformer
from handcrafted.model.weights import Weights
from handcrafted.readout.patching import patching
from handcrafted.readout.subject import Subject, subject
from handcrafted.readout.subspace import subspace
from handcrafted.readout.wiring import wiring

READOUTS: dict[str, Callable[[Subject], SignalGraph]] = {
    "wiring": wiring,
    "subspace": subspace,
    "patching": patching,
}
"""Every readout by name; `wiring` gives the wired graph, `patching` the used one."""


@dataclass(frozen=True)
class Recovered:
    """What the readouts found, with the arrays and names that they found it in.

    Attributes:
        subject: the arrays and names.
        graphs: the recovered signal-flow graph of each readout.
    """

    subject: Subject
    graphs: Mapping[str, SignalGraph]

    @property
    def wired(self) -> SignalGraph:
        """What is written by a sender and read by a receiver."""
        return self.graphs["wiring"]

    @property
    def used(self) -> SignalGraph:
        """What has an effect on the reader's own output."""
        return self.graphs["patching"]

    def __repr__(self) -> str:
        return "Recovered(" + ", ".join(f"{name}: {len(graph)} edges" for name, graph in self.graphs.items()) + ")"


def recover(model_or_weights: Transformer | Weights, names: Names | None = None, seed: int = 0) -> Recovered:
    """Recover the signal-flow graph of a network with every readout.

    Args:
        model_or_weights: a model (its effective weights are read) or any arrays.
        names: the names of the coordinates; needed beside bare arrays.
        seed: of the contexts and of the noise.

    Raises:
        HandcraftedError: if names are missing, shapes disagree, or a number is not finite.
    """
    if isinstance(model_or_weights, Transformer):
        weights, window = model_or_weights.effective_weights, model_or_weights.window
        read = subject(weights, names or model_or_weights.names, window, seed)
    elif names is None:
        raise HandcraftedError("Expected names beside bare weights, got none. Pass names=model.names.")
    else:
        read = subject(model_or_weights, names, seed=seed)
    return Recovered(read, {name: readout(read) for name, readout in READOUTS.items()})
