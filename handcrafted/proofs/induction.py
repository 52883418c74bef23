"""A second opinion on a claim by an SMT solver, in exact real arithmetic, without the cells of a proof.

Formula: k-induction. Nothing claimed happens in the first k steps; and where it does not in k steps that follow each
    other, from any states and any memory, it does not in the next one. Then it never does.
Source: Sheeran, Singh and Stalmarck, "Checking Safety Properties Using Induction and a SAT-Solver", FMCAD 2000.
Error: real numbers are not float32: what is shown here may still break by a rounding, and a head is taken to look back
    by exactly the number of steps at which its score is greatest. It shares no code with the checker.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from safetensors.numpy import load

from handcrafted.model.component import ends_of, heads_of, neurons_of
from handcrafted.proofs.processes import NotStatedError
from handcrafted.proofs.statement import Statement
from handcrafted.text.diagnostics import HandcraftedError

MAX_K = 6
"""So many steps are assumed at most."""

SECONDS = 60
"""How long the solver may take for one question."""

GAP = 50.0
"""How far behind a score leaves next to nothing, exp(-50) < 2^-72."""

HOLDS, BROKEN, OPEN = "holds", "broken", "open"


@dataclass(frozen=True)
class Opinion:
    """What a solver says.

    Attributes:
        verdict: `holds`, `broken` within the first steps, or `open`.
        k: how many steps were assumed.
        reason: why it is open; empty otherwise.
    """

    verdict: str
    k: int
    reason: str = ""

    def __str__(self) -> str:
        if self.verdict == HOLDS:
            return f"it never happens, by {self.k}-induction"
        if self.verdict == BROKEN:
            return f"it happens in step {self.k - 1} of some run"
        return f"open, {self.reason}"


def second_opinion(statement: Statement, most: int = MAX_K) -> Opinion:
    """Ask z3 whether what a statement claims never to happen never does, in real arithmetic.

    Args:
        statement: what is claimed.
        most: for how many steps it may be assumed, to show it of the next.

    Raises:
        HandcraftedError: if z3 is not installed.
    """
    try:
        import z3
    except ImportError:
        raise HandcraftedError(
            "Expected z3 for a second opinion, got none. Install it: pip install 'handcrafted[smt]'."
        ) from None
    try:
        loop = _Unrolled(z3, statement)
    except NotStatedError as error:
        return Opinion(OPEN, 0, str(error))
    for k in range(1, most + 1):
        first = _asked(z3, loop.run(k, begin=True))
        if first != z3.unsat:
            return Opinion(BROKEN if first == z3.sat else OPEN, k, "" if first == z3.sat else "the solver gave up")
        if _asked(z3, loop.run(k, begin=True, happens=False)) != z3.sat:  # of what never runs anything holds
            return Opinion(OPEN, k, f"no run of {k} steps is found")
        if _asked(z3, loop.run(k + 1, begin=False)) == z3.unsat:
            return Opinion(HOLDS, k)
    return Opinion(OPEN, most, f"not shown of the next step from {most} steps, whatever is remembered")


def _asked(z3: Any, formulas: list[Any]) -> Any:
    solver = z3.Solver()
    solver.set("timeout", 1000 * SECONDS)
    solver.add(*formulas)
    return solver.check()


class _Unrolled:
    """The loop of a statement as formulas, step after step."""

    def __init__(self, z3: Any, statement: Statement):
        self.z3, self.said = z3, json.loads(statement.text)
        arrays = load(statement.arrays)
        self.ends, self.heads, self.neurons = ends_of(arrays), heads_of(arrays), neurons_of(arrays)
        self.free, self.fresh = frozenset(self.said["free"]), 0
        if not all(np.isfinite(array).all() for array in arrays.values()):
            raise NotStatedError("an array holds a number that is not finite")
        self.looking = [*self._heads()]
        self.carried = sorted({int(m) for m in np.flatnonzero(self.ends.recurrence.any(0))} - self.free)

    def run(self, steps: int, begin: bool, happens: bool = True) -> list[Any]:
        """Return formulas that hold of runs in which what is claimed happens in the last step, and in none before.

        Args:
            steps: of the run.
            begin: whether it begins where the loop does; else with anything that is remembered.
            happens: whether it happens in the last step.
        """
        found: list[Any] = []
        states = [self._within(state["initial"], found) if begin else self._real() for state in self.said["states"]]
        memory = self._first() if begin else {}
        for step in range(steps):
            known, after = self._step(states, memory, found)
            bad = self.z3.Or([self.z3.And([self._holds(test, known) for test in row])
                                  for claim in self.said["claims"] for row in claim["never"]])  # fmt: skip
            found.append(bad if happens and step == steps - 1 else self.z3.Not(bad))
            states = self._moved(known, found)
            memory = after
        return found

    def _real(self) -> Any:
        self.fresh += 1
        return self.z3.Real(f"v{self.fresh}")

    def _within(self, ends: list[str], found: list[Any]) -> Any:
        """Return a number in an interval, or the only one that is in it."""
        low, high = map(Fraction, ends)
        if low == high:
            return self._number(low)
        value = self._real()
        found += [value >= self._number(low), value <= self._number(high)]
        return value

    def _number(self, value: Any) -> Any:
        exact = Fraction(value) if isinstance(value, Fraction | str) else Fraction(float(value))
        return self.z3.Q(exact.numerator, exact.denominator)

    def _heads(self) -> Iterator[tuple[int, int, int]]:
        """Return layer, number and lag of each head that hands on anything; scores as rotary attention has them."""
        h, lags = self.heads, np.arange(self.said["window"], dtype=float)
        for layer, head in np.ndindex(h.value.shape[:2]):
            if (h.value[layer, head].any() or h.value_bias[layer, head].any()) and h.output[layer, head].any():
                q, k = h.query_bias[layer, head].astype(float), h.key_bias[layer, head].astype(float)
                turned = q[0] + 1j * q[1], k[0] + 1j * k[1]
                scores = (turned[0] * np.conj(turned[1]) * np.exp(1j * lags)).real / np.sqrt(len(q))
                behind = np.sort(scores.max() - scores)[1:2]
                if h.query[layer, head].any() or h.key[layer, head].any() or (behind < GAP).any():
                    raise NotStatedError(f"head {head} of layer {layer} looks by content, or at several steps")
                yield layer, head, int(np.argmax(scores))

    def _sum(self, weights: Any, values: Mapping[int, Any], bias: Any) -> Any:
        """Return a weighted sum of what is known by place; free places are anything, at each read anew."""
        terms = [self._number(bias)] if bias else []
        for at in np.flatnonzero(weights).tolist():
            value = self._real() if at in self.free else values[at]
            terms.append(self._number(weights[at]) * value)
        return self.z3.Sum(terms) if terms else self._number(0)

    def _value(self, layer: int, head: int, d: int, x: Mapping[int, Any]) -> Any:
        """Return what a head takes from a step."""
        return self._sum(self.heads.value[layer, head, :, d], x, self.heads.value_bias[layer, head, d])

    def _first(self) -> dict[Any, Any]:
        """Return what is remembered at first."""
        before = {m: self._number(value) for m, value in enumerate(self.ends.initial)}
        found: dict[Any, Any] = {m: self._sum(self.ends.recurrence[:, m], before, 0) for m in self.carried}
        for layer, head, lag in self.looking:
            for back in range(lag):
                for d in range(self.heads.value.shape[-1]):
                    found[layer, head, back, d] = self._value(layer, head, d, before)
        return found

    def _step(
        self, states: list[Any], memory: dict[Any, Any], found: list[Any]
    ) -> tuple[dict[Any, Any], dict[Any, Any]]:
        """Return what tests and processes look at in a step, and what is remembered after it."""
        of, ends, remembered = self.neurons, self.ends, lambda place: memory.setdefault(place, self._real())
        known, inputs = self._outside(states, found)
        x = {}
        for m in set(range(len(self.ends.constant))) - self.free:
            carried = [remembered(m)] if m in self.carried else []
            x[m] = self._named(
                self.z3.Sum([self._sum(self.ends.embedding[:, m], inputs, self.ends.constant[m]), *carried]), found
            )
        after: dict[Any, Any] = {}
        for layer in range(len(self.heads.constant)):
            added = {m: [self._number(self.heads.constant[layer, m])] for m in x if self.heads.constant[layer, m]}
            for _, head, lag in (one for one in self.looking if one[0] == layer):
                for d in range(self.heads.value.shape[-1]):
                    now = self._value(layer, head, d, x)
                    for back in range(lag):
                        after[layer, head, back, d] = remembered((layer, head, back - 1, d)) if back else now
                    z = remembered((layer, head, lag - 1, d)) if lag else now
                    self._write(added, self.heads.output[layer, head, d], z, x)
            self._add(x, added, found)
            added = {m: [self._number(of.constant[layer, m])] for m in x if of.constant[layer, m]}
            for n in range(of.bias.shape[-1]):
                if any(m in x for m in np.flatnonzero(of.out[layer, n]).tolist()):
                    value = self._named(self._sum(of.into[layer, :, n], x, of.bias[layer, n]), found)
                    self._write(added, of.out[layer, n], self.z3.If(value > 0, value, 0), x)
            self._add(x, added, found)
        known |= {
            ("output", o): self._sum(ends.unembedding[:, o], x, ends.output_bias[o])
            for o in range(len(ends.output_bias))
        }
        return known, after | {m: self._sum(ends.recurrence[:, m], x, 0) for m in self.carried}

    def _named(self, value: Any, found: list[Any]) -> Any:
        """Name a number, so that formulas stay short."""
        name = self._real()
        found.append(name == value)
        return name

    def _write(self, added: dict[int, list[Any]], weights: np.ndarray, value: Any, x: dict[int, Any]) -> None:
        for m in np.flatnonzero(weights).tolist():
            if m in x:
                added.setdefault(m, []).append(self._number(weights[m]) * value)

    def _add(self, x: dict[int, Any], added: dict[int, list[Any]], found: list[Any]) -> None:
        for m, terms in added.items():
            x[m] = self._named(self.z3.Sum([x[m], *terms]), found)

    def _outside(self, states: list[Any], found: list[Any]) -> tuple[dict[Any, Any], dict[int, Any]]:
        """Return what is measured of the states and what comes from outside, and the network's inputs."""
        known: dict[Any, Any] = {("state", i): value for i, value in enumerate(states)}
        inputs: dict[int, Any] = {}
        for sensor in self.said["sensors"]:
            value = states[sensor["state"]]
            if sensor["resolution"] is not None:
                step, steps = self._number(sensor["resolution"]), self.z3.Int(f"n{len(found)}")
                value, off = step * self.z3.ToReal(steps), step / 2
                found += [value - states[sensor["state"]] <= off, states[sensor["state"]] - value <= off]
            inputs |= dict.fromkeys(sensor["rows"], value)
        for i, one in enumerate(self.said["numbers"]):
            known["number", i] = self._within(one["range"], found)
            inputs |= dict.fromkeys(one["rows"], known["number", i])
        words = [[self.z3.Bool(f"w{len(found)} {i} {k}") for k in range(len(one["rows"]))]
                 for i, one in enumerate(self.said["words"])]  # fmt: skip
        places = [(said, ports) for some, one in zip(words, self.said["words"], strict=True)
                  for said, ports in zip(some, one["rows"], strict=True)]  # fmt: skip
        for k, (said, ports) in enumerate(places):
            known["word", k] = self.z3.If(said, self._number(1), self._number(0))
            inputs |= dict.fromkeys(ports, known["word", k])
        found += [self.z3.PbEq([(said, 1) for said in some], 1) for some in words]
        found += [self.z3.Not(self.z3.And([words[i][k] for i, k in row])) for row in self.said["assumed"]]
        return known, inputs

    def _holds(self, test: Mapping[str, Any], known: Mapping[Any, Any]) -> Any:
        value, mark = known[test["of"], test["at"]], self._number(test["than"])
        return value > mark if test["is"] == "above" else value < mark

    def _moved(self, known: Mapping[Any, Any], found: list[Any]) -> list[Any]:
        """Return the states after a step, between the sums that bound them."""
        states: dict[int, Any] = {}
        for plant in self.said["plants"]:
            shock = self._within(plant["disturbance"], found)
            given = [
                self.z3.Sum([*(self._number(one["gain"]) * known[one["of"], one["at"]] for one in some),
                             self._number(plant["rest"]), shock])
                for some in plant["inputs"]
            ]  # fmt: skip
            values = [*(known["state", i] for i in plant["states"]), *given]
            worth = lambda one, values=values: self.z3.Sum(
                [self._number(weight) * value for weight, value in zip(one["row"], values, strict=True)]
            )
            for i, ends in zip(plant["states"], plant["ends"], strict=True):
                states[i] = self._within(ends["limits"], found) if ends["limits"] else self._real()
                low, high = map(self._number, ends["limits"] or ("0", "0"))
                held = [[states[i] >= high], [states[i] <= low]] if ends["limits"] else [[], []]
                found += [self.z3.Or([states[i] >= worth(one), *held[0]]) for one in ends["least"]]
                found.append(self.z3.Or([*(states[i] <= worth(one) for one in ends["most"]), *held[1]]))
        return [states[i] for i in range(len(states))]
