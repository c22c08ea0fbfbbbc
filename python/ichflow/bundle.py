"""Model bundles."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ichflow.images import PathLike
from ichflow.program import call


class Bundle:
    """A trained model with all it takes to predict: the directory that the stage ``model-bundle`` wrote."""

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)
        #: What ``bundle.json`` says: labels, network, size, digests.
        self.index: dict[str, Any] = json.loads((self.path / "bundle.json").read_text())
        #: The labels, in their order.
        self.labels: list[str] = self.index["labels"]

    def predict(
        self, paths: PathLike | Iterable[PathLike], device: str = "auto", force: bool = False
    ) -> list[dict[str, Any]]:
        """A dictionary a slice, as ``ichflow predict --json`` writes it: id, file, status, reason, probabilities …

        Excluded files have status ``excluded`` and a reason. ``IchflowError`` where nothing can be predicted.
        """
        return self._predict(paths, device, force, exams=False)[0]

    def predict_exams(
        self, paths: PathLike | Iterable[PathLike], device: str = "auto", force: bool = False
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Slices as :meth:`predict` gives them, and a dictionary an exam."""
        return self._predict(paths, device, force, exams=True)

    def _predict(
        self, paths: PathLike | Iterable[PathLike], device: str, force: bool, exams: bool
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        if isinstance(paths, (str, os.PathLike)):
            paths = [paths]
        with tempfile.TemporaryDirectory() as directory:
            table = Path(directory) / "exams.jsonl"
            arguments = ["predict", os.fspath(self.path), "--json", "--device", device]
            arguments += ["--force"] if force else []
            arguments += ["--exams", os.fspath(table)] if exams else []
            # After `--`, so that no name of a file is taken for an option.
            text = call([*arguments, "--", *map(os.fspath, paths)], accepted=(0, 3))
            rows = [json.loads(line) for line in text.splitlines()]
            of_exams = [json.loads(line) for line in table.read_text().splitlines()] if exams else []
        return rows, of_exams
