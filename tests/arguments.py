"""Calls every public function with wrong things, one argument at a time, and prints as JSON what is not said in words.

Run as a program, since in tests the types of half of the package are checked before it can say anything itself.
"""

# pyright: reportArgumentType=false

import json
import sys
import tempfile
import warnings
from functools import partial
from itertools import count
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import handcrafted as hc
from handcrafted.components.circuit import Circuit, Neurons
from handcrafted.control.graph import Edge, Signal, SignalGraph
from handcrafted.control.vocabulary import Role
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.edit import no_edit
from handcrafted.model.forward import forward, initial_state, step
from handcrafted.model.intervention import Hold, Noise, Patch, Swap, Zero
from handcrafted.model.transformer import Transformer
from handcrafted.model.weights import Weights
from handcrafted.safety.attack import attack
from handcrafted.safety.authority import authority_report
from handcrafted.zoo import find

GARBAGE = {
    "None": None, "5": 5, "-1": -1, "1.5": 1.5, "nan": float("nan"), "10^400": 10**400, "'x'": "x", "b'x'": b"x",
    "object": object(), "[]": [], "[1, 'a']": [1, "a"], "{}": {}, "{5: 5}": {5: 5}, "a lambda": lambda: None,
    "a class": int, "zeros [3]": np.zeros(3), "zeros [2, 3]": np.zeros((2, 3)), "zeros [2, 2, 2]": np.zeros((2, 2, 2)),
    "words": np.array(["a", "b"]), "complex": np.array([1j]), "a long text": "y" * 5000, "True": True,
    "a path": Path("no such file"), "a zero byte": "a\0b", "ragged": [[1], [1, 2]], "jax": jnp.ones((1, 1, 1, 1, 1)),
}  # fmt: skip

structure = hc.load(find("heated room"))
model = hc.assemble(structure)
weights, names = model.effective_weights, model.names
other = hc.assemble(hc.load(find("train door"))).effective_weights
recovered = hc.recover(model)
inputs = np.full((3, 1), 20, np.float32)
state = initial_state(weights)
signal = Signal("thermostat", "processing_for_action", "heat")
folder = Path(tempfile.mkdtemp())
model.save(folder / "model")
trace = hc.simulate(model, steps=3)
guarded = hc.assemble(hc.load(find("guarded room")))
body = Neurons(np.zeros((1, 1)), np.zeros(1), np.zeros((1, 1)))
circuit = dict(
    name="n", owner="thermostat", role=Role.FEEDBACK, reads=(signal,), writes=signal, body=body, formula="",
    source="", error="",
)  # fmt: skip


def plain(state, actions):
    return {"temperature": state["temperature"]}


