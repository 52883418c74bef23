"""Read a network: every readout in turn, on nothing but arrays and names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from handcrafted.control.graph import Edge, SignalGraph
from handcrafted.model.names import Names
from handcrafted.model.network import HoldsNetwork, Network
from handcrafted.model.weights import Weights
from handcrafted.readout import ablation, black_box, gradient, patching, probe, subspace, wiring
from handcrafted.readout.equations import readout as by_equations
from handcrafted.readout.equations.equations import Equations, equations
from handcrafted.readout.registry import Readout, chosen
from handcrafted.readout.target import TargetNetwork, subject
from handcrafted.text.diagnostics import HandcraftedError, must_be
from handcrafted.text.report import Report, Reported

BUILT_IN = (wiring, subspace, patching, by_equations, gradient, ablation, probe, black_box)
"""The modules of this library's own readouts, which register themselves."""


@dataclass(frozen=True, repr=False)
class Recovered(Reported):
    """What the readouts found, with the arrays and names that they found it in.

    Attributes:
        subject: the arrays and names.
        graphs: the recovered signal-flow graph of each readout.
        readouts: what each readout says of itself.

    Example:
        >>> recovered = hc.recover(hc.assemble(hc.load(find("heated room"))))
        >>> recovered.wired.same_wiring(recovered.used)
        True
    """

    subject: TargetNetwork
    graphs: Mapping[str, SignalGraph]
    readouts: Mapping[str, Readout] = field(default_factory=dict)

    @property
    def wired(self) -> SignalGraph:
        """What is written by a sender and read by a receiver."""
        return self.graphs["wiring"]

    @property
    def used(self) -> SignalGraph:
        """What has an effect on the reader's own output."""
        return self.graphs["patching"]

    @cached_property
    def equations(self) -> Equations:
        """Each controller's control law as formulas."""
        return equations(self.subject)

    def report(self) -> Report:
        """Report every edge that some readout found, and which readouts did not."""
        edges: dict[Any, Edge] = {}
        for graph in self.graphs.values():
            edges = {edge.key: edge for edge in graph.edges} | edges
        rows = []
        for edge in edges.values():
            silent = [name for name, graph in self.graphs.items() if graph.edge(*edge.key) is None]
            gain = "" if edge.gain is None else f"{edge.gain:.4g}"
            rows.append((str(edge.source), str(edge.target), str(edge.lag), gain, ", ".join(silent)))
        title = "Recovered: " + ", ".join(f"{name}: {len(graph)} edges" for name, graph in self.graphs.items())
        return Report(title, ("from", "to", "lag", "gain", "not seen by"), rows)


def recover(
    model_or_weights: HoldsNetwork | Network | Weights,
    names: Names | None = None,
    seed: int = 0,
    readouts: Sequence[str] = (),
    shared: bool = True,
) -> Recovered:
    """Recover the signal-flow graph of a network with the readouts that judge, and with others that are named.

    Args:
        model_or_weights: a model or a network (its effective weights are read), or any arrays.
        names: the names of the coordinates; needed beside bare arrays.
        seed: of the contexts and of the noise.
        readouts: further ones, such as `gradient`, or what was registered; they are shown, and judge nothing.
        shared: whether to run at a size that many networks share, which is compiled once for all of them; False is
            faster for one network that is read again and again.

    Raises:
        HandcraftedError: if a readout is unknown, if names are missing, shapes disagree, or a number is not finite.

    Example:
        >>> model = hc.assemble(hc.load(find("heated room")))
        >>> recovered = hc.recover(model, readouts=["gradient"])
        >>> {name: len(graph) for name, graph in recovered.graphs.items()}
        {'wiring': 9, 'subspace': 9, 'patching': 9, 'gradient': 9}
    """
    must_be(model_or_weights, HoldsNetwork | Network | Weights, "a model, or its arrays such as `model.weights`")
    must_be(readouts, Sequence, "a list of readouts by name")
    further = chosen([readouts] if isinstance(readouts, str) else list(readouts))
    if not isinstance(model_or_weights, Weights):
        network = model_or_weights.network if isinstance(model_or_weights, HoldsNetwork) else model_or_weights
        read = subject(network.effective_weights, names or network.names, network.window, seed, shared)
    elif names is None:
        raise HandcraftedError("Expected names beside bare weights, got none. Pass names=model.names.")
    else:
        read = subject(model_or_weights, names, seed=seed, shared=shared)
    used = {readout.name: readout for readout in (*chosen(None), *further)}
    return Recovered(read, {name: readout.read(read) for name, readout in used.items()}, used)
