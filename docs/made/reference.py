"""Tables of the reference: status bits, outputs, units, and the help of the command line."""

import importlib
import inspect
import os
import re
import subprocess
import sys

import fastrest as fr
from made.sources import markdown

NEURON = fr.cells["mammalian neuron"]


def status_bits() -> str:
    """Return the bits of a status, with the comments beside them in the source."""
    source = inspect.getsource(importlib.import_module("fastrest.models.quantities"))
    meanings = dict(re.findall(r"^    (\w+) = \d+ +#: (.+)$", source, re.MULTILINE))
    lines = [[f"`{one.name}`", one.value, meanings[one.name]] for one in fr.Status]
    return markdown(["status", "bit", "meaning"], lines)


def outputs() -> str:
    """Return the outputs of models with K, Na and Cl."""
    models = {
        "GHK, relative": NEURON.model,
        "GHK, absolute": NEURON.absolute(R_m=7).model,
        "living": NEURON.living(R_m=7).model,
    }
    found: dict[str, list[str]] = {}
    for title, model in models.items():
        for name, output in model.outputs.items():
            key = f"`{name}` | {output.unit or '1'} | {output.description}"
            found.setdefault(key, []).append(title)
    lines = [[*key.split(" | "), ", ".join(titles)] for key, titles in found.items()]
    return markdown(["output", "unit", "meaning", "models"], lines)


def parameters() -> str:
    """Return the parameters of all models with K, Na and Cl, and their units."""
    living = NEURON.living(R_m=7, pump="saturating", pump_Na_half=10, pump_K_half=1.5)
    models = [
        NEURON.model,
        NEURON.to_chord().model,
        NEURON.absolute(R_m=7).model,
        living.model,
        living.after({0: {}}, time=1, diameter=20).model,
        fr.PumpLeak(fr.Chord("K", "Na", "Cl", pump="constant"), cotransport=("KCC", "NKCC")),
    ]
    units = {name: one.unit for model in models for name, one in model.parameters.items()}
    groups: dict[str, list[str]] = {}
    for name, unit in units.items():
        groups.setdefault(unit or "ratio", []).append(f"`{name}`")
    return markdown(
        ["unit in an absolute model", "parameters"], [[u, ", ".join(n)] for u, n in groups.items()]
    )


def command_line() -> str:
    """Return the help of every command."""
    commands = re.findall(r"^    (\w+) ", said("--help"), re.MULTILINE)
    return "\n\n".join(
        f"## fastrest {name}\n\n```text\n{said(name, '--help')}```" for name in commands
    )


def said(*arguments: str) -> str:
    """Return the output of a command."""
    environment = {**os.environ, "COLUMNS": "88", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "fastrest", *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    ).stdout
