"""Splits into training and validation, by the stages that recipes use."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ichflow import _ichflow


class Split:
    """A cross-validator with scikit-learn's interface.

    Args:
        n_splits: Folds. One gives a single split, with the stage's share ``valid`` for validation.
        stage: The stage's name: ``multilabel-stratified``, ``group-kfold``, ``random`` …
        seed: Of everything random; the same as a recipe's ``seed``.
        names: Names of the labels; union: which of them stands for all others, as ``any`` does in the RSNA challenge.
        parameters: The stage's other parameters.
    """

    def __init__(
        self,
        n_splits: int = 5,
        stage: str = "multilabel-stratified",
        seed: int = 0,
        names: Sequence[str] | None = None,
        union: str | None = None,
        **parameters: Any,
    ) -> None:
        if n_splits < 1:
            raise ValueError("n_splits is at least 1")
        self.n_splits, self.stage, self.seed, self.parameters = n_splits, stage, seed, parameters
        self.names, self.union = names, union

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Number of splits."""
        return self.n_splits

    def split(
        self, X: Any, y: npt.ArrayLike, groups: Sequence[Hashable] | None = None
    ) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
        """Pairs of indices, training and validation. ``y`` is ``[slices]`` or ``[slices, labels]``, ``groups`` the patients."""
        for fold in range(self.n_splits):
            parameters = dict(self.parameters)
            if self.n_splits > 1:
                parameters |= {"fold": fold, "of": self.n_splits}
            yield split(y, groups, self.stage, self.seed, self.names, self.union, **parameters)


def split(
    labels: npt.ArrayLike,
    groups: Sequence[Hashable] | None = None,
    stage: str = "multilabel-stratified",
    seed: int = 0,
    names: Sequence[str] | None = None,
    union: str | None = None,
    **parameters: Any,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Indices for training and for validation.

    ``labels`` is ``[slices]`` or ``[slices, labels]`` of 0, 1 or NaN (unknown); ``groups`` has the patient of each slice, who
    is never on both sides; without, every slice is a patient. Labels have ``names``, and one of them may be the ``union`` of
    the others, as ``any`` is in the RSNA challenge: told so, the split is the one that a recipe with these labels and this
    ``seed`` makes. ``parameters`` are the stage's: ``valid=0.2``, or ``fold=0, of=5``.
    """
    labels = np.asarray(labels, dtype=np.float64)
    if labels.ndim == 1:
        labels = labels[:, None]
    if labels.ndim != 2:
        raise ValueError("labels are [slices] or [slices, labels]")
    patients = [str(group) for group in (range(len(labels)) if groups is None else groups)]
    if names is None:
        names = [f"label_{number}" for number in range(labels.shape[1])]
    validation = np.asarray(
        _ichflow.fold_of_rows(stage, json.dumps(parameters), list(names), union, labels.tolist(), patients, seed)
    )
    return np.flatnonzero(~validation), np.flatnonzero(validation)
