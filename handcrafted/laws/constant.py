"""Constant: the same value always."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.linear import linear
from handcrafted.control.domain import Domain
from handcrafted.control.parts import Scalar
from handcrafted.control.resolved import LawInstance, Read
from handcrafted.laws.law import REAL_SIGNAL, Example, Law, LawInput, LawOutput
from handcrafted.laws.signature import Signature
from handcrafted.text.letters import shown


@final
class Constant(Law):
    """A value that never changes: a word, or a number in the unit of the link."""

    value: Scalar

    law: ClassVar = "constant"
    units: ClassVar = {"value": "output"}
    shape: ClassVar = Signature(result=(), counts=(0, 0))
    example: ClassVar = Example({}, REAL_SIGNAL, {"value": 2})

    @property
    def word(self) -> Scalar:
        """The value as a domain has it: truths are the words `true` and `false`."""
        return str(self.value).lower() if isinstance(self.value, bool) else self.value

    def problem(self, reads: Sequence[Read], domain: Domain) -> str:
        """Ask for a value in the domain."""
        fits = self.word in domain.values if domain.discrete else isinstance(self.word, int | float)
        return "" if fits else f"Expected parameters: {{value: …}} in {domain}, got {shown(self.value)}. Set it"

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return the value."""
        return LawOutput(domain.encode(self.word).astype(float))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Build a linear map without reads."""
        return [linear(sites[0], np.zeros((domain.width, 0)), domain.encode(self.word).astype(float))]
