"""What a claim asks of the step before: states that hold it, moved as a process moves."""

from __future__ import annotations

from typing import Any

from handcrafted.proofs.exact import around

FIRST = "first step"


class StepBefore:
    """States of a statement that hold what something was in the step before.

    Args:
        first: how many states there are of processes.

    Attributes:
        states, plants: what a statement says of them.
    """

    def __init__(self, first: int):
        self.first, self.at = first, dict[Any, int]()
        self.states: list[dict[str, Any]] = []
        self.plants: list[dict[str, Any]] = []

    def state(self, of: str, at: int, name: str, first: tuple[float, float]) -> int:
        """Return the state that holds what something was.

        Args:
            of: state, output or word.
            at: which one.
            name: what it is called.
            first: what it may be taken to have been before the first step.
        """
        if (of, at, first) not in self.at:
            source = [[{"of": of, "at": at, "gain": "1"}]]
            self.at[of, at, first] = self._added(f"{name} before", first, source, ["0", "1"])
        return self.at[of, at, first]

    def first_step(self) -> dict[str, Any]:
        """Return a test of a state that is 1 in the first step and 0 in all others."""
        if FIRST not in self.at:
            self.at[FIRST] = self._added(FIRST, (1.0, 1.0), [], ["0"])
        return {"of": "state", "at": self.at[FIRST], "is": "above", "than": "1/2"}

    def _added(self, name: str, first: tuple[float, float], inputs: list[Any], row: list[str]) -> int:
        number, same = self.first + len(self.states), [{"row": row, "roundings": 0}]
        self.states.append({"name": name, "initial": around(*first)})
        self.plants.append({
            "states": [number], "inputs": inputs, "rest": "0", "disturbance": ["0", "0"],
            "ends": [{"least": same, "most": same, "limits": None}],
        })  # fmt: skip
        return number
