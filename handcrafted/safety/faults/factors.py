"""Which causal factor of STPA a fault is, in the words in which an analyst writes scenarios.

Source: STPA Handbook (Leveson & Thomas 2018), step 4: why an unsafe control action would happen, and why an action
would not be carried out as it should be.
"""

from __future__ import annotations

from handcrafted.control.stpa import Factor


def by_time(mode: str, still: Factor, slow: Factor, otherwise: Factor) -> Factor:
    """Return the factor of what does not come, of what comes late, or of what comes otherwise."""
    return still if mode in ("zero", "hold") else slow if mode == "delay" else otherwise
