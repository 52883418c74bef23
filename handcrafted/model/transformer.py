"""The model: raw arrays as parameters, the policy's masks beside them, and the names of everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.core import Tracer

from handcrafted.control.library import must_not_be_forked
from handcrafted.control.vocabulary import WINDOW
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.arrays import formed, in_jax
from handcrafted.model.base import base_of, fingerprint, free
from handcrafted.model.blocks import Block, blocks_of
from handcrafted.model.cache import ActivationCache, cached
from handcrafted.model.forward import Activations, forward
from handcrafted.model.history import ANEW, CHANGES, Change, History, ReadOnly, edited, edits_text, entries_drifted
from handcrafted.model.intervention import Intervention, intervene
from handcrafted.model.layout import Placement, check_layout, check_window, report_of
from handcrafted.model.names import Names, must_name
from handcrafted.model.network import Network, Rebuild
from handcrafted.model.parameters import Parameters
from handcrafted.model.provenance import Breach, Provenance, Provenances, audit, parse_entry
from handcrafted.model.saved import restored, save_model
from handcrafted.model.weights import FIELD_AXES, Weights, acting, check_shapes, must_have_sizes
from handcrafted.text.diagnostics import HandcraftedError, must_be
from handcrafted.text.report import Report, Reported


class Mask(nnx.Variable):
    """Where a raw entry may act."""


class Transformer(Reported, nnx.Module):
    """A hand-set transformer that implements a control structure.

    Attributes:
        structure: the control structure it was made from.
        names: the names of its coordinates, inputs and outputs.
        layout: which circuit stands where.
        window: how many steps a head sees.
        seal: the fingerprint of the Layer 0 controller as it was assembled; None where there is none.
        history: what was changed since; `print(model.history)` gives it as Python.

    Example:
        >>> model = hc.assemble(hc.load(find("heated room")))
        >>> model.edit("W_in[1, 2, 0]", -65.0)
        >>> print(model.parameters["thermostat.heat.off_above"])
        thermostat.heat.off_above = 23 degC moves W_in[1, 2, 0]
    """

    structure = ReadOnly[ControlStructure](CHANGES)
    names = ReadOnly[Names](ANEW)
    layout = ReadOnly[tuple[Placement, ...]](CHANGES)
    window = ReadOnly[int](ANEW)
    seal = ReadOnly[str | None](ANEW)

    def __init__(
        self,
        weights: Weights,
        masks: Weights,
        names: Names,
        layout: tuple[Placement, ...],
        structure: ControlStructure,
        window: int = WINDOW,
        rebuild: Rebuild | None = None,
        seal: str | None = None,
    ):
        """Make a model of arrays.

        Args:
            weights: the raw arrays.
            masks: where they may act.
            names: of coordinates, inputs and outputs.
            layout: which circuit stands where.
            structure: the control structure that they implement.
            window: how many steps a head sees.
            rebuild: how another structure becomes arrays; None for circuits that were given.
            seal: the fingerprint that the Layer 0 controller must have; None takes the one that it has.

        Raises:
            HandcraftedError: if shapes, order of circuits, window or fingerprint do not fit, or JAX cannot run here.
        """
        must_not_be_forked()
        must_have_sizes(masks, must_name(names, check_shapes(weights).sizes))
        must_be(structure, ControlStructure, "a control structure, as `hc.load` gives it")
        for name, array in weights.items():
            setattr(self, name, nnx.Param(in_jax(array, jnp.float32)))
            setattr(self, f"mask_{name}", Mask(in_jax(masks[name], bool)))
        self._names, self._structure, self._layout, self._window = names, structure, layout, check_window(window)
        self._rebuild, self.history = rebuild, History()
        check_layout(layout, weights.sizes)
        self._seal = seal or self.fingerprint
        self.check_seal()

    @property
    def weights(self) -> Weights:
        """The raw arrays, as stored."""
        return Weights(**{name: getattr(self, name).get_value() for name in FIELD_AXES})

    def set_weights(self, new: Weights) -> None:
        """Replace the raw arrays; the masks stay as they are. Raises as `change` does."""
        self.change(new)

    def edit(self, entry: str, value: Any, unlock: bool = False) -> None:
        """Set one raw array entry, such as `W_in[0, 3, 5]`.

        Where the arrays then are what some other value of a parameter derives, the structure follows: a set point that
        is one entry can be moved by it. Else the circuit is off its formula, see `drifted`.

        Args:
            entry: which.
            value: a finite number that float32 holds.
            unlock: whether an entry that the access policy masks may be set too. It does not act even then, and
                `audit` lists it.

        Raises:
            HandcraftedError: if there is no such entry, the value is no such number, the policy locks the entry, or it
                belongs to the Layer 0 controller, which is frozen; the model is then untouched.
        """
        self._change(*edited(self.network, self._rebuild, entry, value, unlock, self.must_keep_the_seal))

    def change(
        self,
        weights: Weights,
        structure: ControlStructure | None = None,
        layout: tuple[Placement, ...] | None = None,
        text: str | None = None,
    ) -> None:
        """Replace the raw arrays, and the structure and layout that they follow from, as one change of the history.

        Args:
            weights: raw arrays of the same shapes.
            structure: None leaves it.
            layout: None leaves it.
            text: the change as a line of Python; None writes it from what differs.

        Raises:
            HandcraftedError: if shapes or order of circuits do not fit, or the Layer 0 controller would change.
        """
        arrays = must_have_sizes(weights, self.weights.sizes).map(formed)
        self._change(self.network.becoming(arrays, structure, layout), text)

    def _change(self, network: Network, text: str | None = None) -> None:
        before = self.network
        self._become(network)
        after = self.network
        self.history.add(Change(text or edits_text(before.weights, after.weights, self.masks), before, after))
        self.history.tell()

    @property
    def network(self) -> Network:
        """The model as it stands now: what nothing that follows can change."""
        return Network(self.weights, self.masks, self.names, self.layout, self.structure, self.window)

    def _become(self, network: Network) -> None:
        self.must_keep_the_seal(network)
        for name, array in network.weights.items():
            getattr(self, name).set_value(in_jax(array, jnp.float32))
        self._structure, self._layout, self._names = network.structure, network.layout, network.names

    def undo(self) -> None:
        """Take the last change back, bit for bit; raises HandcraftedError if there is none."""
        self._become(self.history.back())
        self.history.tell()

    def redo(self) -> None:
        """Do the last change again that was undone; raises HandcraftedError if there is none."""
        self._become(self.history.forth())
        self.history.tell()

    def reset(self) -> None:
        """Make the model what it was as it was assembled; a change like any other, which can be undone."""
        if (first := self.history.first) is not None:
            self.change(first.weights, first.structure, first.layout, "model.reset()")

    def save(self, folder: str | Path) -> Path:
        """Write the model into a folder: `weights.safetensors`, the raw arrays, exactly, and what they implement;
        and `structure.yaml`, a copy of the latter for people.

        Raises:
            HandcraftedError: if a number is not finite, if circuits were given, if the Layer 0 controller is not as it
                was assembled, or the folder cannot be written.
        """
        self.check_seal()
        self._must_follow_from_laws()
        return save_model(self.network, folder)

    def restore(self, folder: str | Path) -> None:
        """Take arrays and structure from a folder that `save` wrote; a change like any other, which can be undone.

        Raises:
            HandcraftedError: if a file is damaged, or of other circuits or another Layer 0; nothing is then changed.
        """
        self._change(restored(self.network, self._must_follow_from_laws(), folder), f"model.restore({str(folder)!r})")

    @property
    def masks(self) -> Weights:
        """Where a raw entry may act, as booleans."""
        return Weights(**{name: getattr(self, f"mask_{name}").get_value() for name in FIELD_AXES})

    @property
    def effective_weights(self) -> Weights:
        """The arrays that run: the raw ones where the access policy lets them act, else zero."""
        return self.weights.map(acting, self.masks)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The controllers and their guards as blocks that share nothing; see `handcrafted.model.blocks`."""
        return blocks_of(self.structure, self.names, self.layout)

    @property
    def trainable(self) -> Weights:
        """Where a raw entry may act and is not frozen, as booleans: everything permitted outside Layer 0."""
        return self.masks if base_of(self.structure) is None else free(self.structure, self.blocks, self.masks)

    @property
    def fingerprint(self) -> str | None:
        """The SHA-256 of the Layer 0 controller as it stands now; None where there is none."""
        return fingerprint(self.network)

    def check_seal(self) -> None:
        """Check that the Layer 0 controller is as it was assembled; every run of the model does so first.

        Raises:
            HandcraftedError: if it is not, or a circuit would read what is written later.
        """
        self.must_keep_the_seal(self.network)

    def must_keep_the_seal(self, network: Network) -> None:
        """Check a layout and compare fingerprints; within a compiled function there are no numbers to compare."""
        check_layout(network.layout, network.weights.sizes)
        if self.seal is None or any(isinstance(array, Tracer) for _, array in network.weights.items()):
            return
        if (got := fingerprint(network)) != self.seal:
            raise HandcraftedError(
                f"Expected the Layer 0 controller {base_of(self.structure)} as it was assembled, fingerprint "
                f"{self.seal[:12]}, got {got and got[:12]}. It is frozen: undo the edit, or assemble anew."
            )

    @property
    def drifted(self) -> tuple[Provenance, ...]:
        """The raw entries that are not what the structure's laws derive; none where circuits were given."""
        return entries_drifted(self.network, self._rebuild)

    def provenance(self, entry: str) -> Provenance:
        """Say what an array entry, such as `W_in[0, 3, 5]`, is for: circuit, owner, role, formula, and who locks it.

        Raises:
            HandcraftedError: if there is no such entry.
        """
        return Provenances(self.network).of(*parse_entry(entry, self.weights))

    @property
    def parameters(self) -> Parameters:
        """What the structure's laws depend on, by name: look at it, or set it; see `Parameters`.

        Raises:
            HandcraftedError: if the circuits were given, and do not follow from the structure's laws.
        """
        return Parameters(lambda: self.network, self._must_follow_from_laws(), self._change)

    def _must_follow_from_laws(self) -> Rebuild:
        if self._rebuild is None:
            raise HandcraftedError(
                "Expected a model whose circuits follow from its structure's laws, got one assembled from given "
                "circuits. Assemble it without them, or edit `weights`."
            )
        return self._rebuild

    def audit(self, weights: Weights | None = None) -> tuple[Breach, ...]:
        """List the raw entries that break the access policy; see `handcrafted.model.provenance`."""
        return tuple(audit(self.network, weights))

    def __call__(self, inputs: Any, carries: Any = None) -> tuple[Any, Activations]:
        """Run sequences of inputs [time, n_in] or [batch, time, n_in]; give outputs and activations.

        This is the dense transformer, which readouts look into. What holds for any weights outside Layer 0 holds for
        `simulate` and `run_blocks`, which run block by block.
        """
        self.check_seal()
        return forward(self.effective_weights, inputs, carries, window=self.window)

    def run_with_cache(self, inputs: Any, carries: Any = None) -> tuple[np.ndarray, ActivationCache]:
        """Run as a call does; give outputs, and activations with the names of what stands where, both in numpy."""
        return cached(*self(inputs, carries), self.names, self.layout)

    def intervene(self, inputs: Any, *interventions: Intervention) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Run a batch [batch, time, n_in] under interventions; see `handcrafted.model.intervention`."""
        self.check_seal()
        return intervene(self.effective_weights, self.names, inputs, *interventions, window=self.window)

    def report(self) -> Report:
        """Report sizes, and which circuit stands where."""
        return report_of(self.structure.name, self.weights.sizes, self.layout)
