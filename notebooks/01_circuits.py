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
# # Eight circuits
#
# A control law is a formula; a circuit is that formula as a handful of heads and neurons. Eight of them here, each in
# the same order: the idea, the formula, the weights and the answer in one picture, and what happens if you turn a knob.
# [All laws](../figures/circuits/) have such a picture; `handcrafted circuits` prints them with their errors.
#
# Goals: read a circuit's formula off its weights; turn a knob and predict the effect; tell what is proved of a circuit
# from what is measured.
#
# Everything is built from one unit, $r(x) = \max(0, x)$, and one kind of head.

# %%
import numpy as np
from IPython.display import Image

import handcrafted as hc
from handcrafted.model.forward import initial_state, step
from handcrafted.zoo.examples import example
from handcrafted.zoo.pictures import picture

# %% [markdown]
# `example(law)` is a control structure with a controller that has this law alone. The network's answer to some values:


# %%
def answer(model, *reads):
    inputs = np.stack([np.asarray(read, np.float32) for read in reads], axis=-1)
    return np.asarray(model(inputs)[0])[:, -1]


# %% [markdown]
# ## 1. Weighing and adding
#
# **Idea.** Two sensors, each with its gain, and a constant. Neurons cut off what is negative, so every sum needs two of
# them: one for what is above zero, one for what is below.
#
# **Formula.** $y = r(v) - r(-v)$ with $v = 2x - \tfrac12 y_0 + 1$.

# %%
Image(picture("linear"))

# %% [markdown]
# **Effect.** Parameters have names, and each knows the array entries that it moves. Setting one moves these and no
# others.

# %%
model = hc.assemble(example("linear"))
print(model.parameters)
before = answer(model, [1, 2, 3], [0, 0, 0])
model.parameters["controller.out.gains.x"] = 3.0
print(before, "->", answer(model, [1, 2, 3], [0, 0, 0]))

# %% [markdown]
# ## 2. Limits that hold
#
# **Idea.** An actuator must never be asked for more than it may do, whatever stands in front of it.
#
# **Formula.** $y = h - r\big((h - l) - r(x - l)\big)$: one unit *inside* the other.

# %%
Image(picture("saturation"))

# %% [markdown]
# **Effect.** The obvious circuit, $l + r(x - l) - r(x - h)$, puts the two units *side by side*. In float32 it forgets
# the limits as soon as something large comes along; the nested one cannot.

# %%
r = lambda x: np.maximum(np.float32(0), x)
low, high = np.float32(-1), np.float32(2)
for x in np.float32([5, 3e8, 1e30]):
    parallel = low + r(x - low) - r(x - high)
    nested = answer(hc.assemble(example("saturation")), [x])[0]
    print(f"x = {x:7.0e}   side by side: {parallel:4.1f}   nested: {nested:4.1f}")

# %% [markdown]
# ## 3. A comparison
#
# **Idea.** Is it above 1? A straight line, steep enough, cut off at 0 and 1.
#
# **Formula.** $b = r\big(1 - r(1 - g\,(x - \theta))\big)$. The gain $g$ is not guessed: it follows from how finely the
# sensor measures, or, without a resolution, from what float32 can still tell apart.

# %%
Image(picture("comparator"))

# %% [markdown]
# **Effect.** Inside a band of width $1/g$ at the threshold the answer is a fraction. Half the gain, and the band is
# twice as wide.

# %%
model = hc.assemble(example("comparator"))
near = 1 + np.array([-2, 0, 0.25, 0.5, 1, 2]) / 2048
print("as built: ", answer(model, near))
model.W_in[1] *= 0.5
model.b_in[1] = 1 - 0.5 * (1 - model.b_in[1])
print("half gain:", answer(model, near))

# %% [markdown]
# ## 4. A thermostat's memory
#
# **Idea.** On below one threshold, off above another, and in between go on as before. So the threshold itself depends
# on a bit $s$ that the recurrence carries from step to step.
#
# **Formula.** $s' = r\big(1 - r(1 - g\,(\theta_{on} - x) - g\,(\theta_{off} - \theta_{on})\,s)\big)$.

# %%
Image(picture("hysteresis"))

# %% [markdown]
# **Effect.** A round trip shows the gap between the thresholds, and how it follows a parameter.

# %%
model = hc.assemble(example("hysteresis"))
there_and_back = [-2, 0, 0.9, 1.1, 0, -0.9, -1.1]
print("off above 1: ", answer(model, there_and_back))
model.parameters["controller.out.off_above"] = 0.5
print("off above 0.5:", answer(model, there_and_back))

# %% [markdown]
# ## 5. An integral that does not wind up
#
# **Idea.** Add up the error, but stop adding where the actuator is at its end anyway.
#
# **Formula.** $I' = \mathrm{clip}(I + g\,\Delta t\,x)$, with the nested limits of circuit 2 and $I$ carried.

# %%
Image(picture("integrator"))

# %% [markdown]
# **Effect.** After a long error of one sign, the limited sum turns round at once. One with far limits has to come all
# the way back first.

