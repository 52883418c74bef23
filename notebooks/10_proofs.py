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
# # Proofs: a hazard that never happens, for all time
#
# Goals: prove a hazard impossible from the arrays that run; read a certificate; tell *proved* from *no run showed it*;
# find out how much disturbance a proof bears; prove a guard whatever the other weights are.

# %%
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import handcrafted as hc
from handcrafted.proofs import check
from handcrafted.proofs.prove import recheck

# %% [markdown]
# ## 1. Never too hot
#
# A run that stays cool says nothing about the next one. A proof does: it names *cells*, here two intervals of
# temperature, one for each value of the thermostat's latch. The loop starts in them, no step leads out of them whatever
# the disturbance is, and none of them is too hot. All sums are float32 as they run, in any order.

# %%
room = hc.assemble(hc.load("heated room"))
proof = hc.prove(room, "H-2", margin="disturbance")
proof

# %%
hc.show(proof)

# %% [markdown]
# The margin says how strong a disturbance the same weights bear. Without heat the room goes to 5 degC plus the
# disturbance, and at 20 that is 25 degC: no thermostat could do better.
#
# ## 2. The certificate, and who checks it
#
# What was found is a file. The checker is another: it takes a statement (what is claimed, of which arrays), the arrays
# and the certificate, and needs nothing but Python. It trusts the statement alone.

# %%
folder = Path(tempfile.mkdtemp())
(folder / "statement.json").write_bytes(proof.statement.text)
(folder / "effective.safetensors").write_bytes(proof.statement.arrays)
(folder / "certificate.json").write_bytes(proof.certificate)
files = ["statement.json", "effective.safetensors", "certificate.json"]


# %%
def checked():
    command = [sys.executable, "-I", check.__file__, *files]
    print(subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout)


checked()

# %% [markdown]
# Leave out the cell in which the heater is on, and the checker sees that a step leads there.

# %%
said = json.loads(proof.certificate)
said["cells"] = said["cells"][:1]
(folder / "certificate.json").write_text(json.dumps(said))
checked()

# %% [markdown]
# ## 3. Proved, refuted, unknown
#
# What cannot be proved is looked for: hundreds of runs, with disturbances at random and at their ends. One that does it
# is repeated, step by step, before it counts. What is neither proved nor refuted says where the proof stops.

# %%
cold = hc.prove(room, "H-1", disturbance={"room": (-20.0, 2.0)})
print(cold)
hc.show(cold)

# %%
print(hc.prove(hc.assemble(hc.load("cruise control")), "H-1"))

# %% [markdown]
# ## 4. What is assumed, and what an edit leaves
#
# An aircraft that never gets weight on its wheels may not brake, and overruns. What comes from outside can be assumed:
# `hc.prove(aircraft, "H-1", assume={"weight on wheels": "yes"})` bounds the position for each speed and pressure, in
# two minutes; the README shows its picture.

# %%
aircraft = hc.assemble(hc.load("wheel brakes"))
overrun = hc.prove(aircraft, "H-1")
print(overrun.verdict, overrun.counterexample.arguments["inputs"].keys())

# %% [markdown]
# A proof is of the arrays as they were. After an edit its cells are checked anew, which takes a moment; the panel does
# so after each one, as `hc.panel(room, [proof])`.

# %%
for degrees in (22.0, 24.5, 26.0):
    room.parameters["thermostat.heat.off_above"] = degrees
    again = recheck(proof, room)
    print(degrees, again.verdict, again.unproved.reason if again.unproved else "")

# %% [markdown]
# ## 5. Whatever the other weights are
#
# The landlord's guard is Layer 0. Let every weight outside it be anything, NaN included: what the guard reads from
# below is then any number that float32 holds. The room still never gets above 30 degC, and the dose stays below 201.

# %%
for name in ("guarded room", "radiotherapy"):
    found = hc.prove(hc.assemble(hc.load(name)), "H-1", any_subordinate=True)
    print(f"{name}: {found.verdict}, {found.tried} parts of cells; {found.cells[0]}")

# %% [markdown]
# An unsafe control action can be proved impossible, too: the beam is never on above 200 cGy.

# %%
radiotherapy = hc.assemble(hc.load("radiotherapy"))
hc.show(hc.prove(radiotherapy, "UCA-1", any_subordinate=True))

# %% [markdown]
# Whether heat comes too late, or stays on too long, two steps tell; what was so in the first is carried as a state.

# %%
heated = hc.assemble(hc.load("heated room"))
for rule in ("UCA-3", "UCA-4"):
    found = hc.prove(heated, rule)
    print(f"{found.claim.text}: {found.verdict}; {[name for name in found.cells[0] if name.endswith('before')]}")

# %% [markdown]
# ## Exercise
#
# The landlord permits heat below 28 degC. Up to which temperature could he permit it, so that the room is still proved
# never to get above 30 degC, whatever the thermostat's weights are? Half a degree is near enough.

# %%
limit = 28
hc.exercises.check_permit(limit)

# %% [markdown]
# <details><summary>One solution</summary>
#
# ```python
# limit = 29.75  # a step of full heat adds less than 0.04 degC there, and the sensor may read 0.03 too little
# hc.exercises.check_permit(limit)
# ```
# </details>
#
# **What to keep.** A proof is as good as its statement: what comes from outside, how the process moves and where it
# starts are taken for granted, and the report says so. Of the weights nothing is taken for granted but their digits.
