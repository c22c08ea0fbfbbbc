"""Files to Hounsfield units."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ichflow import _ichflow
from ichflow._ichflow import Header

PathLike = str | os.PathLike


class Image(NamedTuple):
    """A slice."""

    #: HU, ``int16 [rows, columns]``; axial images stand as radiologists look at them.
    hu: npt.NDArray[np.int16]
    #: What its file says of it.
    header: Header


class Excluded(NamedTuple):
    """A file that cannot be used."""

    file: str
    reason: str


def read(path: PathLike, frame: int | None = None) -> Image:
    """A slice of a DICOM or NIfTI file.

    Of a file of several frames ``frame`` says which, from 0. ``ReadError`` names a file that cannot be read, with the
    reason; ``ValueError`` tells how many frames there are where that has to be said.
    """
    frames = _ichflow.read(os.fspath(path))
    if frame is None:
        if len(frames) > 1:
            raise ValueError(f"{path} has {len(frames)} frames: say which, or use read_many")
        frame = 0
    if not 0 <= frame < len(frames):
        raise ValueError(f"{path} has no frame {frame}, but {len(frames)}")
    return Image(*frames[frame])


def read_many(
    paths: PathLike | Iterable[PathLike], threads: int | None = None
) -> tuple[list[Image], list[Excluded]]:
    """All slices of files, and of the files in directories at any depth, read on ``threads`` threads (all cores).

    The order is that of the arguments, by name within a directory, by frame within a file. One bad file never ends the
    call: it is among the excluded ones, with its reason. Other threads of Python run meanwhile.
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    images, excluded = _ichflow.read_many([os.fspath(path) for path in paths], threads)
    return [Image(*one) for one in images], [Excluded(*one) for one in excluded]
