"""Claims judged on the arrays themselves, over the whole domain: is each signal what its law makes of what it reads?"""

from __future__ import annotations

import itertools
import math
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping, Sequence

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.readout.compiler import Reader
from handcrafted.readout.program import KeepsState, NotPiecewiseLinear, Program, TooManyTerms
from handcrafted.readout.target import TargetNetwork
from handcrafted.readout.tolerances import SUMS
from handcrafted.verdict.case import Case
from handcrafted.verdict.claims import Claim, Joint
from handcrafted.verdict.comparison import Counterexample, Found

NAN = math.nan, math.nan

BEGINNING = Claim("begins otherwise than it goes on", None, "what a head looks back at", (), (), lambda values: {}, ())
"""That what is read of the time before t = 0 fits what was declared for it."""


class ClaimMemory:
    """What became of claims: one that is made again, of a program that is the same bit for bit, is not judged again."""

    def __init__(self):
        self.known: OrderedDict[Hashable, Found] = OrderedDict()

    def found(self, joints: Mapping[Signal, Joint], claim: Claim, program: Program, seed: int) -> Found:
        """Judge a claim about a program, or say what came of it before; see `handcrafted.verdict.case`."""
        signals = [read.signal for read in (*claim.reads, *program.reads)]
        values = tuple((joints[signal].domain, joints[signal].quantum) for signal in (*signals, *claim.results))
        arrays = ((array.shape, array.tobytes()) for array in (program.units, program.results))
        key = (claim, values, program.reads, *arrays, seed)
        if key not in self.known:
            self.known[key] = Case(joints, claim, program, seed).found()
        self.known.move_to_end(key)
        if len(self.known) > MAX_REMEMBERED:
            self.known.popitem(last=False)
        return self.known[key]


MAX_REMEMBERED = 2_000
"""Claims that are remembered."""


class Judge:
    """Judges claims about one network.

    Args:
        subject: the network.
        joints: the signals at which it is taken apart.
        claims: all claims about it.
        memory: of claims that were judged before.
    """

    def __init__(
        self,
        subject: TargetNetwork,
        joints: Mapping[Signal, Joint],
        claims: Sequence[Claim],
        memory: ClaimMemory | None = None,
    ):
        self.memory = ClaimMemory() if memory is None else memory
        self.subject, self.joints, self.claims = subject, joints, tuple(claims)
        states = {claim.state[0] for claim in claims if claim.works and claim.state}
        self.around = Reader(subject, joints)
        self.within = Reader(subject, joints.keys() - states)

    def found(self) -> tuple[Found, ...]:
        """Judge every claim, in order; and what the time before t = 0 left behind inside of circuits."""
        found = [self._judge(claim) for claim in self.claims]
        inside = (wrong for reader in (self.around, self.within) for wrong in self._parts_before(reader))
        return (*found, *(Found(BEGINNING, False, 1, counterexample=wrong) for wrong in itertools.islice(inside, 1)))

    def _judge(self, claim: Claim) -> Found:
        reader = self.within if claim.works else self.around
        try:
            program = reader.program(*claim.results)
        except (NotPiecewiseLinear, TooManyTerms) as reason:
            return Found(claim, False, 0, str(reason))
        except KeepsState as reason:
            unknown = Counterexample({}, claim.results[0], math.nan, NAN, when=str(reason))
            return Found(claim, False, 0, counterexample=unknown)
        if wrong := next(self._signals_before(program), None):
            return Found(claim, False, 1, counterexample=wrong)
        return self.memory.found(self.joints, claim, program, self.subject.seed)

    def _signals_before(self, program: Program) -> Iterator[Counterexample]:
        """Return what the array `r_0` says of signals whose past is read, where that is not what is declared."""
        for free in program.reads:
            if free.lag and free.signal in self.subject.spaces:
                yield from self._before(free.signal, free.index, self.joints[free.signal].initial[free.index], 0.0)

    def _parts_before(self, reader: Reader) -> Iterator[Counterexample]:
        """Return what it says of parts of circuits whose past is read, where that is not what they are made of."""
        for signal, index in sorted(reader.at[place] for place in reader.past):
            try:
                own = reader.program(signal)
            except (NotPiecewiseLinear, TooManyTerms, KeepsState):
                continue
            reads = np.array([self.joints[one.signal].initial[one.index] for one in own.reads])
            yield from self._before(signal, index, float(own.at(reads)[index]), SUMS)

    def _before(self, signal: Signal, index: int, wanted: float, share: float) -> Iterator[Counterexample]:
        actual = float(self.subject.parts.ends.initial[self.subject.spaces[signal][index]])
        if not abs(actual - wanted) <= share * abs(wanted):
            yield Counterexample({}, signal, actual, (wanted, wanted), when="before the first step")
