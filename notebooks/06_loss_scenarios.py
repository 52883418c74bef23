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
# # Loss scenarios: from a weight to a hazard
#
# Goals: let a sensor fail and follow what comes of it, from what is believed to what is harmed; say many faults in a
# few lines; flip every bit of every weight; see what a Layer 0 controller changes, and what it cannot change.

# %%
import handcrafted as hc
from handcrafted.loading.yamlfile import parsed
from handcrafted.safety.faults.campaign import inject
from handcrafted.safety.faults.faultlist import FaultList
from handcrafted.safety.faults.report import fault_tables, scenarios

# %% [markdown]
# ## 1. One fault, told to its end
#
# The thermometer gets stuck. The thermostat does what it should do in a cold room, but the room is not cold: the
# decision is right, the belief is wrong, and the action is unsafe. That is a *loss scenario*, STPA's fourth step.

# %%
room = hc.assemble(hc.load("heated room"))
stuck = parsed("faults: [{sensor: temperature, stuck: 12, from: 4}]", "a list", FaultList)
campaign = inject(room, stuck, steps=300)
print(scenarios(campaign)[0].factor)
print(scenarios(campaign)[0].text)
assert campaign.outcomes[0].unsafe[0] == "UCA-1"

# %% [markdown]
# ## 2. Many faults in a few lines
#
# A list names a place, a way to fail, and from when to when; `all` stands for all that there are. Each fault runs in a
# closed loop of its own, beside the same loop without it.

# %%
text = """steps: 300
faults:
  - {sensor: all, stuck: all, from: [0, 100]}
  - {sensor: all, delay: [3, 15]}
  - {actuator: all, hold: true, from: [40, 100]}
  - {link: all, zero: true}
  - {recurrence: all, zero: true}
  - {process: all, scale: [0.5, 2]}"""

# %%
campaign = inject(room, parsed(text, "a list", FaultList))
for row in fault_tables(campaign)["hazards_by_factor"]:
    print(f"{row[0]:50} {row[4]:>6}  {row[5]}")

# %% [markdown]
# A late thermometer makes the room swing wider, and harms nobody. A heater that stays as it is does.

# %%
for fault, outcome in campaign:
    if outcome.kind == "hazard":
        print(f"{fault}: {', '.join(outcome.hazards)} at step {outcome.hazard_step}")

# %% [markdown]
# ## 3. Every bit of every weight
#
# The same for the weights themselves: 26 numbers are not zero, each has 32 bits. Bit 31 is the sign, 30 to 23 are the
# exponent. What a low bit changes, nobody ever sees in the room; a high one freezes or cooks the tenant.

# %%
flips = parsed("faults: [{weight: all, flip: all}]", "a list", FaultList)
bits = inject(room, flips, steps=300)
for first, last, what in ((0, 15, "low half of the fraction"), (23, 30, "exponent"), (31, 31, "sign")):
    part = bits.only([first <= fault.amount <= last for fault in bits.faults])
    print(f"{what:25} {part.count('hazard'):3} of {len(part)} lead to a hazard")
assert not bits.only([fault.amount < 10 for fault in bits.faults]).count("hazard")

# %%
hc.show(bits)

# %% [markdown]
# Where there are too many faults a sample is drawn, and the share of hazards comes with a 95 % confidence interval.

# %%
drawn = inject(room, flips, steps=300, sample=200)
print("all:   ", bits.share())
print("sample:", drawn.share())
assert drawn.share().low < bits.count("hazard") / len(bits) < drawn.share().high

# %% [markdown]
# ## 4. What Layer 0 changes
#
# In the guarded room the landlord's guard vetoes heat above 28 degC. Zero and invert every weight, with the guard and
# with a guard that permits everything: only what belongs to Layer 0, or lies outside the network, can still do harm.

# %%
from handcrafted.safety.faults.usual import without_vetoes

structure = hc.load("guarded room")
weights = "faults: [{weight: all, zero: true}, {weight: all, invert: true}, {sensor: all, stuck: all}]"
faults = parsed(weights, "a list", FaultList)
guarded = inject(hc.assemble(structure), faults, steps=400)
permissive = inject(hc.assemble(without_vetoes(structure)), faults, steps=400)
for row in fault_tables(guarded, {"without its vetoes": permissive})["layer_0"]:
    print(f"{row[0]:20} {row[1]:42} {row[5]:>6}  {row[6]}")

# %%
hc.show(guarded, kind="criticality")

# %%
hc.show(permissive, kind="criticality")

# %% [markdown]
# ## Exercise
#
# Find one fault that lasts for at most 60 steps, ten minutes, and still leads to a hazard in the heated room.

# %%
hc.exercises.check_short_fault("faults: [{sensor: temperature, delay: 15, from: 4, for: 60}]")

# %% [markdown]
# <details><summary>One solution</summary>
#
# ```python
# hc.exercises.check_short_fault("faults: [{sensor: temperature, stuck: 12, from: 60, for: 60}]")
# ```
# </details>
#
# **What to keep.** A fault is only as bad as what is believed and done because of it. A guard that reads what it needs
# by itself stops every fault below it, and none in its own feedback; so its own feedback is where to look next.
