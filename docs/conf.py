"""Configuration of the documentation: `sphinx-build -W docs docs/build` from the root.

The build needs no network. Where the variable READTHEDOCS or FASTREST_INTERSPHINX is set, links
into the manuals of Python, NumPy and other packages are made as well.
"""

import os
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for the folder `made`

import fastrest as fr  # noqa: E402
from made import members  # noqa: E402

warnings.simplefilter("ignore", fr.PlausibilityWarning)  # golden values are far from cells

project = "fastrest"
author = "The fastrest developers"
copyright = author
version = release = fr.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.githubpages",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "myst_parser",
    "made.pictures",
    "made.directive",
    "made.formulas",
]
exclude_patterns = ["build", "gallery"]
templates_path = ["templates"]
root_doc = "index"
default_role = "py:obj"  # links to the reference, and code where there is none

# ---- Markdown ----

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3

# ---- the reference ----

autosummary_generate = True
suppress_warnings = ["config.cache"]  # of the next line, which holds a function
autosummary_context = {"members_of": members.members_of}
autodoc_typehints = "none"  # types stand in the docstrings
autodoc_member_order = "groupwise"
numpydoc_show_class_members = False  # the template lists them
numpydoc_xref_param_type = False

# ---- the gallery ----

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "pictures_of_cells",
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "min_reported_time": 5,
    "within_subsection_order": "FileNameSortKey",
}

# ---- other manuals ----

if "READTHEDOCS" in os.environ or "FASTREST_INTERSPHINX" in os.environ:
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
        "matplotlib": ("https://matplotlib.org/stable", None),
        "pandas": ("https://pandas.pydata.org/docs", None),
        "xarray": ("https://docs.xarray.dev/en/stable", None),
        "SALib": ("https://salib.readthedocs.io/en/latest", None),
    }

# ---- the look ----

html_theme = "furo"
html_title = "fastrest"
html_show_sourcelink = False
html_math_renderer = "mathml"
html_static_path = ["static"]
html_css_files = ["wide.css"]
