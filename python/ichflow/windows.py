"""Windowing schemes: from Hounsfield units to the channels a network sees."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ichflow import _ichflow
from ichflow._ichflow import Header
from ichflow.toml_text import table_text


class Window:
    """A windowing scheme of a recipe; made by :func:`window`, called with arrays."""

    def __init__(self, scheme: _ichflow.Scheme) -> None:
        self._scheme = scheme

    @property
    def channels(self) -> int:
        """Channels it makes."""
        return self._scheme.channels

    @property
    def offsets(self) -> list[int]:
        """Places along the series that it looks at, relative to the slice: −1 is the one before."""
        return self._scheme.offsets

    def __call__(
        self, hu: npt.NDArray[np.int16], headers: Header | Sequence[Header] | None = None
    ) -> npt.NDArray[np.float32]:
        """``int16 [rows, columns]`` to ``float32 [channels, rows, columns]``, or a batch of them, with one axis more.

        Slices of a batch are neighbours in their order, for schemes that look along the series. Schemes that ask a
        slice's header (``metadata``, ``dicom-voi``) take ``headers``, one a slice; without, they do what they do where a
        header says nothing.
        """
        hu = np.asarray(hu)
        if hu.dtype != np.int16:
            raise TypeError(f"hu is {hu.dtype}, and Hounsfield units are int16")
        if hu.ndim not in (2, 3):
            raise ValueError(f"hu has {hu.ndim} axes; it is [rows, columns] or [batch, rows, columns]")
        batch = hu[None] if hu.ndim == 2 else hu
        if isinstance(headers, Header):
            headers = [headers]
        images = self._scheme.apply(batch, None if headers is None else list(headers))
        return images[0] if hu.ndim == 2 else images


def window(scheme: str | os.PathLike | Mapping[str, Any], sets: Iterable[str] = ()) -> Window:
    """A windowing scheme: its name (``"bsb"``), a recipe's table (``{"use": "sigmoid", "eps": 0.01}``), or a recipe's file.

    ``sets`` sets values over a recipe's file, as ``--set`` does. ``RecipeError`` has all that is wrong, as
    ``ichflow check`` says it.
    """
    if isinstance(scheme, Mapping):
        return Window(_ichflow.Scheme(text=table_text("window", scheme)))
    if isinstance(scheme, str) and not scheme.endswith(".toml"):
        return Window(_ichflow.Scheme(text=table_text("window", {"use": scheme})))
    return Window(_ichflow.Scheme(recipe=os.fspath(scheme), sets=list(sets)))
