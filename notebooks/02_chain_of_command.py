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
# # The chain of command: authority that holds whatever the other weights are
#
# A landlord lets a tenant's thermostat ask for heat, and has the last word. Can we make that last word *unbreakable*,
# so that no weight anywhere else in the network can overrule it? Here we draw it, build it, try to break it with other
# weights and with gradients, take its three parts away one by one, and see each time what happens.
#
# Goals: build a guard; say exactly what it promises, and what not; see each of its parts fail alone; tell a proof from
# an attack that found nothing.

# %%
import matplotlib.pyplot as plt
import numpy as np

import handcrafted as hc
from handcrafted.craft.plan import without_saturation
from handcrafted.safety.attack import attack, grow_leak
from handcrafted.safety.authority import authority_report
from handcrafted.safety.trials import try_weights
from handcrafted.zoo import find

# %% [markdown]
# ## 1. The drawing
#
# The landlord is the *Layer 0* controller: the base that nothing below may override. It issues a goal downwards (the
# set point) and a *guard* on the request that comes up: heat as requested, but only while the room is below 28 degC.

# %%
structure = hc.load("guarded room")
hc.show(structure)

# %% [markdown]
# ## 2. The weights
#
# A guard has three parts, in this order:
#
# 1. a **port** puts the safe value where the request is not finite,
# 2. two rectified units **saturate** it: $f = \max(0, x - lo)$, $g = \max(0, hi - lo - f)$,
# 3. a last unit **gates** it by the veto $c$, measured from the safe value:
#    $y = safe + \max(0, u - g - b c) - \max(0, g - u - b c)$, with $u = hi - safe$ and $b = hi - lo$.
#
# Where $c = 1$ nothing is left but the safe value, to the last bit. The order matters: a gate before the saturation
# would let a large enough request through.

# %%
model = hc.assemble(structure)
print(*[line for line in str(model).splitlines() if " landlord " in line[:30]], sep="\n")

# %% [markdown]
# ## 3. What is promised
#
# The network runs in *blocks*: the protected landlord, its guard, the thermostat. Each has arrays, memory and attention
# windows of its own and gathers just what it may read. So authority is a *proof*: in the traced program the protected
# controller depends on none of the others' arrays.

# %%
print(authority_report(model))

# %% [markdown]
# And the readouts confirm the drawing, link by link.

# %%
hc.compare(structure, hc.recover(model))

# %% [markdown]
# ## 4. Other weights
#
# Replace everything outside Layer 0 by other numbers, from tiny ones to such that overflow, and NaN. Nothing moves the
# the protected landlord, nothing leaves the limits, and no veto is disobeyed.

# %%
print(try_weights(model, 300))

# %% [markdown]
# Is that because nothing could go wrong? Take the ports away, or run the dense network, where masks alone keep the
# controllers apart: zero times infinity is not zero.

# %%
print("no ports:  ", try_weights(model, 60, ported=False))
print("masks only:", try_weights(model, 60, dense=True))

# %% [markdown]
# ## 5. An attack
#
# Random weights are no adversary. So let Adam look for the hazard, a room above 30 degC, through the whole closed loop:
# heater, room, sensor and network, over all weights outside Layer 0, from 26 degC. First without the access policy.

# %%
warm = {"temperature": 26.0}
off = attack(model, restarts=8, policy=False, rate=1e-3, spread=1e-4, most=12, initial=warm)
print(off.broken, "of", off.restarts, "restarts broke it, each within 12 steps")

# %% [markdown]
# It takes almost nothing. A single entry is enough: the forbidden one with the largest gradient, grown until the hazard
# is there. The readouts see it as new arrows from the thermostat into the landlord.

# %%
leak = grow_leak(model, initial=warm)
print(leak.breach)
hc.show(hc.compare(structure, hc.recover(leak.weights, names=model.names)))

# %% [markdown]
# Under the policy the same entry does nothing: it is masked, and the blocks never gather it. Now the attack with the
# policy on, with larger steps. It does what it can: it makes the thermostat ask for ever and drives the room up to
# 28 degC, where the guard stops it. Nearly all of the gradient is exactly zero there, a reason not to trust the attack
# alone; the proof of section 3 does not need it.

