"""Every kind of place that a fault list may name: one line each, and nowhere else."""

from __future__ import annotations

from handcrafted.safety.fault_places.activation import ActivationPlace as ActivationPlace
from handcrafted.safety.fault_places.actuator import ActuatorPlace as ActuatorPlace
from handcrafted.safety.fault_places.history import HistoryPlace as HistoryPlace
from handcrafted.safety.fault_places.link import LinkPlace as LinkPlace
from handcrafted.safety.fault_places.network import NetworkPlace as NetworkPlace
from handcrafted.safety.fault_places.process import ProcessPlace as ProcessPlace
from handcrafted.safety.fault_places.recurrence import RecurrencePlace as RecurrencePlace
from handcrafted.safety.fault_places.sensor import SensorPlace as SensorPlace
from handcrafted.safety.fault_places.weight import WeightPlace as WeightPlace
from handcrafted.safety.faults.fault import FaultPlace

_IMPORTED = [kind for kind in tuple(vars().values()) if isinstance(kind, type) and issubclass(kind, FaultPlace)]

PLACES: dict[str, FaultPlace] = {kind.kind: kind() for kind in dict.fromkeys(_IMPORTED) if kind is not FaultPlace}
"""All kinds of place imported here, by what a fault list calls them."""
