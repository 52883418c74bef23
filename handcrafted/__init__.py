"""handcrafted: transformers whose weights are set by hand, so that every circuit is a named STPA controller.

import handcrafted as hc

structure = hc.load("train door")           # what is intended: a file, or a bundled loop by name
model = hc.assemble(structure)              # hand-set weights
recovered = hc.recover(model)               # what readouts see in them
hc.compare(structure, recovered).reproduced # do the two agree? hc.check(structure) does all three
hc.simulate(model, steps=500)               # and does the loop do what it should?

Everything is loaded when it is first asked for. Building blocks stand in their modules: `handcrafted.model`,
`handcrafted.components`, `handcrafted.laws`, `handcrafted.plants`, `handcrafted.readout`, `handcrafted.safety`.
"""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from handcrafted import exercises as exercises
    from handcrafted import laws as laws
    from handcrafted import model as model
    from handcrafted import readout as readout
    from handcrafted import safety as safety
    from handcrafted.craft.assemble import assemble as assemble
    from handcrafted.craft.assemble import load_model as load_model
    from handcrafted.model.diff import diff as diff
    from handcrafted.proofs.prove import prove as prove
    from handcrafted.readout.recover import recover as recover
    from handcrafted.readout.registry import register as register
    from handcrafted.rollout.simulate import simulate as simulate
    from handcrafted.safety.faults.campaign import inject as inject
    from handcrafted.safety.stpa.analysis import analyse as analyse
    from handcrafted.text.diagnostics import HandcraftedError as HandcraftedError
    from handcrafted.verdict.compare import compare as compare
    from handcrafted.verdict.explain import explain as explain
    from handcrafted.view.draw import draw as draw
    from handcrafted.view.draw import show as show
    from handcrafted.view.editor.widget import panel as panel
    from handcrafted.zoo.loops import check as check
    from handcrafted.zoo.loops import examples as examples
    from handcrafted.zoo.loops import load as load

PLACES = {
    "HandcraftedError": "text.diagnostics",
    "analyse": "safety.stpa.analysis",
    "assemble": "craft.assemble",
    "check": "zoo.loops",
    "compare": "verdict.compare",
    "diff": "model.diff",
    "draw": "view.draw",
    "examples": "zoo.loops",
    "explain": "verdict.explain",
    "inject": "safety.faults.campaign",
    "load": "zoo.loops",
    "load_model": "craft.assemble",
    "panel": "view.editor.widget",
    "prove": "proofs.prove",
    "recover": "readout.recover",
    "register": "readout.registry",
    "show": "view.draw",
    "simulate": "rollout.simulate",
}
"""The public names, and the module in which each stands."""

MODULES = ("exercises", "laws", "model", "readout", "safety")
"""The submodules that come by name."""

MOVED = {
    "Circuit": "components.circuit",
    "Comparison": "verdict.comparison",
    "ControlStructure": "loading.control_structure",
    "Edge": "control.graph",
    "Names": "model.names",
    "Recovered": "readout.recover",
    "Role": "control.vocabulary",
    "Signal": "control.graph",
    "SignalGraph": "control.graph",
    "Trace": "rollout.trace",
    "Transformer": "model.transformer",
    "Weights": "model.weights",
    "attack": "safety.attack",
    "authority_report": "safety.authority",
    "forward": "model.forward",
    "initial_state": "model.forward",
    "step": "model.forward",
}
"""Names that stood here before; for one release they still come, with a warning."""

__all__ = [
    "HandcraftedError",
    "analyse",
    "assemble",
    "check",
    "compare",
    "diff",
    "draw",
    "examples",
    "exercises",
    "explain",
    "inject",
    "laws",
    "load",
    "load_model",
    "model",
    "panel",
    "prove",
    "readout",
    "recover",
    "register",
    "safety",
    "show",
    "simulate",
]


def __getattr__(name: str) -> Any:
    """Load a public name, or a submodule, when it is first asked for."""
    if name in MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in MOVED:
        module = f"{__name__}.{MOVED[name]}"
        warnings.warn(f"`{name}` has moved: from {module} import {name}", DeprecationWarning, stacklevel=2)
        return getattr(importlib.import_module(module), name)
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found = getattr(importlib.import_module(f"{__name__}.{PLACES[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
