"""One entry of a model set by hand: checked, and with the structure that then follows from the arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from handcrafted.model.invert_parameters import drifted, follow
from handcrafted.model.network import Network, Rebuild
from handcrafted.model.provenance import (
    Provenance,
    Provenances,
    checked_number,
    entry_name,
    parse_entry,
    places_in,
    rule_for,
)
from handcrafted.text.diagnostics import HandcraftedError


def edited(
    network: Network, rebuild: Rebuild | None, entry: str, value: Any, unlock: bool, allowed: Callable[[Network], None]
) -> tuple[Network, str]:
    """Return the network with one raw entry set, and the change as a line of Python; see `Transformer.edit`.

    Args:
        network: as it is.
        rebuild: how a structure becomes a network; None where circuits were given.
        entry: which.
        value: a number.
        unlock: whether an entry that the policy masks may be set too.
        allowed: refuses a network that may not be, before anybody looks for the structure that it follows from.

    Raises:
        HandcraftedError: if there is no such entry, the value is no number for it, or the policy locks it.
    """
    raw = network.weights
    array, index = parse_entry(entry, raw)
    number, name = checked_number(entry, value), entry_name(array, index)
    if not unlock and not np.asarray(network.masks[array])[index]:
        raise HandcraftedError(
            f"Expected an entry that the access policy lets act, got {name}, which is locked: "
            f"{rule_for(network, array, index)}. Unlock it to see what the audit says of it."
        )
    array_now = np.array(raw[array])
    array_now[index] = number
    new = raw.replace(**{array: jnp.asarray(array_now)})
    changed = network.becoming(new)
    allowed(changed)
    if rebuild is not None:
        derived = follow(network.structure, rebuild, new)
        changed = network.becoming(new, derived.structure, derived.layout)
    return changed, f'model.edit("{name}", {float(number)!r}{", unlock=True" if unlock else ""})'


def entries_drifted(network: Network, rebuild: Rebuild | None) -> tuple[Provenance, ...]:
    """Return the raw entries that are not what the structure's laws derive."""
    if rebuild is None:
        return ()
    wrong, look = drifted(rebuild(network.structure), network.weights), Provenances(network)
    return tuple(look.of(name, at) for name, off in wrong.items() for at in places_in(off))
