"""A history of speed: a file for each commit, and a table in which apache-otava finds changes.

A file is an archive (`archive.py`) with the keys of pytest-benchmark beside it, so that both
``fastrest bench --against`` and ``pytest-benchmark compare`` read it.
"""

import csv
import hashlib
import io
import json
import math
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastrest.benchmark.archive import pairs, read_archive
from fastrest.benchmark.timing import log_ratio
from fastrest.benchmark.tracking import differences
from fastrest.runtime.storage import stranger, write_safely

#: Files of a history: a number in the order of measuring, and the beginning of the commit's id.
NAME = re.compile(r"(\d{4})_([0-9a-z]+)\.json")
#: The table for apache-otava, its first columns, and its configuration.
TABLE, COLUMNS, CONFIG = "history.csv", ("time", "commit", "environment"), "otava.yaml"
HEAD = "# written by fastrest bench --history: otava analyze fastrest --config-file otava.yaml\n"


def commit_info() -> dict[str, Any]:
    """Return id, time and branch of the commit in the current folder, as pytest-benchmark does.

    Without git, or outside a repository, the id is "unversioned".
    """
    if _git("rev-parse", "HEAD") is None:
        return {"id": "unversioned", "time": None, "dirty": True, "branch": None, "project": None}
    top = _git("rev-parse", "--show-toplevel") or ""
    return {
        "id": _git("rev-parse", "HEAD"),
        "time": _git("show", "-s", "--format=%cI", "HEAD"),
        "author_time": _git("show", "-s", "--format=%aI", "HEAD"),
        "dirty": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "branch": _git("rev-parse", "--abbrev-ref", "HEAD"),
        "project": Path(top).name,
    }


def _git(*arguments: str) -> str | None:
    """Return the output of git; None if it fails or there is no git."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def check_history(folder: Path, overwrite: bool) -> None:
    """Raise the error if a history cannot be kept in a folder; make the folder if there is none."""
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"--history {folder} is a file, and must be a folder")
    folder.mkdir(parents=True, exist_ok=True)
    kept(folder)  # all of them can be read
    for name, head in ((TABLE, ",".join(COLUMNS)), (CONFIG, HEAD)):
        path = folder / name
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else head
        if not overwrite and not text.startswith(head):
            raise stranger(path)


def kept(folder: Path) -> dict[Path, dict[str, Any]]:
    """Return the archives of a history by their files, in the order of measuring."""
    paths = sorted(path for path in folder.glob("*.json") if NAME.fullmatch(path.name))
    found = {path: read_archive(path) for path in paths}
    for path, one in found.items():
        if not isinstance(one.get("commit_info"), dict) or "id" not in one["commit_info"]:
            raise ValueError(f"{path} is not a file that `fastrest bench --history` writes")
    return found


def add(folder: Path, archive: Mapping[str, Any]) -> tuple[Path, list[str]]:
    """Write the file of the present commit, which replaces an earlier one of it, and the table.

    Returns
    -------
    Path
        The file.
    list of str
        The conditions in which the environment differs from that of the file before.
    """
    commit, earlier = commit_info(), kept(folder)
    same = [path for path, one in earlier.items() if one["commit_info"]["id"] == commit["id"]]
    others = {path: one for path, one in earlier.items() if path not in same}
    numbers = [int(path.name[:4]) for path in earlier]
    name = f"{max(numbers, default=0) + 1:04d}_{commit['id'][:12]}.json"
    path = same[0] if same else folder / name
    differs = differences([*others.values()][-1], archive) if others else []
    new = {**archive, **_for_pytest(archive, commit), "differs": differs}
    write_safely(path, (json.dumps(new, indent=1) + "\n").encode(), overwrite=True)
    _write_table(folder, [*others.values(), new])
    return path, differs


# ---- for pytest-benchmark ----


def _for_pytest(archive: Mapping[str, Any], commit: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of a file of pytest-benchmark."""
    conditions = archive["conditions"]
    return {
        "machine_info": {"node": "", "cpu": {"brand_raw": conditions["processor"]}, **conditions},
        "commit_info": dict(commit),
        "benchmarks": [_benchmark(name, one) for name, one in archive["workloads"].items()],
    }


def _benchmark(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    seconds = np.array(entry["seconds"], dtype=float)
    q1, median, q3 = np.quantile(seconds, [0.25, 0.5, 0.75]).tolist()
    mean, sd, low = seconds.mean(), seconds.std(ddof=1), q1 - 1.5 * (q3 - q1)
    high = q3 + 1.5 * (q3 - q1)
    far = int(np.sum((seconds < low) | (seconds > high)))
    by_sd = int(np.sum(np.abs(seconds - mean) > sd))
    return {
        "group": None,
        "name": name,
        "fullname": f"fastrest bench::{name}",
        "params": None,
        "param": None,
        "extra_info": {"title": entry["title"], "yardsticks": yardsticks(entry)},
        "options": {"timer": "perf_counter"},
        "stats": {
            "min": float(seconds.min()),
            "max": float(seconds.max()),
            "mean": float(mean),
            "stddev": float(sd),
            "rounds": len(seconds),
            "median": median,
            "iqr": q3 - q1,
            "q1": q1,
            "q3": q3,
            "iqr_outliers": far,
            "stddev_outliers": by_sd,
            "outliers": f"{by_sd};{far}",
            "ld15iqr": float(seconds[seconds >= low].min()),
            "hd15iqr": float(seconds[seconds <= high].max()),
            "ops": float(1 / mean),
            "total": float(seconds.sum()),
            "iterations": 1,
        },
    }


# ---- for apache-otava ----


def yardsticks(entry: Mapping[str, Any]) -> float:
    """Return the time of a workload as a multiple of the yardstick's time."""
    return math.exp(log_ratio([pairs(entry)]))


def _write_table(folder: Path, archives: Sequence[Mapping[str, Any]]) -> None:
    """Write a row for each commit, in the order of their times, and a configuration of otava.

    Workloads that not all commits have measured, as the same work, are left out.
    """
    last = archives[-1]["workloads"]
    names = [
        name
        for name, new in last.items()
        if all(
            one["workloads"].get(name, {}).get("checksum") == new["checksum"] for one in archives
        )
    ]
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*COLUMNS, *names])
    rows = []
    for one in archives:
        conditions = json.dumps(one["conditions"], sort_keys=True).encode()
        time = one["commit_info"]["time"] or one["datetime"]
        environment = hashlib.sha256(conditions).hexdigest()[:8]
        ratios = [f"{yardsticks(one['workloads'][name]):.6g}" for name in names]
        rows.append([time, one["commit_info"]["id"], environment, *ratios])
    table.writerows(sorted(rows))
    write_safely(folder / TABLE, text.getvalue().encode(), overwrite=True)
    lines = [f"      {name}: {{direction: -1}}" for name in names]
    config = (
        f"{HEAD}tests:\n  fastrest:\n    type: csv\n    file: {json.dumps(str(folder / TABLE))}\n"
        f"    time_column: time\n    attributes: [commit, environment]\n    metrics:\n"
    )
    write_safely(folder / CONFIG, (config + "\n".join(lines) + "\n").encode(), overwrite=True)
