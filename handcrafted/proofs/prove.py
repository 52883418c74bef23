"""Prove that something never happens in a closed loop, refute it by a run, or say where the proof stops."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from handcrafted.control.numbers import finite_numbers, whole
from handcrafted.model.transformer import Transformer
from handcrafted.proofs import check
from handcrafted.proofs.assumed import assuming
from handcrafted.proofs.claim import claims_of
from handcrafted.proofs.processes import NotStatedError
from handcrafted.proofs.proof import PROVED, REFUTED, UNKNOWN, Proof
from handcrafted.proofs.refute import counterexample
from handcrafted.proofs.search import Unproved, certificate_for
from handcrafted.proofs.statement import Intervals, Statement, statement_of
from handcrafted.rollout.environment import world_of
from handcrafted.safety.stpa.free import freed
from handcrafted.text.diagnostics import HandcraftedError, must_be, must_be_known
from handcrafted.text.letters import shown

MARGINS = ("disturbance", "start")

FARTHEST, HALVINGS = 2.0**8, 12
"""How many times its width an interval is widened at most, and how often the end of what is proved is halved."""


def prove(
    model: Transformer,
    claim: str,
    *,
    any_subordinate: bool = False,
    start: Intervals | None = None,
    disturbance: Intervals | None = None,
    margin: str | None = None,
    assume: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Proof:
    """Prove that a hazard or an unsafe control action never happens, for all time, or refute it by a run.

    What is proved holds of the arrays that run, with float32 rounding in any order of the sums, for every disturbance
    within its interval and every word and number from outside, which may change at each step. A proof is a file of
    cells, which `handcrafted.proofs.check` has checked; that file needs nothing of this package. A decision that nobody
    states may issue any value of its domain at any step, as in an analysis.

    Args:
        model: whose closed loop.
        claim: the id of a hazard with `when`, or of an unsafe control action `provided` or `not provided`.
        any_subordinate: whether all weights outside the Layer 0 controller may be anything, NaN included; it is then
            proved of the run in blocks, which `simulate` does.
        start: intervals in which states begin, by `process.state`; the others begin where the file says.
        disturbance: intervals of disturbances by process, in place of those that the file says.
        margin: `disturbance` or `start`, to be told the widest that is found to be proved; disturbances are looked for
            up to 16 times their width beyond each end.
        assume: words from outside that are taken for granted, beside what the file assumes: `{"mode": "on"}`;
            of several words one comes.
        seed: of the runs that are tried where it is not proved.

    Raises:
        HandcraftedError: if there is nothing of that id, it has no predicate, or no Layer 0 controller stands where
            weights are to be free; if what is assumed names no word from outside, or leaves nothing.

    Example:
        >>> hc.prove(hc.assemble(hc.load(find("guarded room"))), "H-1", any_subordinate=True).verdict
        'proved'
    """
    must_be(margin, str | None, "`disturbance`, `start` or None as a margin")
    if margin is not None and margin not in MARGINS:
        raise HandcraftedError(f"Expected a margin out of {', '.join(MARGINS)}, got {shown(margin)}. Choose one.")
    seed = whole("a whole number as a seed", seed)
    asked = _asked(model, claim, any_subordinate, start, disturbance, assume)
    found = _tried(asked, thorough=False)
    if not found.proved:
        run = counterexample(asked.model, asked.claim, asked.start, asked.disturbance, seed)
        found = replace(found, verdict=REFUTED, counterexample=run) if run else _tried(asked)
    if margin is None or found.statement is None:
        return found
    return replace(found, margin=_widest_disturbance(found) if margin == "disturbance" else found.widest_start)


def recheck(proof: Proof, model: Transformer) -> Proof:
    """Check whether the cells of a proof still show its claim of a model as it is now; nothing else is tried.

    Args:
        proof: one that is proved, of the same loop before edits of its weights or its structure.
        model: as it is.

    Returns:
        Whether the claim is `proved`, or `unknown`: other cells may show it, and a run may refute it.

    Raises:
        HandcraftedError: if the claim is none of the model's, or its Layer 0 controller was tampered with.
    """
    must_be(proof, Proof, "a proof, as `hc.prove` gives it")
    asked = _asked(model, proof.claim.id, proof.any_subordinate, proof.start, proof.disturbance, proof.assume)
    if proof.certificate is None:
        return replace(asked, unproved=proof.unproved or Unproved("it was not proved before", {}))
    cells = json.loads(proof.certificate)
    return _checked(asked, lambda statement: json.dumps(cells | {"statement": statement.digest}).encode())


def _asked(
    model: Transformer, claim: str, any_subordinate: bool, start: Intervals | None, disturbance: Intervals | None,
    assume: Mapping[str, Any] | None,
) -> Proof:  # fmt: skip
    """Return what is to be proved, of a model that later edits do not reach."""
    must_be(model, Transformer, "a model, as `hc.assemble` gives it")
    must_be(claim, str, "the id of a hazard or of an unsafe control action")
    must_be(any_subordinate, bool, "True or False as `any_subordinate`")
    must_be(assume, Mapping | None, "a mapping from names to words as `assume`")
    start, disturbance = _intervals("start", start), _intervals("disturbance", disturbance)
    for name in disturbance:
        must_be_known((), "the name of a process that is disturbed", name, world_of(model.structure).processes)
    model.check_seal()
    model = _as_it_is(freed(assuming(model, assume or {})))
    hazards, rules = ([claim], []) if claim in model.structure.hazards else ([], [claim])
    what = claims_of(model.structure, model.names, hazards, rules)[0]
    return Proof(model, what, UNKNOWN, any_subordinate, start, disturbance, dict(assume or {}))


def _as_it_is(model: Transformer) -> Transformer:
    """Return a model of the same arrays, which edits of the other one do not reach."""
    rest = model.masks, model.names, model.layout, model.structure, model.window
    return Transformer(model.weights, *rest, seal=model.seal)


def _intervals(what: str, given: Intervals | None) -> dict[str, tuple[float, float]]:
    """Check intervals by name: two finite numbers each, the lower one first."""
    given = {} if given is None else given
    must_be(given, Mapping, f"a mapping from names to (low, high) as `{what}`")
    found = {}
    for name, pair in given.items():
        must_be(name, str, f"a name in `{what}`")
        ends = finite_numbers(f"the {what} of {name}", pair)
        if ends.shape != (2,) or ends[0] > ends[1]:
            raise HandcraftedError(
                f"Expected (low, high) as the {what} of {name}, got {shown(str(pair))}. Give both ends."
            )
        found[name] = (float(ends[0]), float(ends[1]))
    return found


def _tried(asked: Proof, thorough: bool = True) -> Proof:
    """Look for a proof, and have it checked."""
    return _checked(asked, lambda statement: certificate_for(statement, thorough))


def _checked(asked: Proof, find: Callable[[Statement], bytes | Unproved]) -> Proof:
    """State what is asked, find a certificate, and have it checked."""
    try:
        statement = statement_of(asked.model, [asked.claim], asked.any_subordinate, asked.start, asked.disturbance)
    except NotStatedError as error:
        return replace(asked, unproved=Unproved(f"there are no words for this yet: {error}", {}))
    found = find(statement)
    if isinstance(found, Unproved):
        return replace(asked, statement=statement, unproved=found)
    try:
        tried = check.check(statement.text, statement.arrays, found)
    except check.Refused as refused:
        return replace(asked, statement=statement, unproved=Unproved(str(refused.args[0]), {}))
    return replace(asked, verdict=PROVED, statement=statement, certificate=found, tried=tried)


def _widest_disturbance(found: Proof) -> Intervals:
    """Return the widest disturbances that are proved, one end after the other; nothing where none is."""
    widest: dict[str, tuple[float, float]] = {}
    for name, process in world_of(found.structure).processes.items():
        if (given := found.disturbance.get(name) or process.disturbance) is not None:
            holds = partial(_holds, found, dict(widest), name)
            if (wide := _widened(holds, *given, found.proved)) is not None:
                widest[name] = wide
    return widest


def _holds(found: Proof, known: Intervals, name: str, low: float, high: float) -> bool:
    disturbance = {**found.disturbance, **known, name: (low, high)}
    return _tried(replace(found, verdict=UNKNOWN, disturbance=disturbance)).proved


def _widened(
    holds: Callable[[float, float], bool], low: float, high: float, proved: bool
) -> tuple[float, float] | None:
    """Return the widest interval that is proved: wider at both ends, or narrower around the middle; None for none."""
    span, middle = max(high - low, 1e-3), (low + high) / 2
    if not proved:
        half = _farthest(lambda by: by <= span / 2 and holds(middle - by, middle + by), span / 2**9)
        return (middle - half, middle + half) if half else None
    below = low - _farthest(lambda by: holds(low - by, high), span / 16)
    return below, high + _farthest(lambda by: holds(below, high + by), span / 16)


def _farthest(holds: Callable[[float], bool], step: float) -> float:
    """Return about the largest number up to which something holds, 0 where it does not at the first step."""
    good, bad = 0.0, step
    while bad < step * FARTHEST and holds(bad):
        good, bad = bad, 2 * bad
    for _ in range(HALVINGS):
        middle = (good + bad) / 2
        good, bad = (middle, bad) if holds(middle) else (good, middle)
    return good
