"""Circuits with a part taken out on purpose, to see what that part is for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from handcrafted.components.circuit import Circuit, Head, Neurons
from handcrafted.craft.plan import circuits_of
from handcrafted.loading.control_structure import ControlStructure


def without_saturation(structure: ControlStructure) -> tuple[Circuit, ...]:
    """Give the circuits of a structure with its guards' saturation taken out, to see what it is for.

    Each rectified unit of the two stages becomes the exact pair r(z) - r(-z), so that nothing is cut off.
    """
    resolved = structure.resolved
    tasks = [task for controller in resolved.controllers.values() for task in controller.tasks if task.law == "guard"]
    cut = {stage.signal for task in tasks for stage in task.stages[-2:]}
    return tuple(replace(c, body=_pair(c.body)) if c.writes in cut else c for c in circuits_of(resolved))


def _pair(body: Head | Neurons) -> Neurons:
    assert isinstance(body, Neurons)
    bias = np.concatenate([body.bias, -body.bias])
    return Neurons(np.hstack([body.into, -body.into]), bias, np.concatenate([body.out, -body.out]))
