"""Units of parameters, from those of what a law reads and gives."""

from __future__ import annotations

import re

from handcrafted.control.complaint import FilePath
from handcrafted.control.resolved import Read, Task
from handcrafted.control.settings.shape import Settings

TIME = "steps"
"""The unit of time of a structure that names none: one step then lasts one."""


def unit_of(time: str | None, task: Task, path: FilePath) -> str | None:
    """Give the unit of the parameter at a path in a law, such as `kW/degC/s`; None for a pure number.

    Args:
        time: the structure's unit of time.
        task: the law.
        path: below the law: `parameters` and its key, or `when` or `permit`, the row, the variable, the bound.
    """
    by_name = {read.name: read for read in task.reads}
    if path[0] in ("when", "permit"):
        return by_name[str(path[2])].domain.unit
    if path in (("initial",), ("safe",)):
        return task.domain.unit
    assert isinstance(task.settings, Settings)
    key = str(path[1]).replace(" ", "_")
    written = task.settings.units.get(key, "")
    if isinstance(written, tuple):
        written = written[int(path[-1])]
    return _spelled(written, time or TIME, task, by_name.get(str(path[-1])))


def _spelled(written: str, time: str, task: Task, named: Read | None) -> str | None:
    """Put units for the words `read`, `output` and `time`; those without one stay out."""
    read = named or (task.reads[0] if task.reads else None)
    known = {"read": read.domain.unit if read else None, "output": task.domain.unit, "time": time, "steps": "steps"}
    above, below = [], []
    for sign, word in re.findall(r"([*/]?)\s*(\w+)", written):
        if unit := known[word]:
            (below if sign == "/" else above).append(unit)
    for unit in [unit for unit in above if unit in below]:
        above.remove(unit)
        below.remove(unit)
    if len(above) + len(below) > 1 or below:
        above, below = ([f"({unit})" if "/" in unit else unit for unit in units] for units in (above, below))
    return "/".join(["*".join(above) or "1", *below]) if above or below else None
