"""One small worked example of each law: a controller with that law alone, over a process that is not modelled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handcrafted.control.complaint import nearest
from handcrafted.control.errors import HandcraftedError
from handcrafted.control.structure import ControlStructure

REAL = {"range": [-4, 4]}
BIT = {"values": ["no", "yes"]}
MODES = {"values": ["idle", "ready", "running"]}
BUTTONS = {"values": ["none", "next", "stop"]}

Example = tuple[dict[str, dict], dict, dict[str, Any]]

EXAMPLES: Mapping[str, Example] = {
    "absolute value": ({"x": REAL}, REAL, {}),
    "and": ({"x": BIT, "y": BIT}, BIT, {}),
    "argmin": ({"x": REAL, "y": REAL, "z": REAL}, {"values": ["first", "second", "third"]}, {}),
    "comparator": ({"x": REAL}, BIT, {"above": 1}),
    "constant": ({}, REAL, {"value": 2}),
    "dead band": ({"x": REAL}, REAL, {"width": 1}),
    "decision table": ({"x": REAL, "mode": MODES}, BIT, {}),
    "delay": ({"x": REAL}, REAL, {"steps": 3}),
    "difference": ({"x": REAL}, {"range": [-8, 8]}, {}),
    "finite state": (
        {"button": BUTTONS},
        MODES,
        {"transitions": [["idle", "next", "ready"], ["ready", "next", "running"], ["running", "stop", "idle"]]},
    ),
    "gate": ({"x": REAL, "on": BIT}, REAL, {}),
    "guard": ({"request": REAL, "safe to do": BIT}, REAL, {}),
    "hysteresis": ({"x": REAL}, BIT, {"on below": -1, "off above": 1}),
    "integrator": ({"x": REAL}, REAL, {"gain": 0.25}),
    "k of n": ({"x": BIT, "y": BIT, "z": BIT}, BIT, {"k": 2}),
    "latch": ({"set": BIT, "reset": BIT}, BIT, {}),
    "linear": ({"x": REAL, "y": REAL}, {"range": [-12, 12]}, {"gains": {"x": 2, "y": -0.5}, "constant": 1}),
    "lookahead": ({"x": REAL, "goal": REAL}, REAL, {"candidates": [-1, 0, 1]}),
    "lookup": ({"x": REAL}, REAL, {"points": [[-2, 1], [0, 3], [1, -1], [3, 0]]}),
    "maximum": ({"x": REAL, "y": REAL, "z": REAL}, REAL, {}),
    "median": ({"x": REAL, "y": REAL, "z": REAL}, REAL, {}),
    "minimum": ({"x": REAL, "y": REAL}, REAL, {}),
    "moving average": ({"x": REAL}, REAL, {"steps": 4}),
    "multiplexer": ({"x": REAL, "y": REAL, "second": BIT}, REAL, {}),
    "observer": ({"x": REAL, "u": REAL}, REAL, {"a": 0.75, "gain": 0.5, "b": {"u": 0.25}}),
    "or": ({"x": BIT, "y": BIT}, BIT, {}),
    "pid": ({"goal": REAL, "x": REAL}, REAL, {"kp": 1, "ki": 0.25, "kd": 0.5}),
    "rate limiter": ({"x": REAL}, REAL, {"rise": 0.5, "fall": 1}),
    "relay": ({"x": REAL}, REAL, {"above": 0, "amplitude": 2}),
    "saturation": ({"x": REAL}, REAL, {"low": -1, "high": 2}),
    "timer": ({"reset": BIT}, {"range": [0, 8]}, {"steps": 8}),
    "veto": ({"x": REAL, "stop": BIT}, {"range": [0, 1]}, {}),
    "watchdog": ({"alive": BIT}, BIT, {"steps": 4}),
    "xor": ({"x": BIT, "y": BIT}, BIT, {}),
}
"""By law: what it reads, what its result may be, and its parameters."""

REGRESSION: Mapping[str, float] = {
    "difference": 5e-7,
    "gate": 6.8e-7,
    "guard": 4.8e-7,
    "integrator": 3e-6,
    "linear": 1.3e-6,
    "lookup": 9.6e-7,
    "maximum": 4.8e-7,
    "median": 8.4e-7,
    "minimum": 4.8e-7,
    "moving average": 4.4e-7,
    "multiplexer": 6.8e-7,
    "observer": 4.8e-7,
    "pid": 4.4e-6,
    "rate limiter": 4.8e-7,
    "saturation": 3e-7,
    "veto": 6e-8,
}
"""Regression bounds: twice what was measured on the example, see `handcrafted circuits`; for all other laws 0."""

ROWS = [{"mode": ["running"], "x": {"above": 1, "below": 3}}, {"mode": ["idle"]}]


def example(law: str) -> ControlStructure:
    """Give the worked example of a law.

    Raises:
        HandcraftedError: if there is no law of that name.
    """
    if law not in EXAMPLES:
        raise HandcraftedError(f"Expected a law of the catalogue, got `{law}`.{nearest(law, EXAMPLES)}")
    given, result, parameters = EXAMPLES[law]
    reads = dict(given)
    entry = {"law": law, "parameters": parameters, **({"reads": list(reads)} if reads else {})}
    entry |= {"when": ROWS} if law == "decision table" else {}
    asked = []
    if law == "guard":
        asked = [{"name": "request", "from": "process", "to": "controller", **reads.pop("request")}]
        entry = {"law": law, "gates": "request", "permit": {"safe to do": "yes"}, "safe": -2}
    model = {name: {**domain, "reads": [name]} for name, domain in reads.items()}
    controller = {"kind": "controller", "level": 0, "process model": model, "control algorithm": {"out": entry}}
    return ControlStructure.model_validate(
        {
            "name": law,
            "components": {"controller": controller, "process": {"kind": "process", "level": 1}},
            "control actions": [{"name": "out", "from": "controller", "to": "process", **result}],
            "feedback": [
                {"name": name, "from": "process", "to": "controller", **domain} for name, domain in reads.items()
            ],
            "requests": asked,
        }
    )
