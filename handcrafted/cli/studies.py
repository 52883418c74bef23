"""Commands that study a loop: STPA, faults, and the scoreboard of readouts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from handcrafted.cli.check import registered_by
from handcrafted.cli.group import LoopFile, Several, friendly, loop_path, main, quiet
from handcrafted.cli.prove import PROOFS, proofs_of, write_proof
from handcrafted.text.diagnostics import HandcraftedError, named
from handcrafted.text.letters import listed as listed_words

UNTESTED = 3
"""The exit code where nothing is broken, but something was not put to the test."""


def shared_out(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say who runs faults."""
    workers = click.option("--workers", type=click.IntRange(min=0), default=0, help="Processes that run faults.")
    scheduler = click.option("--scheduler", default="", help="A Dask scheduler whose workers run faults instead.")
    return workers(scheduler(command))


@main.command()
@click.argument("files", nargs=-1, required=True, type=LoopFile())
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A folder for reports, tables and diagrams.")
@click.option("--sample", type=click.IntRange(min=1), help="Draw so many contexts where there are more.")
@click.option("--faults", type=click.Path(path_type=Path), help="A fault list for step 4, instead of the usual one.")
@click.option("--no-faults", is_flag=True, help="Leave out step 4, as where no hazard is declared.")
@click.option("--prove", "proving", is_flag=True, help="Also prove what never happens, as `prove` does.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all that is drawn.")
@shared_out
@friendly
def analyse(
    files: tuple[Path, ...],
    output: Path | None,
    sample: int | None,
    faults: Path | None,
    no_faults: bool,
    proving: bool,
    seed: int,
    workers: int,
    scheduler: str,
) -> None:
    """Analyse the unsafe control actions of FILES, hold each network against them, and look for loss scenarios.

    Without a folder reports go to the terminal; of several files each has a folder of its own in it. A file that cannot
    be used ends none of the others; the exit code is then 2. Exit code 1: a network, without a fault, does what a rule
    calls unsafe. Exit code 3: none does, but some rule was not put to the test; each is named, with the reason. A
    decision that nobody states may issue anything at any step; step 4 is then left out, for faults take a loop that is
    stated.

    Example: handcrafted analyse "train door" -o report
    """
    several, codes = Several(), [0]
    for file in files:
        with several.each(file):
            folder = output / file.stem if output and len(files) > 1 else output
            if [other.stem for other in files].count(file.stem) > 1:
                raise HandcraftedError(f"Expected files of different names, got {file.stem} twice. Rename one.")
            spread = {"workers": workers, "scheduler": scheduler}
            codes.append(_analysed(file, folder, sample, faults, no_faults, proving, seed, spread))
    several.end(next((code for code in (1, UNTESTED) if code in codes), 0))


