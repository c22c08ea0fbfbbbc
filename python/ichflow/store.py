"""The HU store: slices of a run as lossless 16-bit Hounsfield units."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ichflow._ichflow import IchflowError
from ichflow.images import Excluded, PathLike


class Store:
    """The slices of a store, like a list of arrays: ``store[3]`` is ``int16 [rows, columns]``, a view into the file.

    A store is a directory with ``hu.bin`` and ``index.jsonl``, below ``runs/cache/hu-store``; ``path`` may be any directory
    with one store below it.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = _store_below(Path(path))
        #: Ids of the slices, in the order of the store.
        self.ids: list[str] = []
        #: Slices that could not be read, with reasons.
        self.excluded: list[Excluded] = []
        self._places: list[tuple[int, int, int]] = []
        lines = {}
        for line in (self.path / "index.jsonl").read_text().splitlines():
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue  # the last line of a store that is being written
            # A slice that was read anew has a later line.
            lines[entry["id"], entry["frame"]] = entry
        for entry in lines.values():
            if entry["pixels"] is None:
                self.excluded.append(Excluded(entry["file"], entry["failed"]))
                continue
            place = entry["pixels"]
            self.ids.append(entry["id"])
            self._places.append((place["offset"], place["rows"], place["columns"]))
        values = self.path / "hu.bin"
        size = values.stat().st_size // 2
        self._values = np.memmap(values, dtype="<i2", mode="r", shape=(size,)) if size else np.zeros(0, "<i2")

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int | str) -> npt.NDArray[np.int16]:
        """A slice by its place in the store, or by its id."""
        number = self.ids.index(index) if isinstance(index, str) else index
        offset, rows, columns = self._places[number]
        begin = offset // 2
        return self._values[begin : begin + rows * columns].reshape(rows, columns)


def _store_below(path: Path) -> Path:
    if (path / "hu.bin").is_file():
        return path
    found = sorted(place.parent for place in path.rglob("hu.bin"))
    match found:
        case [one]:
            return one
        case []:
            raise IchflowError(f"there is no HU store in {path}: it is a directory with hu.bin and index.jsonl")
        case _:
            names = ", ".join(map(str, found))
            raise IchflowError(f"there are {len(found)} HU stores in {path}: name one of {names}")
