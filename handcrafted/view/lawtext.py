"""What a decision computes, in a few short lines for its controller's box."""

from __future__ import annotations

from collections.abc import Mapping

from handcrafted.control.parts import Bounds, Condition
from handcrafted.control.resolved import ResolvedEntry
from handcrafted.view.markup import HARD_BLANK, wrapped

WIDTH = 40
"""Letters per line."""

MOST_TEXT_LINES = 8


def law_lines(entry: ResolvedEntry) -> list[str]:
    """Say how one action, request or feedback is decided; long laws end in `…`."""
    declared = entry.declared
    lines = [_call(entry)]
    if declared is not None:
        lines += _condition(declared.when, "if")
        lines += _condition(declared.permit, "permitted if")
        if declared.gates:
            lines.append(f"gates {declared.gates}")
        if declared.safe is not None:
            lines.append(f"safe value {_value(declared.safe)}")
    broken = [part for line in lines for part in _broken(line)]
    return broken if len(broken) <= MOST_TEXT_LINES else [*broken[: MOST_TEXT_LINES - 1], "…"]


def _broken(line: str) -> list[str]:
    """Break a long line, its later parts a little to the right."""
    first, *rest = wrapped(line, WIDTH)
    return [first, *(f"  {part}" for part in rest)]


def _call(entry: ResolvedEntry) -> str:
    """Name the law with what it reads and its parameters, as a formula; a decision table names that in its rows."""
    law = entry.task.law or "linear"
    if entry.declared is not None and entry.declared.when is not None:
        return law
    reads = ", ".join(variable.name for variable in entry.reads)
    parameters = entry.declared.parameters if entry.declared else {}
    given = ", ".join(f"{name} = {_value(value)}".replace(" ", HARD_BLANK) for name, value in parameters.items())
    inside = "; ".join(filter(None, (reads, given)))
    return f"{law}({inside})" if inside else law


def _condition(condition: Condition | None, start: str) -> list[str]:
    """Write the rows of a condition: `if a = x and b = y`, `or a = z`."""
    if condition is None:
        return []
    rows = [" and ".join(_test(name, test) for name, test in row.items()) or "always" for row in condition]
    return [f"{start if i == 0 else 'or'} {row}" for i, row in enumerate(rows)]


def _test(name: str, test: Bounds | tuple[str, ...]) -> str:
    text = f"{name} = {' or '.join(test)}" if not isinstance(test, Bounds) else _between(name, test)
    return text.replace(" ", HARD_BLANK) if len(text) < WIDTH - 4 else text


def _between(name: str, test: Bounds) -> str:
    low = f"{test.above:g} < " if test.above is not None else ""
    high = f" < {test.below:g}" if test.below is not None else ""
    return f"{name} > {test.above:g}" if not high else f"{low}{name}{high}"


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)
