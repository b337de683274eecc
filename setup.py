"""Builds the one extension module; everything else stands in pyproject.toml.

setup.py exists because the compiler flags depend on the compiler, which setuptools knows only
while it builds.
"""

import sys
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

FLAGS = {
    "unix": [
        "-std=c11",
        "-O3",  # gcc vectorises the kernels' loops only at -O3
        "-ffp-contract=off",  # no fused multiply-add: the same bits on every instruction set
        "-fno-math-errno",  # sqrt() becomes the instruction
        "-fno-trapping-math",  # selects may be computed on both sides: needed to vectorise
        "-fvisibility=hidden",
    ],
    "msvc": ["/std:c11", "/O2", "/fp:precise"],
}


class BuildExt(build_ext):
    def build_extensions(self):
        for extension in self.extensions:
            extension.extra_compile_args = FLAGS.get(self.compiler.compiler_type, FLAGS["unix"])
        super().build_extensions()


class Sdist(sdist):
    """With all that a packager needs to test what was built."""

    def make_distribution(self):
        for folder in ("src_c", "tests", "bench"):
            self.filelist.graft(folder)
        self.filelist.global_exclude("*.py[cod]")
        # cythonize has put the .c in the place of its .pyx
        self.filelist.exclude("fastrest/_kernels.c")
        self.filelist.append("fastrest/_kernels.pyx")
        super().make_distribution()


kernels = Extension(
    "fastrest._kernels",
    sources=["fastrest/_kernels.pyx", *sorted(str(p) for p in Path("src_c").glob("*.c"))],
    depends=[str(p) for p in Path("src_c").glob("*.h")],
    include_dirs=["src_c", numpy.get_include()],
    libraries=[] if sys.platform == "win32" else ["m"],  # of the yardsticks alone
    define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
)

setup(
    ext_modules=cythonize(
        [kernels],
        compiler_directives={
            "language_level": 3,
            "freethreading_compatible": True,  # no mutable globals: see fastrest.h
        },
    ),
    cmdclass={"build_ext": BuildExt, "sdist": Sdist},
)
