"""The command that assembles, reads back and compares."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from handcrafted.cli.group import friendly, main, quiet
from handcrafted.cli.loop_file import LoopFile
from handcrafted.control.complaint import named
from handcrafted.control.errors import HandcraftedError
from handcrafted.control.resolved import LinkId
from handcrafted.verdict.comparison import Comparison

if TYPE_CHECKING:
    from handcrafted.verdict.chain import ChainOfCommand

PRINTED_LOOPS = 6
"""Feedback loops that `check` prints, the shortest ones; the others are counted."""


@main.command()
@click.argument("files", nargs=-1, type=LoopFile())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list instead of the table.")
@click.option(
    "--png", type=click.Path(path_type=Path), help="A folder for one picture per loop, or a .png for one loop."
)
@click.option("--readout", "readouts", multiple=True, help="Show a further readout, such as gradient; repeat for more.")
@click.option("--import", "module", help="A Python module that registers readouts; all of them are shown.")
@friendly
def check(
    files: tuple[Path, ...], as_json: bool, png: Path | None, readouts: tuple[str, ...], module: str | None
) -> None:
    """Assemble each of FILES, read the weights back, and compare; without FILES, the bundled loops.

    Example: handcrafted check "train door" --png figures
    """
    from rich.console import Console
    from rich.progress import track

    from handcrafted.readout.recover import chosen as known
    from handcrafted.view.tables import print_comparisons
    from handcrafted.zoo import bundled

    chosen = files or bundled()
    if png is not None and png.suffix == ".png" and len(chosen) > 1:
        raise HandcraftedError(f"Expected a folder for {len(chosen)} pictures, got {png}. Name a folder.")
    shown = (*readouts, *registered_by(module)) if module else readouts
    known(list(shown))
    watched = track(chosen, "checking", console=Console(stderr=True), disable=quiet(), transient=True)
    checked = [(path, *_check_one(path, shown)) for path in watched]
    results = [(path, comparison) for path, comparison, *_ in checked]
    pictures = _pictures(results, png) if png is not None else []
    comparisons = [comparison for _, comparison in results]
    if as_json:
        click.echo(json.dumps([summary(comparison) for comparison in comparisons], indent=2))
    else:
        print_comparisons(comparisons)
        for _, comparison, chain in checked:
            for remark in chain.remarks():
                click.echo(f"{comparison.structure.name}: {remark}")
            for loop in comparison.loops[:PRINTED_LOOPS]:
                click.echo(f"{comparison.structure.name}: {loop}")
            if (more := len(comparison.loops) - PRINTED_LOOPS) > 0:
                click.echo(f"{comparison.structure.name}: … and {more} longer feedback loops")
        for picture in pictures:
            click.echo(f"wrote {picture}")
    raise SystemExit(0 if all(comparison.reproduced for comparison in comparisons) else 1)


def registered_by(module: str) -> tuple[str, ...]:
    """Import a module, found beside the current folder too, and name the readouts that it registers.

    Raises:
        HandcraftedError: if it cannot be imported, or registers none.
    """
    from handcrafted.readout.registry import registered

    before = set(registered())
    sys.path.insert(0, str(Path.cwd()))
    try:
        importlib.import_module(module)
    except HandcraftedError:
        raise
    except Exception as error:
        raise HandcraftedError(
            f"Expected a module that registers readouts, got {module!r}, which cannot be imported: {error!r}."
        ) from None
    finally:
        sys.path.pop(0)
    if not (found := tuple(name for name in registered() if name not in before)):
        raise HandcraftedError(f"Expected a module that registers readouts, got {module!r}. Decorate a function in it.")
    return found


def _check_one(path: Path, readouts: tuple[str, ...]) -> tuple[Comparison, ChainOfCommand]:
    """Give the comparison and the chain of command of one file."""
    from handcrafted.control.yamlfile import load
    from handcrafted.craft.assemble import assemble
    from handcrafted.readout.recover import recover
    from handcrafted.verdict.chain import chain_of_command
    from handcrafted.verdict.compare import compare

    structure = load(path)
    with named(path):
        recovered = recover(assemble(structure), readouts=readouts)
        return compare(structure, recovered), chain_of_command(structure, recovered)


def _pictures(results: list[tuple[Path, Comparison]], target: Path) -> list[Path]:
    from handcrafted.view.draw import draw as draw_thing

    if target.suffix == ".png":
        return [draw_thing(results[0][1], target)]
    target.mkdir(parents=True, exist_ok=True)
    return [draw_thing(comparison, target / f"{path.stem}.png") for path, comparison in results]


def summary(comparison: Comparison) -> dict[str, Any]:
    """Give what `check --json` prints for one structure."""
    return {
        "structure": comparison.structure.name,
        "links": len(comparison.found) + len(comparison.missing) + len(comparison.wrong),
        **_counts(comparison),
        "outside": [_link(id) for id in comparison.outside],
        "findings": [{"kind": finding.kind, "text": finding.text} for finding in comparison.findings],
        "reproduced": comparison.reproduced,
        "readouts": {
            name: {**_counts(verdicts), "reproduced": verdicts.reproduced}
            for name, verdicts in comparison.readouts.items()
        },
        "manifest": dict(comparison.manifest),
    }


def _counts(verdicts: Any) -> dict[str, Any]:
    lists = {name: [_link(link.id) for link in getattr(verdicts, name)] for name in ("missing", "extra", "wrong")}
    return {"found": len(verdicts.found), **lists}


def _link(id: LinkId) -> dict[str, str | None]:
    return {"kind": str(id.kind), "from": id.sender, "to": id.receiver, "name": id.name}
