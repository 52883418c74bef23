# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Edit weights and watch the diagram change
#
# Goals: retune a controller by what its parameters mean; retarget it by a single array entry; break a link and see
# which one; breach the access policy and see what that does, which is nothing, and who says so; undo it all, bit for
# bit.
#
# The panel below does these things with the mouse or the keyboard. Whatever it does can also be done in Python, and
# its change log is Python: the cells after it repeat every step.

# %%
import handcrafted as hc

model = hc.assemble(hc.load("heated room"))
panel = hc.panel(model, steps=200)
panel

# %% [markdown]
# Click a box, an arrow, a line of the process model or the control algorithm (or go there with Tab, and press Enter).
# Its parameters appear as sliders, its weights below, each cell with what it is for. Change one, and look at the
# diagram and at the closed loop: grey is before, coloured is now.
#
# A whole array, entry by entry, with what stands along its axes (hover over a cell; what the access policy masks is
# dotted):

# %%
hc.show(model, array="W_in")

# %% [markdown]
# ## Retune: a parameter moves its entries

# %%
before = hc.simulate(model, steps=200).state["temperature"]
model.parameters["thermostat.heat.on_below"] = 17.0
after = hc.simulate(model, steps=200).state["temperature"]
print(round(float(before[100:].min()), 1), round(float(after[100:].min()), 1))
assert hc.compare(model.structure, hc.recover(model)).reproduced

# %%
hc.show(hc.compare(model.structure, hc.recover(model)))

# %% [markdown]
# The structure has changed along with the arrays, so intended and recovered still agree: the thermostat does what the
# new diagram says.
#
# ## Retarget: one entry is a set point
#
# The other way round: where an entry encodes a parameter, setting the entry sets the parameter.

# %%
print(model.provenance("W_in[1, 2, 0]"))
model.edit("W_in[1, 2, 0]", -113.0)
print(model.parameters["thermostat.heat.off_above"])
other = hc.assemble(hc.load("heated room"))
print(hc.diff(other, model))

# %% [markdown]
# So many bits is what it takes to give this controller another purpose: two numbers out of 750.

# %%
trace = hc.simulate(model, steps=300)
hc.show(trace)

# %% [markdown]
# ## Off its formula
#
# A number that no value of any parameter derives puts the circuit off its formula. The law test then says what became
# of the link, in how many contexts.

# %%
model.edit("b_in[1, 0]", -200.0)
for entry in model.drifted:
    print("off its formula:", entry.entry, "of", entry.circuit)
comparison = hc.compare(model.structure, hc.recover(model))
for verdict in comparison.wrong:
    print(verdict)
assert not comparison.reproduced

# %%
model.undo()
assert hc.compare(model.structure, hc.recover(model)).reproduced and not model.drifted

# %% [markdown]
# ## Break a link
#
# The head by which the thermostat receives the temperature writes one coordinate. Zero is enough.

# %%
print(hc.explain(model, "room -> thermostat: temperature"))

# %%
model.edit("W_O[0, 0, 0, 0]", 0.0)
broken = hc.compare(model.structure, hc.recover(model))
print(broken.missing[0])
hc.show(broken)

# %% [markdown]
# ## Breach the policy
#
# A neuron of the thermostat may not read the room's port behind the back of the head that receives it. The entry is
# locked; unlocked it may be written, does not act, and the audit lists it.

# %%
model.undo()
try:
    model.edit("W_in[0, 6, 0]", 1.0)
except hc.HandcraftedError as error:
    print(error)

# %%
model.edit("W_in[0, 6, 0]", 1.0, unlock=True)
print(*model.audit())
assert float(model.effective_weights.W_in[0, 6, 0]) == 0
assert hc.compare(model.structure, hc.recover(model)).reproduced

# %% [markdown]
# ## Undo, and the log as Python

# %%
print(model.history)
while model.history.done:
    model.undo()
assert hc.diff(other, model).bits == 0
print(hc.diff(other, model))

# %% [markdown]
# ## Exercise
#
# Let the thermostat heat below 21 degC and stop somewhere between 22 and 26, with at most 20 bits of all weights
# changed. Parameters or entries, as you like.

# %%
answer = hc.assemble(hc.load("heated room"))
answer.parameters["thermostat.heat.off_above"] = 23.0
hc.exercises.check_retarget(answer)

# %% [markdown]
# <details><summary>One solution</summary>
#
# ```python
# answer = hc.assemble(hc.load("heated room"))
# answer.parameters["thermostat.heat.off_above"] = 23.0
# answer.parameters["thermostat.heat.on_below"] = 21.0
# hc.exercises.check_retarget(answer)
# ```
# </details>
#
# Summary: a parameter moves known entries; an entry that encodes a parameter moves it; any other edit shows as a
# circuit off its formula and, if it matters, as a link that is missing or wrong; the policy's locked entries never
# act; and every edit can be undone and written down.
