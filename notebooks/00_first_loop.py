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
# # The first loop: a heated room
#
# A thermostat keeps a room warm. We draw it as a safety engineer would, set the weights of a transformer by hand so
# that it *is* that thermostat, run it, look into the weights as an interpretability researcher would, and hold what we
# find against the drawing. Then we break one weight. Nothing here was ever trained.
#
# Goals: read a control diagram; find each of its parts among the weights; run the loop; recover the diagram from the
# weights alone; see what a broken weight looks like.

# %%
import numpy as np

import handcrafted as hc

# %% [markdown]
# ## 1. The drawing
#
# A *control structure* (STPA) has controllers above and the controlled process below. Control actions go down, feedback
# comes up. The thermostat believes something about the room (its *process model*, the grey box) and decides by it (its
# *control algorithm*).

# %%
structure = hc.load("heated room")
hc.show(structure)

# %% [markdown]
# The file says how the thermostat decides: heat below 19 degC, stop above 21 degC, and in between go on with what you
# were doing. That needs a memory of one bit: is the heater on?

# %%
thermostat = structure.components["thermostat"]
heat = thermostat.control_algorithm["heat"]
print(heat.law, dict(heat.parameters))

# %% [markdown]
# ## 2. The weights
#
# `assemble` turns the drawing into a transformer. Each head and each neuron belongs to a named part of a named
# controller: it reads a few named subspaces of the residual stream and writes one.

# %%
model = hc.assemble(structure)
print(model)

# %% [markdown]
# Read it from top to bottom. A head receives the temperature. Two neurons copy it into the process model. One neuron,
# `heat band`, compares it with a threshold that depends on the memory `heat`; the next one cuts the answer off at 0 and
# 1. `heat next` is what the thermostat will remember, and two neurons make an action of it.
#
# These are all the weights that lead from something to something; the biases beside them, such as the threshold, are
# in `model.weights`:

# %%
hc.show(model)

# %% [markdown]
# The comparison is a single neuron. It answers 0 where the heater shall be on, and at least 1 where it shall be off:
#
# $n = \max(0,\ 1 - 16\,(19 - x) - 33\,s)$ with $x$ the temperature and $s$ the memory,
#
# and the next neuron makes $s' = \max(0,\ 1 - n)$ of it. The numbers follow from the thresholds and from the sensor's
# resolution of 1/16 degC, so that no measurement can fall in between: with $s = 0$ it is on below 19, with $s = 1$ up
# to 21.

# %%
for i, coordinate in enumerate(model.names.residual):
    print(i, coordinate.owner, coordinate.signal, float(model.W_in[1, i, 0]))
print("bias", float(model.b_in[1, 0]))
assert (model.W_in[1, 1, 0], model.W_in[1, 2, 0], model.b_in[1, 0]) == (16, -33, 1 - 16 * 19)

# %% [markdown]
# Where is the memory kept? In one number: the recurrence `W_R` carries `heat next` (coordinate 3) of this step to
# `heat` (coordinate 2) of the next.

# %%
(memory,) = np.argwhere(np.asarray(model.W_R[...]))
print(memory, float(model.W_R[tuple(memory)]))

# %% [markdown]
# ## 3. The response
#
# `simulate` closes the loop: measure, run the transformer one step, let the room follow, and again. The room loses heat
# to a cold world, and a draught disturbs it.

# %%
trace = hc.simulate(model, steps=300)
hc.show(trace)

# %% [markdown]
# Is that the thermostat we meant? Here is the law as anybody would write it, on the same measurements. It shares no
# code with the weights.

# %%
on, wanted = 0.0, []
for temperature in trace.measured["temperature"]:
    on = 1.0 if temperature < 19 else 0.0 if temperature > 21 else on
    wanted.append(on)
print("steps that differ:", int((trace.command["heat"] != wanted).sum()))
assert (trace.command["heat"] == wanted).all()

# %% [markdown]
# ## 4. The readout
#
# Now forget the drawing. A *readout* sees the arrays and the names of the coordinates, and nothing else. Three of them
# look at the same network: `wiring` multiplies matrices, `subspace` looks at who reads and writes which rows and
# columns, `patching` swaps one contribution at a time for another and watches who notices.

# %%
recovered = hc.recover(model)
for edge in recovered.wired.edges:
    source, target = (f"{end.owner}'s {end.name} ({end.role})" for end in (edge.source, edge.target))
    print(source, "->", target, f"at lag {edge.lag}")

# %% [markdown]
# ## 5. The comparison
#
# `compare` holds the two against each other, link by link. A link counts as found only if it is wired, used *and* the
# controller behaves by its law.

# %%
comparison = hc.compare(structure, recovered)
hc.show(comparison)

# %%
print(comparison)
assert comparison.reproduced

# %% [markdown]
# ## 6. Break one weight
#
# We cut the recurrence: the thermostat can no longer remember whether it was heating.

# %%
model.W_R[tuple(memory)] = 0.0
forgetful = hc.simulate(model, steps=300)
hc.show(forgetful)

# %% [markdown]
# It still keeps the room near 19 degC, so a glance at the temperature might not tell. But it switches all the time, and
# the comparison says why: the action no longer goes by a state that is carried on.

# %%
broken = hc.compare(structure, hc.recover(model))
hc.show(broken)

# %%
print(broken)
assert not broken.reproduced

# %% [markdown]
# ## 7. Mend it
#
# One number back, and the diagram is whole again.

# %%
model.W_R[tuple(memory)] = 1.0
mended = hc.compare(structure, hc.recover(model))
print(mended)
assert mended.reproduced

# %% [markdown]
# ## Exercise
#
# Make the gap between the two thresholds 4 degC wide. The one number here makes it 3; what else could you move?

# %%
answer = hc.assemble(structure)
answer.W_in[1, 2, 0] = -49.0
hc.exercises.check_gap(answer)

# %% [markdown]
# <details><summary>One solution</summary>
#
# ```python
# answer = hc.assemble(hc.load("heated room"))
# answer.W_in[1, 2, 0] = -65.0  # -(16 * 4 + 1)
# hc.exercises.check_gap(answer)
# ```
# </details>
#
# ## Summary
#
# Drawing, weights, loop and readout are four views of one controller, and each was held against another: the weights
# against the plain law, what was recovered against the drawing. One weight less, and they no longer agree.
#
# ## What to try
#
# - Copy the YAML file (`find("heated room")` is its path), change `off above`, and go through the cells again.
# - Delete the resolution of the sensor. The law then holds outside a band of 1/512 degC beside each threshold; run the
#   plain law beside it for long enough: the two trajectories part when a measurement falls into the band.
