"""Builds the extension modules; everything else stands in pyproject.toml.

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
        # CFLAGS come first, and may ask for -ffast-math or a part of it
        "-fno-fast-math",
        "-fno-finite-math-only",
        "-fno-math-errno",  # sqrt() becomes the instruction
        "-fno-trapping-math",  # selects may be computed on both sides: needed to vectorise
        "-fvisibility=hidden",
        "-g0",  # Python's own flags ask for debug information: most of a wheel's size
        "-ffp-contract=off",  # no fused multiply-add: the same bits on every instruction set
    ],
    "msvc": ["/std:c11", "/O2", "/fp:precise"],
}
#: Linux's linker leaves out the tables of symbols that loading does not need.
STRIP = ["-Wl,-s"] * sys.platform.startswith("linux")


class BuildExt(build_ext):
    def build_extensions(self):
        for extension in self.extensions:
            extension.extra_compile_args = FLAGS.get(self.compiler.compiler_type, FLAGS["unix"])
            if self.compiler.compiler_type == "unix":  # else loading would set flush-to-zero
                extension.extra_link_args = ["-fno-fast-math", *STRIP]
        if self.compiler.compiler_type == "unix":
            self.compile_glue_small()
        super().build_extensions()

    def compile_glue_small(self):
        """Compile what Cython writes for size: it calls the kernels, and has no loops over points.

        At -O3 it would be a sixth of a wheel. The yardsticks stay as they were when archived.
        """
        compile_one = self.compiler._compile

        def compile_file(obj, src, ext, cc_args, postargs, pp_opts):
            name = Path(src).name
            small = ["-Os"] * (name in ("_kernels.c", "_samples.c", "_ufuncs.c", "pair_kernels.c"))
            compile_one(obj, src, ext, cc_args, [*postargs, *small], pp_opts)

        self.compiler._compile = compile_file


class Sdist(sdist):
    """With all that a packager needs to test what was built."""

    def make_distribution(self):
        for folder in ("src_c", "tests", "bench", "docs", ".ci"):
            self.filelist.graft(folder)
        for name in ("*.md", "*.cff", ".clang-format", ".gitignore"):
            self.filelist.include(name)
        self.filelist.global_exclude("*.py[cod]")
        # cythonize has put each .c in the place of its .pyx
        self.filelist.exclude("fastrest/_core/*.c")
        self.filelist.include("fastrest/_core/*.pyx")
        super().make_distribution()


def extension(name, *sources, libraries=()):
    return Extension(
        f"fastrest._core.{name}",
        sources=[f"fastrest/_core/{name}.pyx", *map(str, sources)],
        depends=["fastrest/_core/_kernels.pxd", *map(str, Path("src_c").rglob("*.h"))],
        include_dirs=["src_c", numpy.get_include()],
        libraries=list(libraries),
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
    )


YARDSTICKS = Path("src_c/yardsticks/yardsticks.c")
KERNELS = sorted(set(Path("src_c").rglob("*.c")) - {YARDSTICKS})

setup(
    ext_modules=cythonize(
        [
            extension("_kernels", *KERNELS),
            extension("pair_kernels"),
            extension("_samples"),
            extension("_ufuncs"),
            extension("_yardsticks", YARDSTICKS, libraries=["m"] * (sys.platform != "win32")),
        ],
        compiler_directives={
            "language_level": 3,
            "freethreading_compatible": True,  # no mutable globals: see fastrest.h
        },
    ),
    cmdclass={"build_ext": BuildExt, "sdist": Sdist},
)