CALLS = {
    "Circuit": (Circuit, circuit),
    "Edge": (Edge, {"source": signal, "target": signal}),
    "Names.domain": (names.domain, {"signal": Signal("room", "input", "temperature")}),
    "Names.find": (names.find, {"signal": signal}),
    "Role": (Role, {"value": "feedback"}),
    "SignalGraph": (SignalGraph, {"nodes": [signal], "edges": []}),
    "Structure.save": (structure.save, {"path": folder / "s.yaml"}),
    "Trace.save": (trace.save, {"path": folder / "t.csv", "run": 0}),
    "Trace.state": (lambda key: trace.state[key], {"key": "temperature"}),
    "Transformer": (
        Transformer,
        {"weights": model.weights, "masks": model.masks, "names": names, "layout": model.layout,
         "structure": structure},
    ),
    "Weights.replace": (weights.replace, {"W_E": weights.W_E}),
    "Weights.zeros": (Weights.zeros, weights.sizes),
    "Weights[...]": (lambda name: weights[name], {"name": "W_E"}),
    "assemble": (hc.assemble, {"structure": structure, "circuits": None}),
    "attack": (attack, {"model": guarded, "restarts": 1, "most": 0, "horizon": 2, "initial": {}, "rate": 0.1,
                           "spread": 0.1, "seed": 0}),
    "authority_report": (authority_report, {"model": guarded, "seed": 0}),
    "compare": (hc.compare, {"structure": structure, "recovered": recovered}),
    "diff": (hc.diff, {"a": model, "b": model}),
    "draw": (hc.draw, {"thing": structure, "path": folder / "a.dot", "dpi": 100, "width": 3, "collapse": []}),
    "explain": (hc.explain, {"model": model, "link": "thermostat -> room: heat", "weights": weights}),
    "forward": (forward, {"weights": weights, "inputs": inputs, "carries": None, "window": 16, "edit": None}),
    "initial_state": (initial_state, {"weights": weights, "window": 16}),
    "load": (hc.load, {"path_or_name": find("heated room")}),
    "check": (hc.check, {"structure": structure}),
    "load_model": (hc.load_model, {"folder": folder / "model"}),
    "model()": (model, {"inputs": inputs, "carries": None}),
    "model.audit": (model.audit, {"weights": model.weights}),
    "model.edit": (hc.assemble(structure).edit, {"entry": "W_in[1, 2, 0]", "value": 1.0}),
    "model.intervene": (model.intervene, {"inputs": inputs[None]}),
    "model.intervene(x, ...)": (lambda change: model.intervene(inputs[None], change), {"change": Zero(signal)}),
    "model.parameters[...]": (lambda name: model.parameters[name], {"name": "thermostat.heat.on_below"}),
    "model.parameters[...] = ": (
        lambda value: hc.assemble(structure).parameters.__setitem__("thermostat.heat.on_below", value),
        {"value": 19},
    ),
    "model.provenance": (model.provenance, {"entry": "W_in[1, 2, 0]"}),
    "model.restore": (hc.assemble(structure).restore, {"folder": folder / "model"}),
    "model.save": (model.save, {"folder": folder / "model"}),
    "model.set_weights": (hc.assemble(structure).set_weights, {"new": model.weights}),
    "panel": (hc.panel, {"model": model, "proofs": [], "steps": 3, "initial": {}, "inputs": {}, "disturbance": 0.0,
                         "seed": 0}),
    "prove": (hc.prove, {"model": model, "claim": "H-2", "any_subordinate": False, "start": {}, "disturbance": {},
                         "margin": None, "assume": {}, "seed": 0}),
    "recover": (hc.recover, {"model_or_weights": weights, "names": names, "seed": 0, "readouts": ()}),
    "register": (hc.register, {"name": "new", "kind": "causal"}),
    "register(...)": (lambda read: hc.register(f"r{id(read)}")(read), {"read": plain}),
    "show": (hc.show, {"thing": structure, "dpi": 30, "width": 3, "collapse": []}),
    "simulate": (hc.simulate, {"model": model, "process": None, "steps": 3, "initial": {}, "inputs": {},
                               "disturbance": None, "seed": 0}),
    "step": (step, {"weights": weights, "state": state, "inputs": inputs[0]}),
    **{f"Hold at {key}": (lambda values: model.intervene(inputs[None], Hold(signal, values)), {"values": 0.0})
       for key in ("a value",)},
    "Noise": (lambda scale, seed: model.intervene(inputs[None], Noise(signal, scale, seed)), {"scale": 1.0, "seed": 0}),
    "Patch": (lambda x: model.intervene(inputs[None], Patch(signal, x)), {"x": inputs[None]}),
    "Swap": (lambda order: model.intervene(inputs[None], Swap(signal, order)), {"order": [0]}),
    "Zero": (lambda where: model.intervene(inputs[None], Zero(where)), {"where": signal}),
    "simulate, states": (lambda value: hc.simulate(model, steps=3, initial={"temperature": value}), {"value": 20.0}),
    "simulate, disturbances": (lambda value: hc.simulate(model, steps=3, disturbance={"room": value}), {"value": 0.0}),
    **{f"exercises.{name}": (getattr(hc.exercises, name), {"answer": None}) for name in dir(hc.exercises)
       if name.startswith("check_") and name not in ("check_dead_band", "check_other_weights", "check_loop")},
    "exercises.check_dead_band": (hc.exercises.check_dead_band, {"law": "dead band", "parameters": {"width": 1}}),
    "exercises.check_other_weights": (hc.exercises.check_other_weights, {"model": model, "weights": weights}),
}  # fmt: skip
"""By what they are called: each function with arguments that fit."""


class Room:
    """An environment as people write it, which decides in Python and remembers."""

    def step(self, state, actions):
        return {"temperature": 20.0 if state["temperature"] > 20 else 21.0}

    def alone(self, action):
        return {"temperature": 20.0}


