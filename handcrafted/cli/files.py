"""Commands on one file: write a template, draw, explain, run; and the notebooks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click

from handcrafted.cli.group import LoopFile, friendly, main, quiet
from handcrafted.text.diagnostics import HandcraftedError, named
from handcrafted.text.letters import shown


@main.command()
@click.argument("name")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file to write; default: NAME.yaml, here.")
@friendly
def new(name: str, output: Path | None) -> None:
    """Write a commented template for a control structure called NAME.

    Example: handcrafted new "my loop" -o my_loop.yaml
    """
    from handcrafted.loading.schema import file_name, template

    text = template(name)
    path = output or Path(file_name(name))
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise HandcraftedError(f"Expected a new file, got {path}, which exists. Choose another name with -o.") from None
    click.echo(f"wrote {path}")


@main.command()
@click.option("--faults", is_flag=True, help="That of fault lists instead.")
@friendly
def schema(faults: bool) -> None:
    """Print the JSON Schema of the file format, for editors that complete and check YAML.

    Example: handcrafted schema > control-structure.schema.json
    """
    from handcrafted.loading.schema import json_schema, schema_of

    if faults:
        from handcrafted.safety.faults.faultlist import FaultList

        click.echo(json.dumps(schema_of(FaultList, "handcrafted fault list"), indent=2))
        return
    click.echo(json.dumps(json_schema(), indent=2))


@main.command()
@click.argument("file", type=LoopFile())
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="A .png, .svg, .pdf or .dot file.")
@click.option(
    "--collapse", multiple=True, metavar="NAME", help="A group, or a box that holds others, to draw as one box."
)
@click.option("--width", type=float, help="Inches; everything is scaled alike. A column of a paper has about 3.4.")
@click.option("--dpi", type=float, help="Dots per inch of a .png; default: 200, with --width 300.")
@friendly
def draw(file: Path, output: Path, collapse: tuple[str, ...], width: float | None, dpi: float | None) -> None:
    """Draw the control diagram of FILE.

    Example: handcrafted draw "wheel brakes" --collapse braking --width 6.9 --dpi 600 -o wheel_brakes.png
    """
    from handcrafted.loading.yamlfile import load
    from handcrafted.view.draw import draw as draw_thing

    asked = {name: value for name, value in (("width", width), ("dpi", dpi)) if value is not None}
    click.echo(f"wrote {draw_thing(load(file), output, collapse=collapse, **asked)}")


@main.command()
@click.argument("file", type=LoopFile())
@click.argument("link", required=False)
@click.option("--equations", is_flag=True, help="Print every control law as formulas, read off the weights, instead.")
@friendly
def explain(file: Path, link: str | None, equations: bool) -> None:
    """Show which array entries make LINK of FILE, written "from -> to: name", or all control laws as formulas.

    Example: handcrafted explain "train door" "train -> door controller: train motion"
    """
    from handcrafted.craft.build import build
    from handcrafted.loading.yamlfile import load
    from handcrafted.verdict.explain import explain as explain_link

    if equations == (link is not None):
        raise HandcraftedError('Expected either a link, written "from -> to: name", or --equations. Give one of them.')
    if link is None:
        click.echo(_equations(file))
        return
    explanation = explain_link(build(load(file)), link)
    click.echo(str(explanation))
    raise SystemExit(0 if explanation.complete else 1)


def _equations(file: Path) -> str:
    """Return the control laws of a file's network, read off its weights."""
    from handcrafted.craft.build import build
    from handcrafted.loading.yamlfile import load
    from handcrafted.readout.equations.equations import equations
    from handcrafted.readout.target import subject

    network = build(load(file))
    return str(equations(subject(network.effective_weights, network.names)))


@main.command()
@click.argument("file", type=LoopFile())
@click.option("--steps", type=click.IntRange(min=1), default=500, show_default=True, help="How many time steps.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A .png, .svg, .pdf or .csv file.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the disturbances.")
@friendly
def run(file: Path, steps: int, output: Path | None, seed: int) -> None:
    """Run FILE in closed loop with its processes: a table, and a picture or a file of numbers.

    Example: handcrafted run "heated room" --steps 1000 -o heated_room.png
    """
    from handcrafted.craft.assemble import assemble
    from handcrafted.loading.yamlfile import load
    from handcrafted.rollout.simulate import simulate
    from handcrafted.view.draw import draw as draw_thing
    from handcrafted.view.tables import print_trace

    structure = load(file)
    if output is not None and output.suffix.lower() not in (".png", ".svg", ".pdf", ".csv"):
        raise HandcraftedError(f"Expected a suffix out of .png, .svg, .pdf, .csv, got {output}. Change the suffix.")
    with named(file):
        trace = simulate(assemble(structure), steps=steps, seed=seed, progress=not quiet())
    print_trace(trace)
    if output is not None:
        click.echo(f"wrote {trace.save(output) if output.suffix.lower() == '.csv' else draw_thing(trace, output)}")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("notebooks"))
@click.option("--execute", is_flag=True, help="Run them all and write them with their outputs, instead.")
@friendly
def notebooks(folder: Path, execute: bool) -> None:
    """Open the tutorial notebooks of FOLDER (default: notebooks) in JupyterLab.

    Example: handcrafted notebooks --execute
    """
    from handcrafted.view.output import execute as execute_all
    from handcrafted.view.output import sources

    if not execute:
        sources(folder)
        as_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # as in most containers
        command = [sys.executable, "-m", "jupyterlab", str(folder), *as_root]
        raise SystemExit(subprocess.run(command, check=False).returncode)
    for path in execute_all(folder):
        click.echo(f"wrote {path}")


@main.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("figures"), show_default=True, help="A folder."
)
@click.option(
    "--only", multiple=True, metavar="NAME", help="Only this picture, such as circuits/delay; repeat for more."
)
@click.option(
    "--notebooks",
    type=click.Path(path_type=Path),
    help="Run the notebooks of this folder too, and renew their pictures.",
)
@friendly
def figures(output: Path, only: tuple[str, ...], notebooks: Path | None) -> None:
    """Draw all pictures of the README and the gallery, and write what they show as text into OUTPUT/data.

    The scoreboard and compressed streams are drawn from the measurements in OUTPUT, which `score -o` and `score
    --compression -o` make, and which take hours.

    Example: handcrafted figures --notebooks notebooks
    """
    from rich.progress import track

    from handcrafted.text.diagnostics import nearest
    from handcrafted.view.output import execute, sources, write
    from handcrafted.zoo.pictures import drawables

    known = {one.name: one for one in drawables(output)}
    if unknown := [name for name in only if name not in known]:
        raise HandcraftedError(f"Expected the name of a picture, got {shown(unknown[0])}.{nearest(unknown[0], known)}")
    if notebooks is not None:
        sources(notebooks)
    for name in track(only or list(known), "drawing", disable=quiet(), transient=True):
        made = known[name].make(output)
        parts = {f"{name}.png": made.png} | ({known[name].data(made.suffix): made.text.encode()} if made.text else {})
        for path, content in parts.items():
            (output / path).parent.mkdir(parents=True, exist_ok=True)
            click.echo(f"wrote {write(output / path, content)}")
    for path in execute(notebooks) if notebooks is not None else ():
        click.echo(f"wrote {path}")