# %%
on = attack(model, restarts=8, most=40, initial=warm)
print(f"{on.broken} of {on.restarts} broke it; the nearest stayed {-on.closest:.1f} degC away")
print("more than nine tenths of the gradient are exactly zero:", on.zero > 0.9)

# %% [markdown]
# Take the saturation out of the guard, and the same attack succeeds: a request beyond the range pushes through the
# gate. What the ports are for, section 4 has shown: without them an overflow gets through.

# %%
bare = hc.assemble(structure, without_saturation(structure))
pushed = attack(bare, restarts=8, most=40, initial=warm)
print("without saturation more than half break it:", pushed.broken > pushed.restarts / 2)

# %% [markdown]
# ## 6. Frozen, and the same everywhere
#
# Layer 0 does not change: neither by an edit, nor by training, nor by a parameter. Its fingerprint covers its arrays
# and masks, the order in which its circuits run, what they read and write, ports, limits, permits and safe values; not
# where in a network it stands, so that it is the same in all of them.

# %%
try:
    model.parameters["landlord.heat.permit.0.temperature.below"] = 35.0
except hc.HandcraftedError as error:
    print(error)

# %% [markdown]
# ## 7. A radiotherapy machine
#
# The same pattern where it matters: an independent dose monitor gates the beam. It goes by two detectors out of three,
# by a watchdog on the dose feedback, and by the door switch. Treatment control may ask for what it likes.

# %%
machine = hc.load("radiotherapy")
hc.show(machine)

# %%
monitor = hc.assemble(machine)
report = authority_report(monitor)
print(report.holds, *report.guards)
print("the protected controller depends on", len(report.leaks), "of", report.count, "other arrays")

# %% [markdown]
# Fill every weight outside the dose monitor with NaN, and lose the dose feedback at second 20: the beam stays off, and
# in a healthy machine it stops three steps after the last pulse.

# %%
pulse = np.where(np.arange(600) < 200, "present", "missing")
healthy = hc.simulate(monitor, steps=600, inputs={"dose pulse": pulse})
ruined = hc.assemble(machine)
free = ruined.trainable.numpy()
ruined.set_weights(ruined.weights.map(lambda a, may: np.where(may, np.float32(np.nan), a), free))
lost = hc.simulate(ruined, steps=600, inputs={"dose pulse": pulse})
beam, ruined_beam = healthy.command["beam"], lost.command["beam"]
print(np.flatnonzero(beam)[-1], "is the last step with beam;", ruined_beam.max(), "when ruined")

# %%
figure, axes = plt.subplots(figsize=(8, 2.4))
axes.step(healthy.time, healthy.command["beam"], where="post", label="healthy")
axes.step(lost.time, lost.command["beam"], where="post", linestyle="--", label="everything else NaN")
axes.axvline(20, color="gray", linestyle=":")
axes.annotate("last pulse", (20, 0.5), xytext=(20.5, 0.5), color="gray")
axes.set(xlabel="time [s]", ylabel="beam", title="The beam stops when the dose is no longer known")
axes.legend()
plt.show()

# %% [markdown]
# ## Exercise
#
# The landlord changes his mind: nobody shall heat at 25 degC or more, whatever the thermostat asks for, and below that
# they may. Change the guard in the text of the file; a parameter of a Layer 0 controller is frozen.

# %%
answer = find("guarded room").read_text().replace("below: 28", "below: 27")
hc.exercises.check_guard(answer)

# %% [markdown]
# <details><summary>One solution</summary>
#
# ```python
# answer = find("guarded room").read_text().replace("below: 28", "below: 25")
# hc.exercises.check_guard(answer)
# ```
# </details>
#
# ## Summary
#
# A guard's promise holds for any weights outside Layer 0, by a proof over the traced program; ports, saturation and
# blocks each carry a part of it, and without any one of them trials or attacks get through.
#
# What this does *not* say: that the plant is safe. With two of three detectors stuck the dose monitor is blind, for a
# vote cannot see that. Authority is what the weights promise; the rest is hazard analysis.
