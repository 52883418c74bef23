# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Blind, and squeezed: what is left when the basis is hidden, or too narrow
#
# All readouts so far knew what each coordinate is called. Trained networks come without such labels, and perhaps with
# more features than coordinates. Here we hide a network whose answer we know, find it again, and then squeeze it.
#
# Goals: recover a structure without a single name; prove that two networks are wired otherwise; say what a narrow
# stream leaves to be seen, and what merely seems to be left.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import handcrafted as hc
from handcrafted.model.change_of_basis import change_basis
from handcrafted.model.forward import forward
from handcrafted.readout.blind.blind import blind
from handcrafted.verdict.blind.match import match

# %%
structure = hc.load("guarded room")
hc.show(structure)

# %%
model = hc.assemble(structure)
weights = model.effective_weights.numpy()
hidden = change_basis(weights, seed=1)
for name, arrays in (("as made", weights), ("disguised", hidden)):
    print(f"{name:10} entries of W_in that are not zero: {np.mean(arrays.W_in != 0):.0%}")

# %% [markdown]
# ## 1. The disguise
#
# A random rotation of the stream, another basis inside each head, another order and scale of heads and neurons. The
# network does the same; readouts that go by the names of coordinates see nothing that is true.

# %%
inputs = np.random.default_rng(0).uniform(15, 30, (4, 20, len(model.names.inputs))).astype(np.float32)
before, after = (np.asarray(forward(one, inputs)[0]) for one in (weights, hidden))
assert np.abs(before - after).max() < 1e-3
named = hc.compare(structure, hc.recover(hidden, names=model.names))
print("reproduced, by name:", named.reproduced)

# %% [markdown]
# ## 2. Blind
#
# `blind` gets the arrays and the names of inputs and outputs. It multiplies what each head and neuron writes with what
# each later one reads: no disguise changes these products. Heads that look at the current step alone are where links
# are received; cut there, the network falls into parts.

# %%
found = blind(hidden, model.names.inputs, model.names.outputs)
print(found)
for link in found.parts.links:
    print(link)

# %% [markdown]
# `match` lays this on the structure, anchored at inputs and outputs: by an isomorphism, or by proof that there is none.

# %%
matched = match(structure, found)
print(matched)
assert matched.exact and matched.graph.same_wiring(structure.signal_graph())
for unit, signal in list(zip(found.flows.units, matched.names, strict=True))[3:8]:
    print(f"{unit.name:6} is {signal}")

# %% [markdown]
# What no look at the weights can tell is which parts one controller is made of. A controller sends no link to itself;
# and by the grammar of roles each hears something and does something.

# %%
from handcrafted.verdict.blind.intended import partitions

print(partitions(found.parts))

# %% [markdown]
# ## 3. A fault, hidden too
#
# One neuron reads what belongs to another controller. Under the disguise no entry shows it.

# %%
from handcrafted.verdict.scoreboard.faults import FAULTS
from handcrafted.verdict.scoreboard.truth import Truth

truth = Truth.intended(structure.signal_graph())
for name in ("leak", "cut", "delayed link", "sign flip"):
    spoiled = FAULTS[name](model, truth, np.random.default_rng(1)).weights
    read = blind(change_basis(spoiled, 2), model.names.inputs, model.names.outputs)
    print(f"{name}: {match(structure, read).differences[0]}")

# %% [markdown]
# ## 4. Squeezed
#
# Now fewer coordinates: every writer goes through P, every reader through R. *Load* is the largest number of
# independent numbers that cross from earlier writers to later readers, by the width. Above 1 something must overlap.

# %%
from handcrafted.verdict.compression.compress import compress
from handcrafted.verdict.compression.measures import measure

door = hc.load("train door")
arrays, names = hc.assemble(door).effective_weights.numpy(), hc.assemble(door).names
print("way     load  outputs off  wiring: components  by names  probes")
for how in ("random", "pca", "fitted"):
    one = measure(door, compress(arrays, 9, how, names), names)
    print(f"{how:8}{one.load:.2f} {one.error:10.1f} {one.components:15.1f} {one.wiring:13.1f} {one.decoded:6.1f}")

# %% [markdown]
# The outputs can be right and the wiring unreadable by name, or the wiring plain and the outputs ruined. Probes notice
# nothing. Over 20 seeds and all widths (`handcrafted score --compression -o figures`):

# %%
from handcrafted.verdict.compression.sweep import from_csv
from handcrafted.view.scoreboard import BEHAVIOUR, PANELS

rows = from_csv(Path("../figures/compression_train_door.csv").read_text())

# %%
figure, panels = plt.subplots(1, 2, figsize=(8, 3))
for axes, panel in zip(panels, (BEHAVIOUR, PANELS[5]), strict=True):
    axes.set(title=panel.title, xlabel="load")
    for how in ("random", "fitted", "learned"):
        points = [(row.measured.load, panel.value(row.measured)) for row in rows if row.how == how]
        axes.plot(*zip(*points, strict=True), "o", markersize=3, alpha=0.5, label=how)
panels[0].set_yscale("log")
panels[1].legend()
plt.show()

# %% [markdown]
# ## 5. Superposition proper
#
# Compression alone is linear, and being rare does not help it. With a threshold at each reader it does.

# %%
from handcrafted.verdict.compression.sweep import alarm_panel, left_over, superposed

for kind in (True, False):
    panel = alarm_panel(96, 4, thresholded=kind)
    off = [left_over(panel, superposed(panel, 64), activity) for activity in (0.01, 0.05, 0.2)]
    print("thresholded" if kind else "linear     ", [round(one, 2) for one in off])

# %% [markdown]
# ## Exercise
#
# Hide the guarded room by hand: other numbers, the same outputs, the same structure. Here two neurons have changed
# places, and not all that belongs to them came along.

# %%
answer = model.effective_weights.numpy()
answer.W_in[1][:, [0, 1]] = answer.W_in[1][:, [1, 0]]
hc.exercises.check_other_weights(model, answer)

# %% [markdown]
# <details><summary>One solution</summary>
#
# ```python
# model = hc.assemble(hc.load("guarded room"))
# answer = model.effective_weights.numpy()
# answer.W_in[1][:, [0, 1]] = answer.W_in[1][:, [1, 0]]
# answer.b_in[1][[0, 1]] = answer.b_in[1][[1, 0]]
# answer.W_out[1][[0, 1]] = answer.W_out[1][[1, 0]]
# hc.exercises.check_other_weights(model, answer)
# ```
# </details>
#
# **What to keep.** Products of writers and readers are what a network is wired by, whatever its basis. They give it
# back exactly while the stream has room, and only degrees of likelihood once it has not.
