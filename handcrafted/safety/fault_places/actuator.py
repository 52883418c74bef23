"""What leaves the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.control.stpa import Factor
from handcrafted.model.names import Names
from handcrafted.safety.fault_places.port import PortPlace


@final
class ActuatorPlace(PortPlace):
    """What leaves the network."""

    kind: ClassVar = "actuator"
    side: ClassVar = "outputs"
    title: ClassVar = "actuator for"
    factors: ClassVar = (Factor.ACTION_NOT_CARRIED_OUT, Factor.ACTION_DELAYED, Factor.ACTION_OTHERWISE)

    def listed(self, names: Names) -> Mapping[Signal, np.ndarray]:
        """Return the positions of all signals that leave."""
        return names.output_signals
