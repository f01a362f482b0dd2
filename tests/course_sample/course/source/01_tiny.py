# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,slideshow,-all
#     formats: course///ipynb,course/source///py:percent
#     notebook_metadata_filter: -jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 01 Tiny
# A sample, as small as the frame allows.

# %% slideshow={"slide_type": "fragment"}
import torch

import srlab

ramp = torch.linspace(0, 1, 48).reshape(1, 1, 6, 8)
srlab.show(ramp, alt="A ramp of 48 grey values, dark above and bright below")

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Say that this is a sample and that nobody is taught anything by it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## You will be able to
# - say what a mean is

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Before you start
# Nothing is needed.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Time
# minutes on two CPU cores: 1, on one GPU: 1

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Setup

# %% slideshow={"slide_type": "-"}
from srlab.widgets import explore

run = srlab.setup("01")
run

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 The mean
# Add all up and divide. $\bar x = 0.123$ is a formula, `9.87` is code.

# %% slideshow={"slide_type": "fragment"}
srlab.ask("1.a")

# %% slideshow={"slide_type": "subslide"}
mean = (ramp**2).mean().item()
assert 0.33 < mean < 0.35
print(f"mean of the squared ramp: {mean:.3f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The mean of the squares is 0.34, see [the first section](#1-The-mean).

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Let the room guess before you show the number; most people say one half.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 The power
# Move the power: a higher one makes the picture darker.

# %% slideshow={"slide_type": "fragment"}
explore(
    lambda power: ramp**power,
    twin=[{"power": 1}, {"power": 3}],
    alt="The ramp raised to a power from 1 to 4: it gets darker",
    power=(1, 4, 1, 2),
)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Ask which power would make the picture brighter than the ramp itself.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1.1 The mean
# Write `mean_of`.


# %% slideshow={"slide_type": "fragment"}
def mean_of(x):
    """x: (B, C, H, W) -> float."""
    raise NotImplementedError("Exercise 1.1")


srlab.check("1.1", mean_of)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1.2 The negative
# Write `negative`.


# %% slideshow={"slide_type": "fragment"}
def negative(x):
    """x: (B, C, H, W) in [0, 1] -> the same shape."""
    raise NotImplementedError("Exercise 1.2")


result = srlab.check("1.2", negative)
result

# %% slideshow={"slide_type": "fragment"}
assert result.use(ramp).max() == 1
srlab.hint("1.2")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Quiz

# %% slideshow={"slide_type": "fragment"}
srlab.quiz(1)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What to remember
# - A mean is one number.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Words

# %% slideshow={"slide_type": "-"}
srlab.classroom.glossary(["mean"])

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where this stands in the sources

# %% slideshow={"slide_type": "-"}
srlab.classroom.claims("01", path="claims.toml")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## References
# - Nobody, [a page](https://example.org/99.75), 2026.
