"""The worked example of each law: a controller with that law alone, over a process that is not modelled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from handcrafted.laws import catalogue
from handcrafted.laws.catalogue import LAWS
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.text.diagnostics import HandcraftedError, nearest

BOUNDS = Path(catalogue.__file__).with_name("regression.json")

REGRESSION: Mapping[str, float] = json.loads(BOUNDS.read_text(encoding="utf-8"))
"""Regression bounds: twice what was measured on the example, see `handcrafted circuits`; for all other laws 0."""


def example(law: str) -> ControlStructure:
    """Return the worked example of a law.

    Raises:
        HandcraftedError: if there is no law of that name.
    """
    if law not in LAWS:
        raise HandcraftedError(f"Expected a law of the catalogue, got `{law}`.{nearest(law, LAWS)}")
    shown = LAWS[law].example
    believed = {name: domain for name, domain in shown.reads.items() if name != shown.request}
    reads = {} if shown.request or not believed else {"reads": list(believed)}
    entry = {"law": law, "parameters": dict(shown.parameters), **reads, **shown.entry}
    model = {name: {**domain, "reads": [name]} for name, domain in believed.items()}
    controller = {"kind": "controller", "level": 0, "process model": model, "control algorithm": {"out": entry}}
    ends = {"from": "process", "to": "controller"}
    return ControlStructure.model_validate(
        {
            "name": law,
            "components": {"controller": controller, "process": {"kind": "process", "level": 1}},
            "control actions": [{"name": "out", "from": "controller", "to": "process", **shown.result}],
            "feedback": [{"name": name, **ends, **domain} for name, domain in believed.items()],
            "requests": [{"name": name, **ends, **shown.reads[name]} for name in shown.reads if name == shown.request],
        }
    )


def keep_regression(within: Mapping[str, float]) -> Path:
    """Write twice what was measured of each law as its regression bound, rounded up to two digits."""
    bounds = {law: float(f"{2 * off:.1e}") for law, off in sorted(within.items()) if off}
    BOUNDS.write_text(json.dumps(bounds, indent=1) + "\n", encoding="utf-8")
    return BOUNDS
