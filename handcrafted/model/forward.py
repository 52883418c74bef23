"""The transformer itself: pure functions of effective weights, which know no masks.

One position is one step of the controlled system. Attention looks back over a sliding window whose entries before
t = 0 are filled from the declared residual `r_0`; the recurrence `W_R` carries the last layer into the next step.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from handcrafted.control.library import compiled, matmul
from handcrafted.control.numbers import as_numbers, must_have_axes
from handcrafted.control.vocabulary import WINDOW
from handcrafted.model.component import ends_of, heads_of, neurons_of
from handcrafted.model.edit import Edit, check_edit
from handcrafted.model.half_layer import checked_window, embedded, ended, layer, touched
from handcrafted.model.weights import Weights, check_shapes, known_to_jax
from handcrafted.text.diagnostics import must_be

known_to_jax()

Activations = dict[str, Array]
"""By TransformerLens' words, each with a leading time axis: `embed`, `resid_pre`, `resid_mid`, `resid_post`
[time, layer, d_model], `pattern` [time, layer, head, window], `z` [time, layer, head, d_head], `pre` and `post`
[time, layer, d_mlp], `final` and `carry` [time, d_model]."""


PAST = "layer", "past", "head", "d_head"


class State(NamedTuple):
    """What a model remembers between steps: the carry [d_model] and the ring of past keys and values, oldest first."""

    carry: Float[Array, " d_model"]
    keys: Float[Array, "layer past head d_head"]
    values: Float[Array, "layer past head d_head"]


STATE_AXES = {"carry": ("d_model",), "keys": PAST, "values": PAST}
"""The axes of a state, by name."""


def initial_state(weights: Weights, window: int = WINDOW) -> State:
    """Return the state before t = 0, as if the residual had been `r_0` at every layer for ever.

    Raises:
        HandcraftedError: if an argument is of another type or shape.

    Example:
        >>> from handcrafted.model.forward import initial_state
        >>> model = hc.assemble(hc.load(find("heated room")))
        >>> state = initial_state(model.effective_weights)
    """
    return _initial_state(_checked(weights), checked_window(window))


def _checked(weights: Weights) -> Weights:
    """Check shapes; whole numbers and short floats become float32, which is what runs."""
    runs = (jnp.float32, jnp.float64)
    return check_shapes(weights).dense().map(lambda a: a if a.dtype in runs else jnp.asarray(a, jnp.float32))


@compiled("window")
def _initial_state(weights: Weights, window: int) -> State:
    ends, heads = ends_of(weights), heads_of(weights)
    fill = lambda kernel, bias: jnp.repeat(
        (matmul(ends.initial, kernel, "m,lhmd->lhd") + bias)[:, None], window - 1, axis=1
    )
    _, keys, values = (fill(*projection) for projection in heads.projections)
    return State(matmul(ends.initial, ends.recurrence, "m,mn->n"), keys, values)


def _run(weights: Weights, state: State, inputs: Array, carries: Array, edit: Edit | None):
    """Run steps [time, n_in] whose carries [time, d_model] are known, all at once."""
    ends = ends_of(weights)
    embed = embedded(ends, inputs)
    x = touched(embed + carries, edit and edit.embed)

    def scan_layer(x: Array, stacked: tuple):
        (heads, neurons), keys, values, layer_edit = stacked
        x, past, seen = layer(heads, neurons, x, (keys, values), layer_edit)
        return x, (past, seen)

    edits = edit and edit.per_layer(weights.sizes["layer"])
    x, (past, seen) = jax.lax.scan(
        scan_layer, x, ((heads_of(weights), neurons_of(weights)), state.keys, state.values, edits)
    )
    carry, outputs = ended(ends, x, edit and edit.edge)
    seen = {name: jnp.swapaxes(array, 0, 1) for name, array in seen.items()}
    return State(carry[-1], *past), outputs, dict(embed=embed, carry=carries, final=x, **seen)


def advance(
    weights: Weights, state: State, inputs: Float[Array, " n_in"], edit: Edit | None = None
) -> tuple[State, Float[Array, " n_out"], Activations]:
    """Run one time step in streaming form, and give its activations without a time axis; see `step`."""
    state, outputs, seen = _run(weights, state, inputs[None], state.carry[None], edit)
    return state, outputs[0], {name: array[0] for name, array in seen.items()}


def step(weights: Weights, state: State, inputs: ArrayLike) -> tuple[State, Float[Array, " n_out"]]:
    """Run one time step in streaming form.

    Args:
        weights: effective weights.
        state: what was remembered; start from `initial_state`.
        inputs: one number per row of `W_E`.

    Raises:
        HandcraftedError: if an argument is of another type or shape.

    Example:
        >>> from handcrafted.model.forward import initial_state, step
        >>> model = hc.assemble(hc.load(find("heated room")))
        >>> state = initial_state(model.effective_weights)
        >>> state, outputs = step(model.effective_weights, state, np.float32([18.0]))
        >>> outputs.tolist()
        [1.0]
    """
    weights, now = _checked(weights), as_numbers("inputs", inputs)
    sizes = weights.sizes
    must_be(state, State, "a state, as `initial_state` gives it")
    must_have_axes("inputs", now, sizes, ("n_in",))
    for name, axes in STATE_AXES.items():
        must_have_axes(f"the {name} of a state", getattr(state, name), sizes, axes)
    return _step(weights, state, now)


@compiled()
def _step(weights: Weights, state: State, inputs: Float[Array, " n_in"]) -> tuple[State, Float[Array, " n_out"]]:
    return advance(weights, state, inputs)[:2]


def forward(
    weights: Weights,
    inputs: ArrayLike,
    carries: ArrayLike | None = None,
    window: int = WINDOW,
    edit: Edit | None = None,
) -> tuple[Float[Array, "*batch time n_out"], Activations]:
    """Run whole sequences: all steps at once where the carries are given, else one after the other.

    Formula: x_0(t) = inputs(t) W_E + b_E + carry(t); each layer adds attention, then MLP; carry(t+1) = x_L(t) W_R.

    Args:
        weights: effective weights.
        inputs: measurements [time, n_in] or [batch, time, n_in].
        carries: carries to feed in (teacher forcing) [time, d_model] or [batch, time, d_model]; None lets the
            recurrence run.
        window: how many steps a head sees, the current one included.
        edit: an intervention, see `handcrafted.model.intervention`.

    Raises:
        HandcraftedError: if an argument is of another type or shape.

    Example:
        >>> from handcrafted.model.forward import forward
        >>> model = hc.assemble(hc.load(find("heated room")))
        >>> outputs, activations = forward(model.effective_weights, np.float32([[18.0], [20.0], [22.0]]))
        >>> outputs[:, 0].tolist()
        [1.0, 1.0, 0.0]
    """
    weights, given = _checked(weights), as_numbers("inputs", inputs)
    sizes = weights.sizes
    must_have_axes("inputs", given, sizes, ("time", "n_in"), ("batch", "time", "n_in"))
    if carries is not None:
        carries = as_numbers("carries", carries)
        axes = dict(zip(("time", "batch"), given.shape[-2::-1], strict=False))
        must_have_axes("carries", carries, {**sizes, **axes}, ("batch", "time", "d_model")[3 - given.ndim :])
    check_edit(edit, sizes, given.shape[-2])
    return _forward(weights, given, carries, checked_window(window), edit)


@compiled("window")
def _forward(
    weights: Weights,
    inputs: Float[Array, "*batch time n_in"],
    carries: Float[Array, "*batch time d_model"] | None,
    window: int,
    edit: Edit | None,
) -> tuple[Float[Array, "*batch time n_out"], Activations]:
    if inputs.ndim == 3:
        run = lambda one, carry: _forward(weights, one, carry, window, edit)
        return jax.vmap(run, in_axes=(0, None if carries is None else 0))(inputs, carries)
    state = _initial_state(weights, window)
    over_time = None if edit is None else edit.over_time(inputs.shape[0])
    if carries is not None:
        return _run(weights, state, inputs, jnp.asarray(carries), over_time)[1:]

    def scan_time(state: State, now: tuple):
        x, edited = now
        state, outputs, seen = advance(weights, state, x, edited)
        return state, (outputs, seen)

    at_step = None if over_time is None else jax.tree.map(lambda part: part[:, None], over_time)
    _, (outputs, seen) = jax.lax.scan(scan_time, state, (inputs, at_step))
    return outputs, seen


@compiled("window")
def run_edited(
    weights: Weights, inputs: Any, edits: Edit, window: int = WINDOW, carries: Any = None
) -> tuple[Any, Activations]:
    """Run a batch of sequences, each under an edit of its own (leading batch axis), compiled."""
    run = lambda x, edit, carry: forward(weights, x, carry, window=window, edit=edit)
    return jax.vmap(run, in_axes=(0, 0, None if carries is None else 0))(inputs, edits, carries)
