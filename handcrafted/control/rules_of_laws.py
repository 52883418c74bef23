"""Rules of single laws: how many signals they read, of which kind, and what their result may be."""

from __future__ import annotations

from handcrafted.control.complaint import FilePath, must_be_known, refuse
from handcrafted.control.domain import Domain, Value, issue_values
from handcrafted.control.letters import listed
from handcrafted.control.resolved import Read
from handcrafted.control.settings.moving import Delay
from handcrafted.control.settings.shape import LawForm, Settings
from handcrafted.control.settings.switching import Hysteresis
from handcrafted.control.settings.weighing import Limits, Linear, limits_of
from handcrafted.control.staging import form_of
from handcrafted.control.structure import AlgorithmEntry, Variable

Declared = Variable | AlgorithmEntry


def check_form(
    path: FilePath,
    declared: Declared,
    settings: Settings | None,
    reads: tuple[Read, ...],
    domain: Domain,
    initial: Value,
) -> None:
    """Check that a law fits what it reads and what it is to write.

    Raises:
        HandcraftedError: naming the entry, what was got and what would fit.
    """
    if declared.law is None or settings is None:
        return
    name = f"{declared.law} of {path[-1]}"
    form = form_of(declared.law, len(reads), declared.tests, settings)
    _check_reads(path, name, form, reads)
    _check_result(path, name, form, domain)
    if wrong := settings.complaint(reads, domain):
        refuse(path, f"{wrong.rstrip('.')}, in the {name}.")
    match settings:
        case Linear():
            _check_gains((*path, "parameters", "gains"), name, settings, reads)
            _check_limits(path, name, settings, domain, None)
        case Limits():
            _check_limits(path, name, settings, domain, initial if form.memory else None)
        case Delay():
            _check_delay(path, name, declared, reads[0], domain)
        case Hysteresis():
            _check_switch(path, name, declared, issue_values(domain, settings.value))
        case _:
            return


def _check_reads(path: FilePath, name: str, form: LawForm, reads: tuple[Read, ...]) -> None:
    least, most = form.counts
    if not least <= len(reads) <= most:
        wanted = {(0, 0): "no signal", (1, 1): "one signal"}.get((least, most), f"{least} to {most} signals")
        got = listed(read.name for read in reads) or "none"
        refuse((*path, "reads"), f"Expected {wanted} in the {name}, got {got}. Say so under `reads`.")
    for read in reads:
        if form.real and read.domain.discrete:
            text = f"Expected real signals in the {name}, got {read.name} ({read.domain}). Give it a range."
            refuse((*path, "reads"), text)


def _check_result(path: FilePath, name: str, form: LawForm, domain: Domain) -> None:
    if form.writes == "real" and domain.discrete:
        refuse(path, f"Expected a real result of the {name}, got the values {domain}. Give it a range.")
    if form.writes == "words" and not domain.discrete:
        refuse(path, f"Expected words as the result of the {name}, got the range {domain}. Give it values.")
    if form.writes == "switch" and domain.discrete and len(domain.values) < 2:
        refuse(path, f"Expected at least two values to switch between in the {name}, got {domain}. Add one.")


def _check_gains(path: FilePath, name: str, settings: Linear, reads: tuple[Read, ...]) -> None:
    for read in settings.gains:
        must_be_known(path, f"a read of the {name}", read, [r.name for r in reads])
    for read in reads:
        must_be_known(path, f"a gain for each read of the {name}", read.name, settings.gains)


def _check_limits(path: FilePath, name: str, settings: Limits, domain: Domain, initial: Value | None) -> None:
    low, high = limits_of(settings, domain)
    if low >= high:
        text = f"Expected limits in order in the {name}, got {low:g} and {high:g}. Put `low` under `high`."
        refuse((*path, "parameters"), text)
    if initial is not None and not low <= float(initial) <= high:
        text = f"Expected the initial value of the {name} within {low:g} … {high:g}, got {initial}. Choose one inside."
        refuse((*path, "initial"), text)


def _check_switch(path: FilePath, name: str, declared: Declared, values: tuple[Value, Value]) -> None:
    if declared.initial is not None and declared.initial not in values:
        text = f"Expected the {name} to start from {values[0]} or {values[1]}, got {declared.initial}. Choose one."
        refuse((*path, "initial"), text)


def _check_delay(path: FilePath, name: str, declared: Declared, read: Read, domain: Domain) -> None:
    """A look back before t = 0 finds what the read held there, so both must say the same."""
    if read.domain.values != domain.values:
        text = f"Expected the values of {read.name} ({read.domain}) in the {name}, got {domain}. Give both the same."
        refuse(path, text)
    if declared.initial is not None and declared.initial != read.initial:
        refuse(
            (*path, "initial"),
            f"Expected the {name} to start from what {read.name} held before t = 0 ({read.initial}), got "
            f"{declared.initial}. Declare the same `initial` for both.",
        )
