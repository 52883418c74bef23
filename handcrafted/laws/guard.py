"""Guard: a request is saturated, then gated; where it is vetoed the safe value stands, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Neurons, Site, circuit
from handcrafted.components.linear import exact_bias, floor, gap
from handcrafted.components.rows import compared_rows, rows_of
from handcrafted.control.domain import Domain
from handcrafted.control.parts import Bounds, Condition
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.arithmetic import tested
from handcrafted.laws.law import BIT, REAL_SIGNAL, Example, Law, LawInput, LawOutput
from handcrafted.laws.signature import ReadRange, Signature, StageSignature


@final
class Guard(Law):
    """What a subordinate requests, cut off at the ends of its range, where it is permitted; elsewhere the safe value.

    It reads the real variables that `permit` tests, then the discrete ones, then the request.
    """

    law: ClassVar = "guard"
    shape: ClassVar = Signature(counts=(1, 64))
    jumps: ClassVar = True
    example: ClassVar = Example(
        {"request": REAL_SIGNAL, "safe to do": BIT},
        REAL_SIGNAL,
        entry={"gates": "request", "permit": {"safe to do": "yes"}, "safe": -2},
        request="request",
    )

    def signature(self, reads: int, when: Condition | None) -> Signature:
        """Return the signature: what is tested becomes a veto, the request is saturated, the one gates the other."""
        asked = ReadRange(reads - 1, reads)
        limited = (StageSignature("floor", (asked,)), StageSignature("gap", ("floor",)))
        if when is None:
            return self.shape._replace(stages=limited, result=("gap",))
        real = len({name for row in when for name, test in row.items() if isinstance(test, Bounds)})
        ramps, bits = StageSignature("ramps", (ReadRange(0, real),)), StageSignature("bits", ("ramps",))
        compared = (ramps, bits) if real else ()
        rows = StageSignature("rows", (*(("bits",) if real else ()), ReadRange(real, reads - 1)))
        veto = StageSignature("veto", ("rows",))
        return self.shape._replace(stages=(*compared, rows, veto, *limited), result=("gap", "veto"))

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return the request within the range of the action where it is permitted, else the safe value."""
        assert task.safe is not None
        low, high = (0.0, 1.0) if domain.discrete else (domain.low, domain.high)
        safe = domain.encode(task.safe).astype(float)
        away = np.clip(given.now[-1], low, high) - safe
        taken = (high - low) * (1.0 - tested(task, given))[..., None]
        return LawOutput(safe + np.sign(away) * np.maximum(np.abs(away) - taken, 0.0))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Test what is permitted, turn it into a veto, saturate the request, and let the one gate the other."""
        *tests, low_site, gap_site, last = sites
        low, high = limits(task.domain)
        width = task.domain.width
        limited = [floor(low_site, np.eye(width), low), gap(gap_site, low, high, width)]
        if task.when is not None:
            *compared, veto_site = tests
            limited = [*compared_rows(task, compared), veto(veto_site, len(rows_of(task))), *limited]
        return [*limited, guarded(task, last, domain)]


def limits(domain: Domain) -> tuple[float, float]:
    """Return the limits of each coordinate of an action."""
    return (0.0, 1.0) if domain.discrete else (domain.low, domain.high)


def veto(site: Site, rows: int) -> Circuit:
    """Build what closes a guard: 1 where no row of what is permitted holds.

    Formula: c = r(1 - sum of rows).
    Source: threshold units, McCulloch & Pitts 1943.
    Error: proved bound 0, regression bound 0.
    """
    body = Neurons(-np.ones((rows, 1)), np.ones(1), np.eye(1))
    return circuit(site, "veto", body, "c = r(1 - sum of rows)", "McCulloch & Pitts 1943", "0")


def guarded(task: LawInstance, site: Site, domain: Domain) -> Circuit:
    """Build the last stage of a guard, for each coordinate of the action.

    Formula: y = safe + r(u - g - b c) - r(g - u - b c), u = high - safe, b = high - low, g = high - request,
        c the veto.
    Source: two rectified units; everything is measured from the safe value, so that a veto leaves nothing else.
    Error: proved bound 3 * 2^-23 (|low| + |high|) where permitted; in [low, high] for any g in [0, b] and c in [0, 1],
        and exactly the safe value where c = 1; regression bound 4.8e-7 for limits up to 4.
    """
    assert task.safe is not None
    low, high = limits(domain)
    safe = domain.encode(task.safe)
    reach = np.array([reaches(low, high, value) for value in safe])
    most = max(float(exact_bias(low, high)), float(reach.max()))
    gated = np.full((int(task.when is not None), 2 * domain.width), -most)
    eye = np.eye(domain.width)
    into = np.concatenate([np.hstack([-eye, eye]), gated])
    bias, out = np.concatenate([reach[:, 0], -reach[:, 1]]), np.concatenate([eye, -eye])
    alive = np.concatenate([reach[:, 0] > 0, float(exact_bias(low, high)) - reach[:, 1] > 0])
    into, bias, out = into[:, alive], bias[alive], out[alive]
    if safe.any():
        into, bias = np.hstack([into, np.zeros((len(into), 1))]), np.append(bias, 1.0)
        out = np.concatenate([out, safe[None].astype(float)])
    formula = "y = safe + r(u - g - b c) - r(g - u - b c), u = high - safe, b = high - low"
    return circuit(site, "guard", Neurons(into, bias, out), formula, "two rectified units", "limits and veto exact")


def reaches(low: float, high: float, safe: np.float32) -> tuple[float, float]:
    """Return how far the result may go above the safe value, and from where on it goes below.

    Both are high - safe but for a rounding, with fl(safe + first) <= high and fl(safe - fl(b - second)) >= low.
    """
    up = exact_bias(-high, -float(safe))
    width, down = exact_bias(low, high), up
    while np.float32(safe) - (width - down) < np.float32(low):
        down = np.nextafter(down, np.float32(np.inf))
    return float(up), float(down)
