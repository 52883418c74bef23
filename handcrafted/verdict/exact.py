"""Claims judged on the arrays themselves, over the whole domain: is each signal what its law makes of what it reads?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.readout.program import KeepsState, NotPiecewiseLinear, Program, Reader, TooManyTerms
from handcrafted.readout.subject import Subject
from handcrafted.readout.tolerances import START
from handcrafted.verdict.case import Case
from handcrafted.verdict.claims import Claim, Joint
from handcrafted.verdict.found import Counterexample, Found

NAN = math.nan, math.nan


class Judge:
    """Judges claims about one network.

    Args:
        subject: the network.
        joints: the signals at which it is taken apart.
        claims: all claims about it.
    """

    def __init__(self, subject: Subject, joints: Mapping[Signal, Joint], claims: Sequence[Claim]):
        self.subject, self.joints, self.claims = subject, joints, tuple(claims)
        states = {claim.state[0] for claim in claims if claim.works and claim.state}
        self.around = Reader(subject, joints)
        self.within = Reader(subject, joints.keys() - states)

    def found(self) -> tuple[Found, ...]:
        """Judge every claim, in order."""
        return tuple(self._judge(claim) for claim in self.claims)

    def _judge(self, claim: Claim) -> Found:
        reader = self.within if claim.works else self.around
        try:
            program = reader.program(*claim.results)
        except (NotPiecewiseLinear, TooManyTerms) as reason:
            return Found(claim, False, 0, str(reason))
        except KeepsState as reason:
            return Found(claim, False, 0, str(reason), Counterexample({}, claim.results[0], math.nan, NAN))
        if wrong := next(self._begun_otherwise(reader, program), None):
            return Found(claim, False, 1, counterexample=wrong)
        return Case(self.joints, claim, program, self.subject.seed).found()

    def _begun_otherwise(self, reader: Reader, program: Program) -> Iterator[Counterexample]:
        """Give what the array `r_0` says of the time before t = 0, where that is not what is declared.

        A part of a circuit whose past is read must have been what it is made of.
        """
        for free in program.reads:
            if free.lag and free.signal in self.subject.spaces:
                wanted = self.joints[free.signal].initial[free.index]
                yield from self._before(free.signal, free.index, wanted)
        for place in sorted(reader.past):
            signal, index = reader.at[place]
            own = reader.program(signal)
            reads = np.array([self.joints[one.signal].initial[one.index] for one in own.reads])
            yield from self._before(signal, index, float(own.at(reads)[index]))

    def _before(self, signal: Signal, index: int, wanted: float) -> Iterator[Counterexample]:
        actual = float(self.subject.weights.r_0[self.subject.spaces[signal][index]])
        if not abs(actual - wanted) <= START * max(abs(wanted), 1.0):
            yield Counterexample({}, signal, actual, (wanted, wanted), when="before the first step")
