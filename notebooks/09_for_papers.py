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
# # Pictures for papers
#
# Goals: draw diagrams, comparisons, weights and closed loops at the width of a column; choose PNG, SVG or DOT; collapse
# what is not the point; take the numbers out and plot them yourself in the same theme.

# %%
from pathlib import Path
from tempfile import mkdtemp

from PIL import Image

import handcrafted as hc

folder = Path(mkdtemp())
MM = 1 / 25.4  # inches

# %% [markdown]
# ## 1. Width and dots per inch
#
# `hc.draw` writes what `hc.show` shows. `width` is in inches, `dpi` in dots per inch. Letters are scaled along: at
# 85 mm those of the train door, three boxes, are 6.6 pt high, those of the cruise control, five, 4.9 pt. What is larger
# wants the whole page, or `collapse`.

# %%
room = hc.load("heated room")
path = hc.draw(room, folder / "room.png", width=85 * MM, dpi=300)
with Image.open(path) as image:
    print(image.size[0], "pixels,", round(image.info["dpi"][0]), "per inch")
    assert image.size[0] == round(85 * MM * 300)
hc.show(room, width=85 * MM, dpi=150)

# %% [markdown]
# On the command line: `handcrafted draw room.yaml -o room.png --width 3.35 --dpi 300`.
#
# ## 2. SVG and DOT
#
# An SVG keeps letters as letters, whatever the zoom. DOT is the diagram as text, for tools of your own.

# %%
svg = hc.draw(room, folder / "room.svg", width=85 * MM).read_text()
print(svg[svg.index("<svg") :][:60])
print(hc.draw(room, folder / "room.dot").read_text()[:150])

# %% [markdown]
# ## 3. What is not the point
#
# A group, or a box that holds others, can be drawn as one box.

# %%
brakes = hc.load("wheel brakes")
print(dict(brakes.groups))
hc.show(brakes, collapse=list(brakes.groups), width=170 * MM, dpi=100)

# %% [markdown]
# ## 4. A comparison, weights, a closed loop
#
# One theme for all: the same colours, letters and lines; found, missing, wrong and extra differ in more than colour.

# %%
model = hc.assemble(room)
model.W_R[3, 2] = 0.0
broken = hc.compare(room, hc.recover(model))
hc.show(broken, width=170 * MM, dpi=150)

# %%
model.W_R[3, 2] = 1.0
hc.show(model, width=170 * MM, dpi=150)

# %%
trace = hc.simulate(model, steps=200)
hc.show(trace, width=170 * MM, dpi=100)

# %% [markdown]
# ## 5. Your own plot of the same numbers
#
# A trace gives arrays by name, and saves as CSV. The theme's colours are plain strings.

# %%
import matplotlib.pyplot as plt

from handcrafted.view.response import BELIEVED, DONE, TRUE

# %%
plt.figure(figsize=(85 * MM, 55 * MM), layout="constrained")
minutes = trace.time / 60
plt.plot(minutes, trace.state["temperature"], color=TRUE, linewidth=1, label="true")
plt.plot(minutes, trace.believed["room temperature"], "--", color=BELIEVED, linewidth=1, label="believed")
plt.fill_between(minutes, 14, 14 + trace.command["heat"], color=DONE, alpha=0.5, step="post", label="heating")
plt.xlabel("minutes")
plt.ylabel("degC")
plt.legend(fontsize=6)
plt.show()

# %% [markdown]
# ## 6. The same picture tomorrow
#
# The same structure gives the same bytes, on the same versions; `comparison.manifest` says which those were, and the
# SHA-256 of structure and arrays, to put beside the figure.

# %%
first, second = (hc.draw(room, folder / name).read_bytes() for name in ("a.png", "b.png"))
assert first == second
print(sorted(broken.manifest))

# %% [markdown]
# ## Exercise
#
# Write a picture of the train door for a column of 85 mm, fit for print: an SVG, or a PNG of 300 dots per inch or more.

# %%
answer = hc.draw(hc.load("train door"), folder / "door.png", dpi=100)
hc.exercises.check_figure(answer)

# %% [markdown]
# <details><summary>One solution</summary>
#
# ```python
# answer = hc.draw(hc.load("train door"), folder / "door.png", width=85 / 25.4, dpi=600)
# hc.exercises.check_figure(answer)
# ```
# </details>
#
# **What to keep.** `draw` for files, `show` for notebooks, the same options for both: `width`, `dpi`, `collapse`.
