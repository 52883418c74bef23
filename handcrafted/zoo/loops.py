"""The bundled loops by name, and the whole check of a loop in one call."""

from __future__ import annotations

from pathlib import Path

from handcrafted.craft.assemble import assemble
from handcrafted.loading import yamlfile
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.readout.recover import recover
from handcrafted.text.diagnostics import must_be
from handcrafted.verdict.compare import compare
from handcrafted.verdict.comparison import Comparison
from handcrafted.zoo import bundled, loop_path


def load(path_or_name: str | Path) -> ControlStructure:
    """Read a control structure from a YAML file, or the bundled loop of that name; a file of that name comes first.

    Raises:
        HandcraftedError: if the file cannot be read or does not state a valid structure; file and line are named. Or
            if there is neither a file nor a bundled loop of that name.

    Example:
        >>> hc.load("train door").name, hc.load(find("train door")).name
        ('train door', 'train door')
    """
    must_be(path_or_name, str | Path, "the path of a YAML file, or the name of a bundled loop")
    return yamlfile.load(loop_path(path_or_name))


def examples() -> tuple[str, ...]:
    """List the bundled loops by the names that `hc.load` takes.

    Example:
        >>> hc.examples()[:2]
        ('cruise control', 'guarded room')
    """
    return tuple(path.stem.replace("_", " ") for path in bundled())


def check(structure: ControlStructure | str | Path) -> Comparison:
    """Assemble a structure, read the network back, and compare: what the command `check` does.

    Args:
        structure: as `hc.load` gives it, or what `hc.load` takes.

    Raises:
        HandcraftedError: if it cannot be loaded or assembled.

    Example:
        >>> hc.check("heated room").reproduced
        True
    """
    intended = structure if isinstance(structure, ControlStructure) else load(structure)
    return compare(intended, recover(assemble(intended)))
