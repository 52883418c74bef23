"""The transformer itself: pure functions of effective weights, which know no masks.

One position is one step of the controlled system. Attention looks back over a sliding window whose entries before
t = 0 are filled from the declared residual `r_0`; the recurrence `W_R` carries the last layer into the next step.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from handcrafted.control.numbers import as_numbers, must_have_axes, whole
from handcrafted.control.vocabulary import WINDOW
from handcrafted.model.edit import AffineEdit, EdgeEdit, Edit, check_edit
from handcrafted.model.weights import Weights, check_shapes
from handcrafted.text.diagnostics import must_be

MAX_WINDOW = 1_000
"""Each step of a window is a key and a value of every head."""

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


def checked_window(window: int) -> int:
    """Check how many steps a head is to see.

    Raises:
        HandcraftedError: if that is no such number.
    """
    return whole("a whole number of steps that a head sees", window, 1, MAX_WINDOW)


def matmul(a: ArrayLike, b: ArrayLike, spec: str) -> Array:
    """Multiply as `spec` says, in full float32 precision."""
    return jnp.einsum(spec, a, b, precision="highest")


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
    return check_shapes(weights).map(lambda a: a if a.dtype in runs else jnp.asarray(a, jnp.float32))


@partial(jax.jit, static_argnames="window")
def _initial_state(weights: Weights, window: int) -> State:
    fill = lambda kernel, bias: jnp.repeat(
        (matmul(weights.r_0, kernel, "m,lhmd->lhd") + bias)[:, None], window - 1, axis=1
    )
    return State(
        matmul(weights.r_0, weights.W_R, "m,mn->n"),
        fill(weights.W_K, weights.b_K),
        fill(weights.W_V, weights.b_V),
    )


def rotate(query: Float[Array, "head d_head"], window: int) -> Float[Array, "window head d_head"]:
    """Turn the first two dimensions of a query by 1 rad per step of lag.

    Formula: (R(t) q) . (R(s) k) = (R(t - s) q) . k, so that only the lag matters and no large angle is ever formed.
    Source: Su et al. 2021, RoFormer, section 3.2.
    """
    lag = jnp.arange(window, dtype=jnp.float32)[:, None]
    x, y = query[None, :, 0], query[None, :, 1]
    turned = [jnp.cos(lag) * x - jnp.sin(lag) * y, jnp.sin(lag) * x + jnp.cos(lag) * y]
    rest = jnp.broadcast_to(query[None, :, 2:], (window, *query[:, 2:].shape))
    return jnp.concatenate([jnp.stack(turned, axis=-1), rest], axis=-1)


def attend(
    query: Float[Array, "head d_head"],
    keys: Float[Array, "window head d_head"],
    values: Float[Array, "window head d_head"],
) -> tuple[Float[Array, "head window"], Float[Array, "head d_head"]]:
    """Return the attention pattern over the lags 0, 1, … of the window, and the mixed values."""
    scores = matmul(rotate(query, keys.shape[0]), keys, "thd,thd->ht") / jnp.sqrt(jnp.float32(query.shape[-1]))
    pattern = jax.nn.softmax(scores, axis=-1)
    return pattern, matmul(pattern, values, "ht,thd->hd")


def windows(past: Array, now: Array) -> Array:
    """Return what each step of `now` [time, …] sees of itself and of `past` [past, …]: [time, lag, …], itself first."""
    time, window = now.shape[0], past.shape[0] + 1
    at = jnp.arange(time)[:, None] + (window - 1) - jnp.arange(window)[None]
    return jnp.concatenate([past, now])[at]


def _projections(layer: Mapping[str, Array], x: Array, edge: EdgeEdit | None) -> list[Array]:
    """Return queries, keys and values [time, head, d_head]; an edited edge changes what its reader alone sees."""
    projected = []
    for kernel, bias in (("W_Q", "b_Q"), ("W_K", "b_K"), ("W_V", "b_V")):
        out = matmul(x, layer[kernel], "tm,hmd->thd") + layer[bias]
        if edge is not None:
            out += edge.heads[..., None] * matmul(edge.delta, layer[kernel], "tm,hmd->thd")
        projected.append(out)
    return projected


def _touched(value: Array, touch: AffineEdit | None) -> Array:
    return value if touch is None else touch.on(value)


def _layer(x: Array, layer: Mapping[str, Array], past: tuple[Array, Array], edit: Edit | None):
    """Run one layer over steps [time, d_model]: attention, then MLP. `past` holds earlier keys and values."""
    edge = edit and edit.edge
    q, k, v = _projections(layer, x, edge)
    pattern, z = jax.vmap(attend)(q, windows(past[0], k), windows(past[1], v))
    z = _touched(z, edit and edit.heads)
    mid = x + matmul(z, layer["W_O"], "thd,hdm->tm") + layer["b_O"]
    mid = _touched(mid, edit and edit.mid)
    pre = matmul(mid, layer["W_in"], "tm,mn->tn") + layer["b_in"]
    if edge is not None:
        pre += edge.neurons * matmul(edge.delta, layer["W_in"], "tm,mn->tn")
    post = jax.nn.relu(pre)
    post = _touched(post, edit and edit.neurons)
    out = mid + matmul(post, layer["W_out"], "tn,nm->tm") + layer["b_out"]
    out = _touched(out, edit and edit.post)
    seen = dict(resid_pre=x, pattern=pattern, z=z, resid_mid=mid, pre=pre, post=post, resid_post=out)
    kept = tuple(jnp.concatenate(pair)[x.shape[0] :] for pair in zip(past, (k, v), strict=True))
    return out, kept, seen


def _run(weights: Weights, state: State, inputs: Array, carries: Array, edit: Edit | None):
    """Run steps [time, n_in] whose carries [time, d_model] are known, all at once."""
    edge = edit and edit.edge
    embed = matmul(inputs, weights.W_E, "ti,im->tm") + weights.b_E
    x = embed + carries
    x = _touched(x, edit and edit.embed)

    def scan_layer(x: Array, stacked: tuple):
        layer, keys, values, layer_edit = stacked
        x, past, seen = _layer(x, layer, (keys, values), layer_edit)
        return x, (past, seen)

    edits = edit and edit.per_layer(len(weights.b_O))
    x, (past, seen) = jax.lax.scan(scan_layer, x, (weights.layers(), state.keys, state.values, edits))
    read = x if edge is None else x + edge.carry[:, None] * edge.delta
    carry = matmul(read, weights.W_R, "tm,mn->tn")
    outputs = matmul(x, weights.W_U, "tm,mo->to") + weights.b_U
    if edge is not None:
        outputs += edge.outputs * matmul(edge.delta, weights.W_U, "tm,mo->to")
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


@jax.jit
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


@partial(jax.jit, static_argnames="window")
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
