"""A process with finitely many states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, final

import numpy as np
from pydantic import AfterValidator, Field

from handcrafted.control.domain import Domain, Value
from handcrafted.control.library import library_of
from handcrafted.control.parts import EMPTY, MAX_ROWS, MAX_WORDS, Name, NameMap, Part
from handcrafted.plants.plant import Advance, Array, Plant, State, different
from handcrafted.text.diagnostics import FilePath, must_be_known, refuse


class FiniteStateTransition(Part):
    """One transition of a finite-state process: in `state`, when every input has its value, go to `next`."""

    state: Name
    when: NameMap[Name] = EMPTY
    next: Name


@final
class FiniteStatePlant(Plant):
    """A process with finitely many states; the first transition that matches is taken, else the state stays."""

    law: Literal["finite state"]
    output: Name
    states: Annotated[tuple[Name, ...], AfterValidator(different), Field(min_length=1, max_length=MAX_WORDS)]
    transitions: Annotated[tuple[FiniteStateTransition, ...], Field(max_length=MAX_ROWS)] = ()
    initial: Name | None = None

    example: ClassVar = {
        "law": "finite state",
        "output": "mode",
        "states": ["off", "on"],
        "transitions": [
            {"state": "off", "when": {"u": "yes"}, "next": "on"},
            {"state": "on", "when": {"u": "no"}, "next": "off"},
        ],
    }

    @property
    def first_outputs(self) -> dict[str, Value]:
        """The signals that it gives, at t = 0."""
        return {self.output: self.states[0] if self.initial is None else self.initial}

    @property
    def words(self) -> tuple[str, ...]:
        """The states."""
        return self.states

    def start(self) -> dict[str, np.ndarray]:
        """Return the first state as one truth value per word."""
        place = self.states.index(self.initial) if self.initial is not None else 0
        return {self.output: np.eye(len(self.states), dtype=np.float32)[place]}

    def step(self, time_step: float, domains: Mapping[str, Domain]) -> Advance:
        """Take the first transition whose state and words match; a word counts from one half on."""
        eye = np.eye(len(self.states), dtype=np.float32)

        def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
            now = state[self.output]
            xp, new, open_ = library_of(now), now, True
            for transition in self.transitions:
                holds = open_ & (now[self.states.index(transition.state)] > 0.5)
                for name, word in transition.when.items():
                    holds = holds & (inputs[name][domains[name].values.index(word)] > 0.5)
                row = eye[self.states.index(transition.next)]
                new = xp.where(holds, row.reshape(-1, *np.ones_like(new.shape[1:])), new)
                open_ = open_ & ~holds
            return {self.output: new}

        return advance

    def check(self, path: FilePath, name: str, arriving: Mapping[str, Domain]) -> None:
        """Check that its transitions name states, and words of what arrives."""
        if self.initial is not None:
            must_be_known((*path, "initial"), f"a state of {name}", self.initial, self.states)
        for i, row in enumerate(self.transitions):
            at = (*path, "transitions", i)
            must_be_known((*at, "state"), f"a state of {name}", row.state, self.states)
            must_be_known((*at, "next"), f"a state of {name}", row.next, self.states)
            for given, word in row.when.items():
                must_be_known((*at, "when"), f"the name of something that arrives at {name}", given, arriving)
                if not arriving[given].discrete:
                    text = f"Expected words to test in a transition, got {given} ({arriving[given]}). Give it values."
                    refuse((*at, "when", given), text)
                must_be_known((*at, "when", given), f"a value of {given}", word, arriving[given].values)
