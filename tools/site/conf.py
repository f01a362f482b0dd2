# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Sphinx's settings for the course book: nothing executed, nothing from a network."""

project = "srlab"
author = "The srlab authors"
copyright = "The srlab authors. Text: CC BY 4.0, code: MIT"
language = "en"

extensions = ["myst_nb"]
exclude_patterns: list[str] = []
nb_execution_mode = "off"  # the pages show the outputs that the notebooks hold
nb_merge_streams = True
nb_mime_priority_overrides = [("html", "text/html", 0)]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 4
myst_url_schemes = ["http", "https"]
suppress_warnings = ["config.cache"]

html_theme = "furo"
html_title = "srlab"
html_static_path = ["_static"]
html_css_files = ["book.css", "outputs.css"]
html_js_files = ["book.js"]
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
html_domain_indices = False
html_theme_options = {"top_of_page_buttons": []}
# From node_modules, as the decks have it: formulas are SVG, no font is asked for.
mathjax_path = "mathjax/tex-svg-full.js"
