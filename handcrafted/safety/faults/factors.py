"""Causal factors of loss scenarios: where in the control loop a fault lies, in STPA's words.

Source: STPA Handbook (Leveson & Thomas 2018), step 4: why an unsafe control action would happen, and why an action
would not be carried out as it should be.
"""

from __future__ import annotations

from handcrafted.control.vocabulary import Role
from handcrafted.safety.faults.fault import Fault
from handcrafted.safety.faults.place import INPUT, MEMORY, OUTPUT, Place

FAILS = "controller: physical failure"
ALGORITHM = "controller: control algorithm is not as it should be"
FROM_OTHERS = "controller: unsafe input from another controller"
MODEL = "controller: process model is wrong"
NOT_SENT = "feedback path: not sent or not received"
LATE = "feedback path: delayed"
INACCURATE = "feedback path: inaccurate"
NOT_DONE = "control path: not carried out"
DONE_LATE = "control path: carried out late"
DONE_OTHERWISE = "control path: carried out otherwise, or without a command"
UNRESPONSIVE = "process: does not respond"
DISTURBED = "process: disturbed"
CHANGED = "process: changed over time"

FACTORS = (
    FAILS, ALGORITHM, FROM_OTHERS, MODEL, NOT_SENT, LATE, INACCURATE, NOT_DONE, DONE_LATE, DONE_OTHERWISE, UNRESPONSIVE,
    DISTURBED, CHANGED,
)  # fmt: skip
"""In the order in which they are reported."""

STILL, SLOW = ("zero", "hold"), ("delay",)


def factor(fault: Fault) -> str:
    """Give the causal factor that a fault stands for."""
    place, way = fault.place, fault.way
    match place.kind:
        case "sensor":
            return _one_of(way, NOT_SENT, LATE, INACCURATE)
        case "actuator":
            return _one_of(way, NOT_DONE, DONE_LATE, DONE_OTHERWISE)
        case "process":
            return {"zero": UNRESPONSIVE, "scale": CHANGED, "parameter": CHANGED}.get(way, DISTURBED)
        case "link":
            return FROM_OTHERS if _commanded(place) else _one_of(way, NOT_SENT, LATE, INACCURATE)
        case "history" | "recurrence":
            return MODEL
        case "network" | "activation":
            return FAILS
    return _of_entry(place)


def _one_of(way: str, still: str, slow: str, otherwise: str) -> str:
    return still if way in STILL else slow if way in SLOW else otherwise


def _commanded(place: Place) -> bool:
    return any(link.sent_by_controller for link in place.links)


def _of_entry(place: Place) -> str:
    """Give the factor of an array entry, by the role of the circuit that it belongs to."""
    ends = {INPUT: INACCURATE, OUTPUT: DONE_OTHERWISE, MEMORY: MODEL, Role.FEEDBACK_MODELLING: MODEL}
    if place.role == Role.FEEDBACK:
        return FROM_OTHERS if _commanded(place) else INACCURATE
    return ends.get(place.role, ALGORITHM)
