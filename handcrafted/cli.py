"""The command line: exit 0 if what was checked holds, 1 if it does not, 2 if the input cannot be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from handcrafted.control.errors import HandcraftedError
from handcrafted.control.resolved import LinkId
from handcrafted.verdict.comparison import Comparison

if TYPE_CHECKING:
    from handcrafted.verdict.loops import Loop

PRINTED_LOOPS = 6
"""Feedback loops that `check` prints, the shortest ones; the others are counted."""

os.environ.setdefault("JAX_PLATFORMS", "cpu")


def _friendly(command: Callable[..., None]) -> Callable[..., None]:
    """Turn every error that a user can cause into one message on stderr and exit code 2."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except HandcraftedError as error:
            raise _BadInputError(str(error)) from None
        except OSError as error:
            raise _BadInputError(f"Expected to read or write {error.filename}, got: {error.strerror}.") from None

    return wrapped


class _BadInputError(click.ClickException):
    """Ends the command with exit code 2 and one message."""

    exit_code = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="handcrafted")
def main() -> None:
    """Set transformer weights by hand from an STPA control structure, and check what readouts see in them.

    Example: handcrafted check --png figures
    """


@main.command()
@click.argument("name")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file to write; default: NAME.yaml.")
@_friendly
def new(name: str, output: Path | None) -> None:
    """Write a commented template for a control structure called NAME.

    Example: handcrafted new "my loop" -o my_loop.yaml
    """
    from handcrafted.control.template import template

    text = template(name)
    path = output or Path(f"{name.replace(' ', '_')}.yaml")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise HandcraftedError(f"Expected a new file, got {path}, which exists. Choose another name with -o.") from None
    click.echo(f"wrote {path}")


@main.command()
@_friendly
def schema() -> None:
    """Print the JSON Schema of the file format, for editors that complete and check YAML.

    Example: handcrafted schema > control-structure.schema.json
    """
    from handcrafted.control.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="A .png, .svg or .dot file.")
@click.option(
    "--collapse", multiple=True, metavar="NAME", help="A group, or a box that holds others, to draw as one box."
)
@_friendly
def draw(file: Path, output: Path, collapse: tuple[str, ...]) -> None:
    """Draw the control diagram of FILE.

    Example: handcrafted draw wheel_brakes.yaml --collapse braking -o wheel_brakes.svg
    """
    from handcrafted.control.yamlfile import load
    from handcrafted.view.draw import draw as draw_thing

    click.echo(f"wrote {draw_thing(load(file), output, collapse=collapse)}")


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("link")
@_friendly
def explain(file: Path, link: str) -> None:
    """Show which array entries make LINK of FILE, written "from -> to: name".

    Example: handcrafted explain train_door.yaml "train -> door controller: train motion"
    """
    from handcrafted.control.yamlfile import load
    from handcrafted.craft.assemble import assemble
    from handcrafted.verdict.explain import explain as explain_link

    explanation = explain_link(assemble(load(file)), link)
    click.echo(str(explanation))
    raise SystemExit(0 if explanation.complete else 1)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--steps", type=click.IntRange(min=1), default=500, show_default=True, help="How many time steps.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A .png, .svg or .csv file.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the disturbances.")
@_friendly
def run(file: Path, steps: int, output: Path | None, seed: int) -> None:
    """Run FILE in closed loop with its processes: a table, and a picture or a file of numbers.

    Example: handcrafted run heated_room.yaml --steps 1000 -o heated_room.png
    """
    from handcrafted.control.yamlfile import load
    from handcrafted.craft.assemble import assemble
    from handcrafted.rollout.simulate import simulate
    from handcrafted.view.draw import draw as draw_thing
    from handcrafted.view.tables import print_trace

    structure = load(file)
    if output is not None and output.suffix.lower() not in (".png", ".svg", ".csv"):
        raise HandcraftedError(f"Expected a suffix out of .png, .svg, .csv, got {output}. Change the suffix.")
    with _named(file):
        trace = simulate(assemble(structure), steps=steps, seed=seed, progress=os.isatty(2))
    print_trace(trace)
    if output is not None:
        click.echo(f"wrote {trace.save(output) if output.suffix.lower() == '.csv' else draw_thing(trace, output)}")


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """Let what is wrong with a file's contents name the file."""
    try:
        yield
    except HandcraftedError as error:
        raise HandcraftedError(f"{file}: {error}") from None


