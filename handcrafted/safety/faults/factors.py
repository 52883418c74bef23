"""Causal factors of loss scenarios: where in the control loop a fault lies, in STPA's words.

Source: STPA Handbook (Leveson & Thomas 2018), step 4: why an unsafe control action would happen, and why an action
would not be carried out as it should be.
"""

from __future__ import annotations

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


def by_time(mode: str, still: str, slow: str, otherwise: str) -> str:
    """Return the factor of what does not come, of what comes late, or of what comes otherwise."""
    return still if mode in ("zero", "hold") else slow if mode == "delay" else otherwise
