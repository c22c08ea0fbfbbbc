"""Running the program ``ichflow`` from Python, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ichflow._ichflow import IchflowError
from ichflow.runs import Run
from ichflow.toml_text import value_text


def call(arguments: Sequence[str], accepted: Sequence[int] = (0,)) -> str:
    """What a command writes to stdout; ``IchflowError`` has what it says where it ends otherwise than with ``accepted``."""
    done = subprocess.run(
        [sys.executable, "-m", "ichflow", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    if done.returncode not in accepted:
        raise IchflowError(done.stderr.strip() or f"ichflow {arguments[0]} ended with {done.returncode}")
    return done.stdout


def run(
    recipe: str | os.PathLike, overrides: Mapping[str, Any] | None = None, out: str | os.PathLike = "runs"
) -> Run:
    """Runs a recipe as ``ichflow run`` does, with messages and progress on stderr, and gives the finished run.

    ``overrides`` are set over it as ``--set`` does: ``{"fit.batch": 16, "window.use": "sigmoid"}``. What a stopped run left is
    gone on with. ``IchflowError`` where it fails or has mistakes; stderr says which.
    """
    sets = [f"--set={key}={value_text(value)}" for key, value in (overrides or {}).items()]
    arguments = ["run", os.fspath(recipe), *sets, "--out", os.fspath(out)]
    done = subprocess.run([sys.executable, "-m", "ichflow", *arguments], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise IchflowError(f"the run of {recipe} ended with exit code {done.returncode}; stderr says why")
    results = [line.removeprefix("results  ") for line in done.stdout.splitlines() if line.startswith("results  ")]
    return Run(results[-1] if results else Path(out) / Path(recipe).stem / "latest")
