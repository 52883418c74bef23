"""A link as it is received."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.stpa import Factor
from handcrafted.model.component import HEAD_ARRAYS, Components
from handcrafted.rollout.injection import Injection
from handcrafted.safety.faults.factors import by_time
from handcrafted.safety.faults.fault import COMMON, Fault, FaultPlace, Place
from handcrafted.safety.faults.injector import Injector
from handcrafted.safety.faults.target import FaultTarget
from handcrafted.text.diagnostics import HandcraftedError


@final
class LinkPlace(FaultPlace):
    """A link as its receiver gets it."""

    kind: ClassVar = "link"
    modes: ClassVar = (*COMMON, "delay", "swap")

    def places(self, target: FaultTarget) -> Iterator[Place]:
        """List the links that a controller receives."""
        for link in target.links:
            if link.received:
                receiver = link.received.owner
                yield Place(self, str(link.id), receiver, link.id.name, "feedback", (link,), receiver == target.base)

    def domain(self, target: FaultTarget, place: Place) -> Domain | None:
        """Return the values of the link."""
        return place.links[0].domain if place.links else None

    def factor(self, fault: Fault) -> Factor:
        """Return the factor by who sends it."""
        if fault.place.commanded:
            return Factor.CONTROL_INPUT
        return by_time(fault.mode, Factor.FEEDBACK_NOT_RECEIVED, Factor.FEEDBACK_DELAYED, Factor.FEEDBACK_INADEQUATE)

    def inject(self, injector: Injector, common: Injection, fault: Fault) -> Injection:
        """Change what is received, let its head look back, or let two heads read what is meant for the other."""
        link = injector.target.link(fault.place.name)
        assert link.received and link.port
        if fault.mode == "delay":
            return self._delayed(injector, common, link.received, int(fault.amount))
        if fault.mode == "swap":
            return self._swapped(injector, common, fault)
        stuck = fault.mode == "stuck" and link.domain.discrete
        amount = link.domain.encode(str(fault.amount)) if stuck else fault.amount
        return injector.subspace(common, fault.mode, link.received, amount)

    def _delayed(self, injector: Injector, common: Injection, received: Signal, steps: int) -> Injection:
        """Let the head of a link look back: its query turned by a radian per step."""
        if steps >= injector.model.window:
            raise HandcraftedError(
                f"Expected a link at most {injector.model.window - 1} steps late, got {steps}: its head sees no "
                "farther. Delay the sensor instead."
            )
        at = _head_of(injector, received)
        looks = Components(injector.weights).head(*at).attention
        assert looks is not None
        size = np.hypot(*looks.query_bias[:2])
        query = np.float32(size * np.cos(steps)), np.float32(-size * np.sin(steps))
        return injector.entries(common, {(HEAD_ARRAYS.query_bias, (*at, i)): query[i] for i in (0, 1)})

    def _swapped(self, injector: Injector, common: Injection, fault: Fault) -> Injection:
        """Let two heads read each what is meant for the other."""
        links = [injector.target.link(name) for name in (fault.place.name, str(fault.amount))]
        new = {}
        for mine, other in (links, links[::-1]):
            assert mine.received and mine.port and other.port
            at = _head_of(injector, mine.received)
            old, instead = injector.names.find(mine.port), injector.names.find(other.port)
            values = Components(injector.weights).head(*at).into[old].copy()
            entry = lambda row, i, at=at: (HEAD_ARRAYS.value, (*at, int(row), i))
            for row, line in zip(old, values, strict=True):
                new |= {entry(row, i): np.float32(0) for i in range(len(line))}
            for row, line in zip(instead, values, strict=True):
                new |= {entry(row, i): value for i, value in enumerate(line)}
        return injector.entries(common, new)


def _head_of(injector: Injector, received: Signal) -> tuple[int, int]:
    place = next(place for place in injector.model.layout if place.writes == received)
    return place.layer, place.components[0]
