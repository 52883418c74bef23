"""What enters the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.model.names import Names
from handcrafted.safety.fault_places.port import PortPlace
from handcrafted.safety.faults import factors


@final
class SensorPlace(PortPlace):
    """What enters the network."""

    kind: ClassVar = "sensor"
    side: ClassVar = "inputs"
    title: ClassVar = "feedback"
    factors: ClassVar = (factors.NOT_SENT, factors.LATE, factors.INACCURATE)

    def listed(self, names: Names) -> Mapping[Signal, np.ndarray]:
        """Return the positions of all signals that enter."""
        return names.input_signals