# %%
error = np.concatenate([np.full(60, 2.0), np.full(20, -2.0)])
near, far = hc.assemble(example("integrator")), hc.assemble(example("integrator"))
far.parameters["controller.out.high"] = 1000.0
for name, model in (("limit 4   ", near), ("limit 1000", far)):
    print(name, answer(model, error)[[20, 59, 63, 67, 79]])

# %% [markdown]
# ## 6. Looking back
#
# **Idea.** A head that attends to exactly three steps ago, by position alone: no key and no query depends on what is
# read.
#
# **Formula.** Rotary positions turn query and key by one radian per step, so the score at $j$ steps ago is $a \cos(j -
# 3)$. With $a$ such that the next best step scores 104 less, a softmax in float32 is exactly 0 and 1.

# %%
Image(picture("delay"))

# %% [markdown]
# **Effect.** Three steps ago stood 0. With a sixteenth of the score, what stood six steps before that leaks in: six
# radians are nearly a full turn, the nearest alias within the window. The gain is derived from it:
# $104 / (1 - \cos 6) = 2611$.

# %%
model = hc.assemble(example("delay"))
values = [4.0] * 12 + [0.0] + [4.0] * 3
print("as built:   ", answer(model, values)[15])
model.b_Q[1, 0] = model.b_Q[1, 0] / 16
print("a sixteenth:", answer(model, values)[15], "predicted:", 4 / (1 + np.exp(104 / 16)))

# %% [markdown]
# ## 7. PID
#
# **Idea.** The controller of most of the world's machines: react to the error, to its sum and to the rate of what is
# measured.
#
# **Formula.** $v = k_p e + I - k_d \dot y$, $\ u = \mathrm{clip}(v)$, $\ I' = \mathrm{clip}(I + k_i \Delta t\, e)$:
# circuits 1, 2, 5 and 6, put together.

# %%
Image(picture("pid"))

# %% [markdown]
# **Effect.** In a loop with a sluggish process (here in plain numpy), the integral takes away what the proportional
# part leaves.


# %%
def loop(model, goal, steps=60):
    state, x, seen = initial_state(model.effective_weights), 0.0, []
    for _ in range(steps):
        state, out = step(model.effective_weights, state, np.float32([goal, x]))
        x = 0.9 * x + 0.1 * float(out[0])
        seen.append(x)
    return np.array(seen)


# %%
model = hc.assemble(example("pid"))
print("with an integral:   ", loop(model, 2.0)[[5, 20, 59]].round(3))
model.parameters["controller.out.ki"] = 1e-6
print("with hardly any:    ", loop(model, 2.0)[[5, 20, 59]].round(3))

# %% [markdown]
# ## 8. A decision table
#
# **Idea.** Rows of conditions; any row that holds issues the action. A neuron per row, and one sum over the rows.
#
# **Formula.** $\mathrm{row}_j = r\big(\textstyle\sum \mathrm{tests} - (n - 1)\big)$ for a row of $n$ tests.

# %%
Image(picture("decision table"))

# %% [markdown]
# **Effect.** Tables are built in as few rows as answer the same in every context. "At least three of five", written out
# as all 16 combinations, needs ten:

# %%
from itertools import product

from handcrafted.components.minimise import minimised

words = ("no", "yes")

# %%
written = tuple(
    {f"sensor {i}": (word,) for i, word in enumerate(context)}
    for context in product(words, repeat=5)
    if context.count("yes") >= 3
)
built = minimised(written, tuple((f"sensor {i}", words) for i in range(5)))
print(len(written), "rows written,", len(built), "built, the first of them:", dict(built[0]))

# %% [markdown]
# ## How far to trust them
#
# Each law is held against a plain loop in Python that shares no code with the weights. What is *proved* follows from
# the arrays: the most that float32 can add in one step. `handcrafted circuits` prints both for every law.

# %%
from handcrafted.verdict.catalogue import measure

for law in ("linear", "saturation", "comparator", "integrator", "pid"):
    found = measure(example(law))
    proved = "0 outside the band" if found.proved is None else f"{found.proved:.1e} in one step"
    print(f"{law:12} measured {found.within:.1e}, proved {proved}")

# %% [markdown]
# ## Exercise
#
# Find a law of the catalogue that gives nothing while its read lies between -1 and 1, and what is left over beyond:
# 0.5 at 1.5, and -2 at -3.

# %%
hc.exercises.check_dead_band("saturation", {"low": -1, "high": 1})

# %% [markdown]
# <details><summary>One solution</summary>
#
# ```python
# hc.exercises.check_dead_band("dead band", {"width": 1})
# ```
# </details>
#
# ## Summary
#
# A law is a few rectified units or one head that looks back, and its error is known before it runs: zero for copies,
# words and delays, a bound from the arrays for all else, and a band beside each threshold.
#
# ## What to try
#
# - Which entries does `on below` of the thermostat move? `print(hc.assemble(example("hysteresis")).parameters)`.
# - Set a threshold beyond the other one, a gain to a word, a limit above its opposite. What does the library say?
# - Write `law: rate limiter` into a copy of the heated room's file, and look at the loop.
