"""What enters the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.control.stpa import Factor
from handcrafted.model.names import Names
from handcrafted.safety.fault_places.port import PortPlace


@final
class SensorPlace(PortPlace):
    """What enters the network."""

    kind: ClassVar = "sensor"
    side: ClassVar = "inputs"
    title: ClassVar = "feedback"
    factors: ClassVar = (Factor.FEEDBACK_NOT_RECEIVED, Factor.FEEDBACK_DELAYED, Factor.FEEDBACK_INADEQUATE)

    def listed(self, names: Names) -> Mapping[Signal, np.ndarray]:
        """Return the positions of all signals that enter."""
        return names.input_signals
