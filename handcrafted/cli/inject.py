"""The command that lets things fail, one by one, and says what comes of it."""

from __future__ import annotations

from pathlib import Path

import click

from handcrafted.cli.group import friendly, main, quiet
from handcrafted.cli.loop_file import LoopFile
from handcrafted.text.diagnostics import named


@main.command()
@click.argument("file", type=LoopFile())
@click.argument("faults", type=click.Path(path_type=Path), required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A folder for report, tables and pictures.")
@click.option("--steps", type=click.IntRange(min=1), help="Of each run; default: what the list says.")
@click.option("--sample", type=click.IntRange(min=1), help="Draw so many faults where there are more.")
@click.option("--seed", type=click.IntRange(min=0), help="Of disturbances, noise and the sample.")
@click.option("--resume", is_flag=True, help="Keep outcomes in the folder as they come, and go on where it stopped.")
@friendly
def inject(
    file: Path, faults: Path | None, output: Path | None, steps: int | None, sample: int | None, seed: int | None,
    resume: bool,
) -> None:  # fmt: skip
    """Run FILE in closed loop with every fault of the list FAULTS, a YAML file; without one with the usual list.

    Each fault is classed as masked, safe but different, detected, or a hazard. Exit code 1: there is a Layer 0
    controller, and a fault in weights or activations outside it led to a hazard.

    Example: handcrafted inject "guarded room" bit_flips.yaml --sample 1000 -o faults
    """
    from handcrafted.craft.assemble import assemble
    from handcrafted.loading.yamlfile import load
    from handcrafted.safety.faults.campaign import inject as run
    from handcrafted.safety.faults.outcome import HAZARD
    from handcrafted.safety.faults.report import scenario_report
    from handcrafted.safety.faults.tables import OUTSIDE, fault_tables, where_of
    from handcrafted.safety.faults.usual import compared, load_faults, usual_faults
    from handcrafted.text.diagnostics import HandcraftedError
    from handcrafted.text.report import as_csv
    from handcrafted.view.campaign import pictures
    from handcrafted.view.output import write

    structure, listed = load(file), load_faults(faults) if faults else usual_faults()
    if resume and output is None:
        raise HandcraftedError("Expected a folder with --resume, got none. Name one with -o.")
    options = {"steps": steps, "sample": sample, "seed": seed, "progress": not quiet()}
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
    with named(file):
        store = output / "outcomes.jsonl" if resume and output else None
        found = run(assemble(structure), listed, store=store, **options)
        less = compared(structure, listed, **options)
    text = "\n\n".join(scenario_report(found, less, pictures=output is not None)) + "\n"
    if output is None:
        click.echo(text)
    else:
        parts = {"scenarios.md": text.encode()}
        parts |= {f"{name}.csv": as_csv(rows).encode() for name, rows in fault_tables(found, less).items()}
        parts |= {f"{name}.png": content for name, content in pictures(found)}
        for name, content in parts.items():
            click.echo(f"wrote {write(output / name, content)}")
        click.echo(repr(found))
    bases = any(component.layer_0 for component in structure.components.values())
    broken = bases and any(where_of(fault) == OUTSIDE and one.kind == HAZARD for fault, one in found)
    raise SystemExit(1 if broken else 0)
