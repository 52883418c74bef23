"""handcrafted: transformers whose weights are set by hand, so that every circuit is a named STPA controller.

import handcrafted as hc

structure = hc.load("train_door.yaml")      # what is intended
model = hc.assemble(structure)              # hand-set weights
recovered = hc.recover(model)               # what readouts see in them
hc.compare(structure, recovered).reproduced # do the two agree?
hc.simulate(model, steps=500)               # and does the loop do what it should?
"""

from __future__ import annotations

from handcrafted import exercises
from handcrafted.components.circuit import Circuit
from handcrafted.control.graph import Edge, Signal, SignalGraph
from handcrafted.control.vocabulary import Role
from handcrafted.craft.assemble import assemble, load_model
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamlfile import load
from handcrafted.model.diff import diff
from handcrafted.model.forward import forward, initial_state, step
from handcrafted.model.names import Names
from handcrafted.model.transformer import Transformer
from handcrafted.model.weights import Weights
from handcrafted.readout.recover import Recovered, recover
from handcrafted.readout.registry import register
from handcrafted.rollout.simulate import simulate
from handcrafted.rollout.trace import Trace
from handcrafted.safety.attack import attack
from handcrafted.safety.authority import authority_report
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.verdict.compare import compare
from handcrafted.verdict.comparison import Comparison
from handcrafted.verdict.explain import explain
from handcrafted.view.draw import draw, show
from handcrafted.view.editor.widget import panel

__all__ = [
    "Circuit",
    "Comparison",
    "ControlStructure",
    "Edge",
    "HandcraftedError",
    "Names",
    "Recovered",
    "Role",
    "Signal",
    "SignalGraph",
    "Trace",
    "Transformer",
    "Weights",
    "assemble",
    "attack",
    "authority_report",
    "compare",
    "diff",
    "draw",
    "exercises",
    "explain",
    "forward",
    "initial_state",
    "load",
    "load_model",
    "panel",
    "recover",
    "register",
    "show",
    "simulate",
    "step",
]
