"""Which causal factor of STPA a fault is, in the words in which an analyst writes scenarios.

Source: STPA Handbook (Leveson & Thomas 2018), step 4: why an unsafe control action would happen, and why an action
would not be carried out as it should be.
"""

from __future__ import annotations

from handcrafted.control.stpa import Factor

FAILS = Factor.CONTROLLER_FAILS
ALGORITHM = Factor.ALGORITHM
FROM_OTHERS = Factor.CONTROL_INPUT
MODEL = Factor.PROCESS_MODEL
NOT_SENT = Factor.FEEDBACK_NOT_RECEIVED
LATE = Factor.FEEDBACK_DELAYED
INACCURATE = Factor.FEEDBACK_INADEQUATE
NOT_DONE = Factor.ACTION_NOT_CARRIED_OUT
DONE_LATE = Factor.ACTION_DELAYED
DONE_OTHERWISE = Factor.ACTION_OTHERWISE
UNRESPONSIVE = Factor.PROCESS_DOES_NOT_RESPOND
DISTURBED = Factor.PROCESS_DISTURBED
CHANGED = Factor.PROCESS_CHANGED

FACTORS = tuple(factor for factor in Factor)
"""In the order in which they are reported; some are for people to write alone."""


def by_time(mode: str, still: str, slow: str, otherwise: str) -> str:
    """Return the factor of what does not come, of what comes late, or of what comes otherwise."""
    return still if mode in ("zero", "hold") else slow if mode == "delay" else otherwise