def _analysed(
    file: Path,
    output: Path | None,
    sample: int | None,
    faults: Path | None,
    no_faults: bool,
    proving: bool,
    seed: int,
    spread: Mapping[str, Any],
) -> int:
    """Analyse one file; return the exit code."""
    from handcrafted.craft.assemble import assemble
    from handcrafted.exchange.xlsx import as_xlsx
    from handcrafted.loading.yamlfile import load
    from handcrafted.proofs.report import proofs_section
    from handcrafted.safety.faults.campaign import inject
    from handcrafted.safety.faults.report import fault_tables, scenario_report
    from handcrafted.safety.faults.usual import compared, load_faults, usual_faults
    from handcrafted.safety.stpa.analysis import analyse as run
    from handcrafted.safety.stpa.report import PICTURE, as_markdown
    from handcrafted.safety.stpa.tables import tables
    from handcrafted.text.report import as_csv
    from handcrafted.view.hazards import as_html, pictures, unsafe_picture
    from handcrafted.view.output import write

    structure = load(file)
    listed = load_faults(faults) if faults else usual_faults() if structure.hazards and not no_faults else None
    if listed is not None and structure.unstated:
        what = listed_words(f"{by}'s {name}" for by, name in sorted(structure.unstated))
        click.echo(f"Step 4 is left out: nobody states by which law is decided {what}.", err=True)
        listed = None
    campaign, less = None, {}
    found = run(assemble(structure), sample=sample, seed=seed, progress=not quiet())
    if listed is not None:
        campaign = inject(assemble(structure), listed, progress=not quiet(), **spread)
        less = compared(structure, listed, progress=not quiet(), **spread)
    scenarios = [] if campaign is None else [*scenario_report(campaign, less, pictures=output is not None)]
    proofs = proofs_of(assemble(structure)) if proving else []
    if proofs:
        scenarios += proofs_section(proofs, "" if output is None else PROOFS)
    if output is None:
        click.echo(as_markdown(found, picture=False, scenarios=scenarios))
    else:
        output.mkdir(parents=True, exist_ok=True)
        parts = {"report.md": as_markdown(found, scenarios=scenarios).encode()}
        parts |= {"report.html": as_html(found, scenarios).encode()}
        every = dict(tables(found))
        if campaign is not None:
            every |= fault_tables(campaign, less)
            parts |= {f"{name}.png": content for name, content in pictures(campaign)}
        parts |= {f"{name}.csv": as_csv(rows).encode() for name, rows in every.items()}
        parts["tables.xlsx"] = as_xlsx(every)
        parts[PICTURE] = unsafe_picture(found)
        for name, content in parts.items():
            click.echo(f"wrote {write(output / name, content)}")
        for proof in proofs:
            write_proof(output / PROOFS / proof.claim.id, proof)
    for one in found.untested:
        click.echo(str(one), err=True)
    click.echo(f"{found!r}", err=True)
    return 1 if found.arising or found.broken else UNTESTED if found.untested else 0