START = {"steps": 3, "initial": {"temperature": 20.0}}
run = lambda process, **more: hc.simulate(model, process, **{**START, **more})
SLIPS = {
    "one run in place of a batch": lambda: model.intervene(inputs, Zero(signal)),
    "a lambda for an intervention": lambda: model.intervene(inputs[None], lambda x: x),
    "analyse of a structure": lambda: hc.analyse(structure),
    "inject into a structure": lambda: hc.inject(structure, []),
    "inject a text": lambda: hc.inject(model, 3),
    "forward of a model": lambda: forward(model, inputs),
    "step of a model": lambda: step(model, state, inputs[0]),
    "diff of arrays": lambda: hc.diff(weights, weights),
    "inputs of another model": lambda: forward(weights, np.zeros((3, 6), np.float32)),
    "carries of another length": lambda: forward(weights, inputs, np.zeros((2, 7), np.float32)),
    "a batch of carries for one run": lambda: forward(weights, inputs, np.zeros((2, 3, 7), np.float32)),
    "an edit of another model": lambda: forward(weights, inputs, edit=no_edit(other)),
    "a state of another window": lambda: step(weights, initial_state(other), inputs[0]),
    "weights that do not fit each other": lambda: forward(weights.replace(W_E=weights.W_U), inputs),
    "weights of words": lambda: forward(weights.map(lambda a: np.full(np.shape(a), "x")), inputs),
    "names of another model": lambda: hc.recover(other, names),
    "a text of readouts": lambda: hc.recover(model, readouts="gradeint"),
    "arrays of another model": lambda: hc.explain(model, "thermostat -> room: heat", other),
    "audit of another model's arrays": lambda: model.audit(other),
    "arrays of another model set": lambda: model.set_weights(other),
    "circuits of another model": lambda: hc.assemble(structure, [Circuit(**circuit)]),
    "a circuit of nobody": lambda: hc.assemble(structure, [Circuit(**{**circuit, "owner": "nobody"})]),
    "a circuit's arrays that do not fit": lambda: Circuit(
        **{**circuit, "body": Neurons(np.zeros((1, 2)), np.zeros(1), np.zeros((1, 1)))}
    ),
    "an environment's step": lambda: run(Room().step),
    "an environment's step of one argument": lambda: run(Room().alone),
    "a process that fails": lambda: run(lambda state, actions: {"temperature": state["temprature"]}),
    "a process that gives nothing": lambda: run(lambda state, actions: None),
    "a process that gives another state": lambda: run(lambda state, actions: {"heat": 1.0}),
    "a process that gives another shape": lambda: run(lambda state, actions: {"temperature": jnp.zeros(3)}),
    "a process that gives words": lambda: run(lambda state, actions: {"temperature": "warm"}),
    "a process by a wrong name": lambda: run({"rom": plain}),
    "a process that is a number": lambda: run({"room": 5}),
    "a process that uses numpy": lambda: run(lambda s, a: {"temperature": np.sin(np.asarray(s["temperature"]))}),
    "states of unequal runs": lambda: hc.simulate(model, steps=3, initial={"temperature": np.zeros((2, 2, 2))}),
    "a collapsed text": lambda: hc.draw(structure, folder / "b.dot", collapse="house"),
    "ControlStructure of a mapping": lambda: hc.load({"name": "x"}),
}
"""Mistakes that people make."""

STILL_FINE = {
    "under vmap": lambda: jax.vmap(lambda x: forward(weights, x)[0])(np.stack([inputs] * 2)).shape == (2, 3, 1),
    "under jit": lambda: jax.jit(lambda w, x: forward(w, x)[0])(weights, inputs).shape == (3, 1),
    "under grad": lambda: jax.grad(lambda w: forward(w, inputs)[0].sum())(weights).W_E.shape == (1, 7),
    "under scan": lambda: jax.lax.scan(lambda s, x: step(weights, s, x), state, inputs)[1].shape == (3, 1),
    "a list of inputs": lambda: forward(weights, [[18.0], [20]])[0].shape == (2, 1),
    "whole numbers": lambda: forward(weights, np.array([[18]]))[0].shape == (1, 1),
    "an edit": lambda: forward(weights, inputs, edit=no_edit(weights))[0].shape == (3, 1),
    "NaN": lambda: bool(np.isnan(forward(weights, inputs * np.nan)[0]).any()),
    "a disturbed process": lambda: run(lambda state, actions, wind: {"temperature": state["temperature"] + wind}),
    "a partial function": lambda: run(partial(lambda gain, state, actions: plain(state, actions), 1.0)),
    "one readout by its name": lambda: "gradient" in hc.recover(model, readouts="gradient").graphs,
    "a structure in Python": lambda: ControlStructure(name="x").name == "x",
}


def outcome(call):
    """Say what a call ends in: `fine`, or the type and the words of its error."""
    try:
        call()
    except hc.HandcraftedError as error:
        return ["HandcraftedError", str(error)]
    except Exception as error:
        return [type(error).__name__, str(error)[:300]]
    return ["fine", ""]


def everything(only, every=1):
    """Return the outcome of each case by its name; of the wrong arguments every so manieth, each in its turn."""
    found, turn = {}, count()
    for name, (function, fitting) in CALLS.items():
        if only in name:
            found[name] = outcome(partial(function, **fitting) if "exercises" not in name else str)
            for argument in fitting:
                for garbage, thing in GARBAGE.items():
                    if next(turn) % every:
                        continue
                    if name == "Role" and isinstance(thing, np.ndarray):
                        continue  # Python's own Enum compares, and says no more
                    if name == "attack" and garbage in ("5", "1.5", "True"):
                        continue  # they fit, and each is an attack of its own, with a program to compile
                    given = [*{**fitting, argument: thing}.values()] if "exercises" in name else []
                    named = {} if given else {**fitting, argument: thing}
                    if name == "Role":
                        given, named = [thing], {}
                    found[f"{name}: {argument} = {garbage}"] = outcome(partial(function, *given, **named))
    return found


if __name__ == "__main__":
    warnings.simplefilter("error", RuntimeWarning)
    thin = "--thin" in sys.argv
    asked = next((word for word in sys.argv[1:] if word != "--thin"), "")
    slips = {name: outcome(call) for name, call in SLIPS.items()} if not asked else {}
    fine = {name: outcome(lambda call=call: None if call() else 1 / 0) for name, call in STILL_FINE.items()}
    print(json.dumps({"calls": everything(asked, 4 if thin else 1), "slips": slips, "fine": fine if not asked else {}}))
