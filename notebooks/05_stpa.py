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
# # Unsafe control actions, in the file and in the weights
#
# Goals: enumerate the contexts of a control action; find conflicts and gaps in the rules; hold the rules against a
# simulation; hold the network against its rules, context by context; tell a false belief from a wrong decision.

# %%
import numpy as np

import handcrafted as hc
from handcrafted.safety.stpa.analysis import analyse
from handcrafted.safety.stpa.verdicts import box_text, cells_text, context_text
from handcrafted.zoo import find

# %% [markdown]
# ## 1. All contexts of one action
#
# A *context* is what is true of the train, whatever the controller believes. A rule says that providing the command,
# or not providing it, is hazardous there. The table is Thomas and Suo's (2014); few rows say it all.

# %%
door = hc.assemble(hc.load("train door"))
analysis = analyse(door)
found = analysis["open doors"]
for type in ("provided", "not provided"):
    rows = [box_text(found.contexts.axes, box) for box in found.rows(type)]
    print(f"hazardous if {type}: {' / '.join(rows)}")
print(len(found.contexts), "contexts,", int(found.verdicts.conflicts.sum()), "conflicts")

# %%
for rule, text, duty in found.worded():
    print(f"{rule.id} {text}.\n      {duty}.")

# %% [markdown]
# ## 2. The network against its rules
#
# Every context stands at the network's inputs, and the rules judge what comes out. Whole, it breaks none. With one
# neuron of the decision table gone, it does not open the doors where it must; with the neuron that says *no* gone, it
# says neither yes nor no, which counts against it either way.

# %%
print("whole:", [one.rule.id for one in analysis.arising])
weights = door.weights.numpy()
weights.W_out[1, 1] = 0
damaged = hc.assemble(door.structure)
damaged.set_weights(weights)
for one in analyse(damaged)["open doors"].arising:
    print(one.rule.id, one.rule.type, "while", context_text(found.contexts, one.context))

# %%
weights = door.weights.numpy()
weights.W_out[2, 2] = 0
damaged.set_weights(weights)
broken = analyse(damaged)["open doors"].arising
print(len(broken), "contexts, all of them", {one.rule.type for one in broken})
assert {one.rule.type for one in broken} == {"provided"}

# %% [markdown]
# ## 3. Belief apart from truth
#
# The decision may be right and still unsafe: what decides is what the process model holds. Let one feedback be stuck,
# and keep the truth as it is.

# %%
axes = {axis.name: axis for axis in found.contexts.axes}
for one in found.false_beliefs:
    believed = cells_text(axes[one.variable], 1 << one.believed)
    print(f"{one.rule.id}, believing that {believed}: {len(one.contexts)} contexts")

# %%
hc.show(analysis)

# %% [markdown]
# ## 4. Rules against a simulation
#
# Where processes move, every context is put to the test: heat is forced, or withheld, for 150 s from states that stand
# for the context, and the hazards are watched for 10 minutes. Here rules and simulation agree in every context.

# %%
room = hc.assemble(hc.load("heated room"))
heat = analyse(room)["heat"]
print(f"{len(heat.contexts)} contexts, {heat.forced.runs} runs, {len(heat.disagreements)} disagreements")
for place, row in enumerate(heat.forced.rows):
    cells = (heat.forced.provided[place], heat.forced.withheld[place])
    names = [", ".join(np.array(heat.forced.hazards)[cell]) or "-" for cell in cells]
    print(f"{context_text(heat.contexts, row):58} forced: {names[0]:4} withheld: {names[1]}")

# %% [markdown]
# Move the rule, and the simulation objects.

# %%
from handcrafted.loading.yamlfile import loads

text = find("heated room").read_text().replace("above: 21.1", "above: 24").replace("below: 21.1", "below: 24")
for one in analyse(hc.assemble(loads(text)))["heat"].disagreements:
    print(one.hazard, one.type, "-", one.kind)

# %% [markdown]
# ## 5. The order of steps
#
# Too late, too long, too soon: these are about steps that follow each other. Each type has one formula over steps
# (`handcrafted.safety.stpa.timing`). Let the thermostat wait until it is below 18 degC, and look at a trace.

# %%
from handcrafted.safety.stpa.timing import broken_rules

slow = find("heated room").read_text().replace("{on below: 19,", "{on below: 18,")
trace = hc.simulate(hc.assemble(loads(slow)), steps=400)
for one in broken_rules(trace):
    print(one)
hc.show(trace)

# %% [markdown]
# ## Exercise
#
# Change the rules such that in some context the thermostat can do nothing right: heating is hazardous, and so is not
# heating. The rule below is not yet it. What somebody has looked at and found not hazardous must be narrowed too.

# %%
rule = """  - {id: UCA-5, by: thermostat, action: heat, type: not provided,
     context: {temperature: {below: 17}}, hazards: [H-1]}"""
answer = find("heated room").read_text().replace("not hazardous:", rule + "\nnot hazardous:")
hc.exercises.check_conflict(answer)

# %% [markdown]
# <details><summary>One solution</summary>
#
# ```python
# rule = """  - {id: UCA-5, by: thermostat, action: heat, type: not provided,
#      context: {temperature: {above: 24}}, hazards: [H-1]}"""
# answer = find("heated room").read_text().replace("not hazardous:", rule + "\nnot hazardous:")
# answer = answer.replace("{temperature: {above: 18.9}}}", "{temperature: {above: 18.9, below: 24}}}")
# hc.exercises.check_conflict(answer)
# ```
# </details>
#
# **What to keep.** A rule speaks of what is true; a network acts on what it believes. The table of contexts, the
# simulation and the weights each say which action is unsafe, and only where all three agree is there nothing to do.