@main.command()
@click.argument("file", type=LoopFile())
@click.argument("faults", type=click.Path(path_type=Path), required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A folder for report, tables and pictures.")
@click.option("--steps", type=click.IntRange(min=1), help="Of each run; default: what the list says.")
@click.option("--sample", type=click.IntRange(min=1), help="Draw so many faults where there are more.")
@click.option("--seed", type=click.IntRange(min=0), help="Of disturbances, noise and the sample.")
@click.option("--resume", is_flag=True, help="Keep outcomes in the folder as they come, and go on where it stopped.")
@shared_out
@friendly
def inject(
    file: Path, faults: Path | None, output: Path | None, steps: int | None, sample: int | None, seed: int | None,
    resume: bool, workers: int, scheduler: str,
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
    from handcrafted.safety.faults.report import OUTSIDE, fault_tables, scenario_report, where_of
    from handcrafted.safety.faults.usual import compared, load_faults, usual_faults
    from handcrafted.text.diagnostics import HandcraftedError
    from handcrafted.text.report import as_csv
    from handcrafted.view.hazards import pictures
    from handcrafted.view.output import write

    structure, listed = load(file), load_faults(faults) if faults else usual_faults()
    if resume and output is None:
        raise HandcraftedError("Expected a folder with --resume, got none. Name one with -o.")
    options = {"steps": steps, "sample": sample, "seed": seed, "progress": not quiet()}
    options |= {"workers": workers, "scheduler": scheduler}
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


SQUEEZED = ("train door", "heated room")
"""Loops whose streams are squeezed unless others are named: one without dynamics, one with."""


@main.command()
@click.argument("files", nargs=-1)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A folder for scoreboard.csv, .md and .png.")
@click.option(
    "--readout", "readouts", multiple=True, help="Score this readout, or blind; repeat for more. Default: all."
)
@click.option("--condition", "conditions", multiple=True, help="Only this distortion or fault; repeat for more.")
@click.option("--import", "module", help="A Python module that registers readouts.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all that is drawn.")
@click.option("--full", is_flag=True, help="Run noise and random weights for large loops too; this takes hours.")
@click.option("--compression", is_flag=True, help="Squeeze the streams of loops instead, by default of two small ones.")
@click.option(
    "--seeds", type=click.IntRange(min=1), default=20, show_default=True, help="How often, with --compression."
)
@friendly
def score(
    files: tuple[str, ...],
    output: Path | None,
    readouts: tuple[str, ...],
    conditions: tuple[str, ...],
    module: str | None,
    seed: int,
    full: bool,
    compression: bool,
    seeds: int,
) -> None:
    """Score readouts on FILES, by default the bundled loops, distorted and with planted faults.

    With a folder, answers are kept in its answers.jsonl as they come, and the same command goes on where it was
    stopped. What took how long stands in times.csv: all else is the same each time. A file that cannot be used ends
    none of the others; the exit code is then 2.

    Example: handcrafted score -o scores --readout wiring --readout gradient
    """
    from handcrafted.craft.assemble import assemble
    from handcrafted.loading.yamlfile import load
    from handcrafted.readout.recover import chosen
    from handcrafted.readout.registry import registered
    from handcrafted.verdict.scoreboard.report import as_markdown, confidences
    from handcrafted.verdict.scoreboard.row import as_csv, times_csv
    from handcrafted.verdict.scoreboard.run import BLIND
    from handcrafted.verdict.scoreboard.run import score as run
    from handcrafted.view.output import write
    from handcrafted.view.scoreboard import scoreboard
    from handcrafted.zoo import bundled

    if compression:
        _squeeze(files, output, seeds, others=bool(readouts or conditions or module or full or seed))
        return
    extra = registered_by(module) if module else ()
    blindly = not readouts or BLIND in readouts
    scored = chosen([*(name for name in readouts if name != BLIND), *extra] if readouts else list(registered()))
    several, structures = Several(), {}
    for file in map(str, files or bundled()):
        with several.each(file):
            name = loop_path(file).stem
            if name in structures:
                raise HandcraftedError(f"Expected files of different names, got {name} twice. Rename one.")
            structure = load(loop_path(file))
            assemble(structure)  # what cannot be assembled is known before hours are spent
            structures[name] = structure
    if not structures:
        several.end(0)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
    store = output / "answers.jsonl" if output else None
    rows = run(structures, scored, conditions or None, seed, store, full, not quiet(), blindly)
    judged = confidences(rows)
    summary = as_markdown(rows, judged)
    if output is None:
        click.echo(summary)
        several.end(0)
    parts = {"scoreboard.csv": as_csv(rows).encode(), "scoreboard.md": summary.encode()}
    parts |= {"scoreboard.png": scoreboard(rows, judged), "times.csv": times_csv(rows).encode()}
    for name, content in parts.items():
        click.echo(f"wrote {write(output / name, content)}")
    several.end(0)


def _squeeze(files: tuple[str, ...], output: Path | None, seeds: int, others: bool) -> None:
    """Write what is left of each loop at each width as compression_LOOP.csv and .png, or print the tables alone."""
    from handcrafted.loading.yamlfile import load
    from handcrafted.verdict.compression.sweep import as_csv, sweep
    from handcrafted.view.output import write
    from handcrafted.view.scoreboard import compression

    if others:
        raise HandcraftedError("Expected --compression with files, --seeds and -o alone, got more. Leave the rest out.")
    several = Several()
    for file in files or SQUEEZED:
        with several.each(file):
            rows = sweep(load(loop_path(file)), seeds, progress=not quiet())
            if output is None:
                click.echo(as_csv(rows))
                continue
            output.mkdir(parents=True, exist_ok=True)
            for suffix, content in (("csv", as_csv(rows).encode()), ("png", compression(rows))):
                click.echo(f"wrote {write(output / f'compression_{loop_path(file).stem}.{suffix}', content)}")
    several.end(0)
