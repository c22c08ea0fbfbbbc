"""Runs: what ``ichflow run`` left in a directory."""

from __future__ import annotations

import csv
import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ichflow._ichflow import IchflowError
from ichflow.images import PathLike

#: The file that makes a directory a run's.
_RESOLVED = "recipe.resolved.toml"


class Run:
    """A run. Tables come as lists of dictionaries, and with ``frame=`` as pandas or polars frames."""

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path).resolve()
        if not (self.path / _RESOLVED).is_file():
            raise IchflowError(f"{path} is no run: it has no {_RESOLVED}; name runs/RECIPE/latest or a directory beside it")

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """The recipe with everything decided."""
        import sys

        if sys.version_info >= (3, 11):
            import tomllib
        else:
            import tomli as tomllib
        return tomllib.loads((self.path / _RESOLVED).read_text())

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """``metrics.json``."""
        return self._json("metrics.json")

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """``provenance.json``: versions, device, command line, digests of the data."""
        return self._json("provenance.json")

    def history(self, frame: str | None = None) -> Any:
        """A row an epoch, of ``history.csv``."""
        return self.table("history.csv", frame)

    def predictions(self, part: str = "valid", frame: str | None = None) -> Any:
        """A row a slice, of ``predictions/PART.csv``: ``valid`` or ``test``."""
        return self.table(f"predictions/{part}.csv", frame)

    def embeddings(self, part: str = "cohort") -> npt.NDArray[np.float32]:
        """Features ``float32 [slices, features]`` of the stage ``embed``, as a memory map: ``cohort`` or ``test``."""
        path = self.path / "embeddings" / f"{part}_features.npy"
        if not path.is_file():
            raise IchflowError(f"{self.path} has no embeddings of `{part}`: its recipe has no stage `embed`")
        return np.load(path, mmap_mode="r")

    def table(self, name: str, frame: str | None = None) -> Any:
        """A CSV file of the run; ``frame`` is ``"pandas"`` or ``"polars"``. In lists numbers are numbers, empty fields None."""
        path = self._file(name)
        if frame == "pandas":
            import pandas

            return pandas.read_csv(path)
        if frame == "polars":
            import polars

            return polars.read_csv(path)
        if frame is not None:
            raise ValueError(f"frame is pandas or polars, and not {frame}")
        with path.open(newline="") as file:
            return [{key: _value(value) for key, value in row.items()} for row in csv.DictReader(file)]

    def _json(self, name: str) -> dict[str, Any]:
        return json.loads(self._file(name).read_text())

    def _file(self, name: str) -> Path:
        path = self.path / name
        if not path.is_file():
            raise IchflowError(f"{self.path} has no {name}: no stage of its recipe wrote it, or the run did not come so far")
        return path


def _value(text: str | None) -> Any:
    if text is None or text == "":
        return None
    if text in ("true", "false"):
        return text == "true"
    for number in (int, float):
        # Identifiers of digits alone stay text: a number would lose their zeros.
        try:
            value = number(text)
        except ValueError:
            continue
        return text if number is int and str(value) != text else value
    return text
