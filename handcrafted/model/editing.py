"""One entry of a model set by hand: checked, and with the structure that then follows from the arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from handcrafted.control.errors import HandcraftedError
from handcrafted.model.audit import rule_for
from handcrafted.model.entry import checked_number, entry_name, parse_entry, places_in
from handcrafted.model.follow import follow, off_formula
from handcrafted.model.history import Edited, Moment
from handcrafted.model.parameters import Rebuild
from handcrafted.model.provenance import Provenance, Provenances

if TYPE_CHECKING:
    from handcrafted.model.transformer import Transformer


def edited(model: Transformer, rebuild: Rebuild | None, entry: str, value: Any, unlock: bool) -> Edited:
    """Set one raw entry; see `Transformer.edit`.

    Raises:
        HandcraftedError: if there is no such entry, the value is no number for it, or the policy locks it.
    """
    raw = model.weights
    array, index = parse_entry(entry, raw)
    number, name = checked_number(entry, value), entry_name(array, index)
    if not unlock and not np.asarray(model.masks[array])[index]:
        raise HandcraftedError(
            f"Expected an entry that the access policy lets act, got {name}, which is locked: "
            f"{rule_for(model, array, index)}. Unlock it to see what the audit says of it."
        )
    changed = np.array(raw[array])
    changed[index] = number
    new = raw.replace(**{array: jnp.asarray(changed)})
    structure, layout = model.structure, model.layout
    model.must_keep_the_seal(Moment(new, structure, layout))
    if rebuild is not None:
        structure, built = follow(structure, rebuild, new)
        layout = built.layout
    return Edited(new, structure, layout, f'model.edit("{name}", {float(number)!r}{", unlock=True" if unlock else ""})')


def entries_off_formula(model: Transformer, rebuild: Rebuild | None) -> tuple[Provenance, ...]:
    """Give the raw entries that are not what the structure's laws derive."""
    if rebuild is None:
        return ()
    wrong, look = off_formula(rebuild(model.structure), model.weights), Provenances(model)
    return tuple(look.of(name, at) for name, off in wrong.items() for at in places_in(off))