@main.command()
@click.argument("name", required=False)
@_friendly
def circuits(name: str | None) -> None:
    """Print the catalogue of laws, or one law's circuits: formula, source, arrays and errors.

    Example: handcrafted circuits "rate limiter"
    """
    from rich.progress import track

    from handcrafted.control.settings import gives
    from handcrafted.verdict.catalogue import measure
    from handcrafted.view.tables import print_catalogue, print_circuits
    from handcrafted.zoo.examples import EXAMPLES, example

    if name is not None:
        print_circuits(measure(example(name)), gives(name))
        return
    laws = track(EXAMPLES, "measuring", disable=not os.isatty(2), transient=True)
    print_catalogue([measure(example(law)) for law in laws])


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("notebooks"))
@click.option("--execute", is_flag=True, help="Run them all and write them with their outputs, instead.")
@_friendly
def notebooks(folder: Path, execute: bool) -> None:
    """Open the tutorial notebooks of FOLDER (default: notebooks) in JupyterLab.

    Example: handcrafted notebooks --execute
    """
    from handcrafted.view.notebook import execute as execute_all
    from handcrafted.view.notebook import sources

    if not execute:
        sources(folder)
        raise SystemExit(subprocess.run([sys.executable, "-m", "jupyterlab", str(folder)], check=False).returncode)
    for path in execute_all(folder):
        click.echo(f"wrote {path}")


@main.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list instead of the table.")
@click.option(
    "--png", type=click.Path(path_type=Path), help="A folder for one picture per loop, or a .png for one loop."
)
@_friendly
def check(files: tuple[Path, ...], as_json: bool, png: Path | None) -> None:
    """Assemble each of FILES, read the weights back, and compare; without FILES, the bundled loops.

    Example: handcrafted check train_door.yaml --png figures
    """
    from handcrafted.view.tables import print_comparisons
    from handcrafted.zoo import bundled

    chosen = files or bundled()
    if png is not None and png.suffix == ".png" and len(chosen) > 1:
        raise HandcraftedError(f"Expected a folder for {len(chosen)} pictures, got {png}. Name a folder.")
    checked = [(path, *_check_one(path)) for path in chosen]
    results = [(path, comparison) for path, comparison, _ in checked]
    pictures = _pictures(results, png) if png is not None else []
    comparisons = [comparison for _, comparison in results]
    if as_json:
        click.echo(json.dumps([summary(comparison) for comparison in comparisons], indent=2))
    else:
        print_comparisons(comparisons)
        for _, comparison, loops in checked:
            for loop in loops[:PRINTED_LOOPS]:
                click.echo(f"{comparison.structure.name}: {loop}")
            if len(loops) > PRINTED_LOOPS:
                click.echo(f"{comparison.structure.name}: … and {len(loops) - PRINTED_LOOPS} longer feedback loops")
        for picture in pictures:
            click.echo(f"wrote {picture}")
    raise SystemExit(0 if all(comparison.reproduced for comparison in comparisons) else 1)


def _check_one(path: Path) -> tuple[Comparison, tuple[Loop, ...]]:
    """Give the comparison and the feedback loops of one file."""
    from handcrafted.control.yamlfile import load
    from handcrafted.craft.assemble import assemble
    from handcrafted.readout.recover import recover
    from handcrafted.verdict.compare import compare
    from handcrafted.verdict.loops import feedback_loops

    structure = load(path)
    with _named(path):
        recovered = recover(assemble(structure))
        return compare(structure, recovered), feedback_loops(structure, recovered)


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
