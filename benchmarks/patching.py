"""Exhaustive exact edge patching, beside TransformerLens on the same network: every edge, its effect on the outputs.

    uv run --extra peers python benchmarks/patching.py [CONTROLLERS]

Both give the readers of one signal alone what it holds on another input, and look at the outputs. TransformerLens does
it with hooks, one run of the network per edge: from the embedding, and from the layer of the first reader. Its network
is the same arrays (rotary position at 1 rad per step in two dimensions, no layer norm), fed with the embedded inputs: a
chain of command in which nothing is remembered, for it has no recurrence. Printed: agreement, then seconds and ratios.
"""

from __future__ import annotations

import itertools
import sys
import time

import numpy as np
import torch
from rich.progress import track
from scaling import structure
from transformer_lens import HookedTransformer, HookedTransformerConfig

import handcrafted as hc
from handcrafted.model.forward import forward
from handcrafted.readout.edges import RUNS, output_effects, sequences
from handcrafted.readout.target import TargetNetwork, subject
from handcrafted.readout.tolerances import FLOOR

TIME = 2
"""Steps of each run, as in `output_effects`."""


def peer(read: TargetNetwork) -> HookedTransformer:
    """Make the same network in TransformerLens, without embedding and recurrence."""
    w, size = read.weights, read.weights.sizes
    model = HookedTransformer(
        HookedTransformerConfig(
            n_layers=size["layer"], d_model=size["d_model"], n_ctx=64, d_head=size["d_head"], n_heads=size["head"],
            d_mlp=size["d_mlp"], act_fn="relu", d_vocab=2, d_vocab_out=size["n_out"], normalization_type=None,
            positional_embedding_type="rotary", rotary_dim=2, rotary_adjacent_pairs=True, device="cpu", seed=0,
        )
    )  # fmt: skip
    model.set_use_split_qkv_input(True)
    state = dict(model.state_dict())
    for layer in range(size["layer"]):
        for name in ("W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V", "b_O"):
            state[f"blocks.{layer}.attn.{name}"] = torch.tensor(w[name][layer])
        for name in ("W_in", "b_in", "W_out", "b_out"):
            state[f"blocks.{layer}.mlp.{name}"] = torch.tensor(w[name][layer])
    state["unembed.W_U"], state["unembed.b_U"] = torch.tensor(w.W_U), torch.tensor(w.b_U)
    model.load_state_dict(state, strict=False)
    return model.eval()


class Hooks:
    """The edges of a network patched with hooks, one run each."""

    def __init__(self, read: TargetNetwork, pairs: list, stream: np.ndarray, change: np.ndarray):
        self.read, self.model = read, peer(read)
        self.stream = torch.tensor(stream)
        self.change = torch.tensor(change)
        with torch.no_grad():
            self.clean, self.cache = self.model.run_with_cache(self.stream, start_at_layer=0)
        self.readers = [self._readers(target) for _, target in pairs]
        self.masks = [self._mask(source) for source, _ in pairs]

    def _mask(self, source) -> torch.Tensor:
        mask = torch.zeros(self.read.weights.sizes["d_model"])
        mask[self.read.spaces[source]] = 1
        return mask

    def _readers(self, target) -> tuple[list, list]:
        w, at = self.read.weights, self.read.spaces[target]
        heads = np.argwhere(np.abs(w.W_O[..., at]).max(axis=(2, 3)) > FLOOR)
        neurons = np.argwhere(np.abs(w.W_out[..., at]).max(axis=2) > FLOOR)
        return heads.tolist(), neurons.tolist()

    def run(self, late: bool) -> np.ndarray:
        """The largest change of any output for each edge, from the embedding or from the first reader's layer."""
        found = []
        for mask, (heads, neurons) in track(list(zip(self.masks, self.readers, strict=True)), transient=True):
            delta = self.change * mask
            first = min([layer for layer, _ in (*heads, *neurons)], default=0) if late else 0
            start = self.cache[f"blocks.{first}.hook_resid_pre"] if first else self.stream
            with torch.no_grad():
                outputs = self.model.run_with_hooks(
                    start, start_at_layer=first, fwd_hooks=self._hooks(delta, heads, neurons)
                )
            found.append(float((outputs - self.clean).abs().max()))
        return np.array(found)

    def _hooks(self, delta: torch.Tensor, heads: list, neurons: list) -> list:
        hooks = []
        for layer, head in heads:

            def onto(value, hook, head=head):
                value[:, :, head] += delta
                return value

            hooks += [(f"blocks.{layer}.hook_{part}_input", onto) for part in "qkv"]
        for layer, neuron in neurons:

            def into(value, hook, layer=layer, neuron=neuron):
                value[..., neuron] += delta @ self.model.blocks[layer].mlp.W_in[:, neuron]
                return value

            hooks.append((f"blocks.{layer}.mlp.hook_pre", into))
        return hooks


def timed(work) -> tuple[float, np.ndarray]:
    """Return the seconds that a call takes, and its result."""
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def chain(count: int):
    """Return a chain in which each controller commands the next, and all see the plant."""
    names = [f"c{i}" for i in range(count)]
    actions = [{"name": "goal", "from": one, "to": two} for one, two in itertools.pairwise(names)]
    seen = [{"name": f"seen by {name}", "from": "plant", "to": name} for name in names[:-1]]
    return structure(names, {name: i for i, name in enumerate(names)}, actions, seen, names[-1:])


def main(count: int) -> None:
    """Compare on a chain of so many controllers."""
    model = hc.assemble(chain(count))
    read = subject(model.effective_weights, model.names)
    graph = model.structure.signal_graph()
    inside = [
        edge for edge in graph.edges if edge.source in read.spaces and edge.target in read.spaces and edge.lag == 0
    ]
    pairs = [(edge.source, edge.target) for edge in inside]
    inputs = sequences(read.names, TIME, read.seed)
    inputs = np.tile(inputs, (-(-RUNS // len(inputs)), 1, 1))[:RUNS].astype(np.float32)
    outputs, seen = forward(read.weights, inputs)
    final = np.asarray(seen["final"])
    order = np.random.default_rng(read.seed).permutation(RUNS)
    first = np.asarray(seen["resid_pre"])[:, -TIME:, 0]
    hooks = Hooks(read, pairs, first, final[order] - final)
    apart = np.abs(hooks.clean.numpy()[..., : outputs.shape[-1]] - np.asarray(outputs)).max()
    compiled, ours = timed(lambda: output_effects(read, pairs))
    seconds, ours = timed(lambda: output_effects(read, pairs))
    naive, theirs = timed(lambda: hooks.run(late=False))
    late, theirs_late = timed(lambda: hooks.run(late=True))
    size = max(1.0, np.abs(ours).max())
    print(
        f"{count} controllers, {len(pairs)} edges, {RUNS} runs of {TIME} steps; undisturbed at most {apart:.2g} apart"
    )
    between = np.abs(theirs - theirs_late).max() / size
    print(f"effects at most {np.abs(ours - theirs).max() / size:.2g} apart, the two ways of hooks {between:.2g}")
    print(f"here {seconds:.3f} s, and {compiled - seconds:.1f} s to compile once for all networks of this size")
    print(f"TransformerLens, hooks: {naive:.3f} s, {naive / seconds:.1f} times as long")
    print(f"TransformerLens, from the layer of the first reader: {late:.3f} s, {late / seconds:.1f} times as long")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 16)
