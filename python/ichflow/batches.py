"""Batches of windowed images, read ahead by ichflow's threads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ichflow import _ichflow
from ichflow.images import Excluded, PathLike
from ichflow.windows import Window, window as window_of


class Batch(NamedTuple):
    """Some images; ``torch.from_numpy(batch.images)`` shares their memory."""

    #: ``float32 [n, channels, height, width]``
    images: npt.NDArray[np.float32]
    #: Numbers of the slices, ``int64 [n]``: places in :attr:`Batches.files`, and in labels of your own.
    indices: npt.NDArray[np.int64]


class Batches:
    """Windowed batches of the axial CT slices in files.

    Every iteration is an epoch: it goes once through all slices, in the files' order, or with ``shuffle`` in an order that
    ``seed`` and the number of the epoch decide. Reading, decoding, windowing and resizing are done ahead, on all cores and
    without the interpreter's lock.

    Args:
        paths: Files, or directories of them at any depth.
        window: A scheme as :func:`ichflow.window` takes it, or one that it made.
        size: Rows and columns of the images, in pixels; None keeps the stored size.
        batch: Slices of a batch; the last one has what is left.
        shuffle: Whether the order is random.
        seed: Of the order.
        shard: ``(rank, world)``: this process takes every ``world``-th slice of the epoch's order, from ``rank``. All
            shards have as many slices but for one.
        force: Takes what is no axial slice of CT too.
    """

    def __init__(
        self,
        paths: PathLike | Iterable[PathLike],
        window: str | Mapping[str, Any] | Window = "bsb",
        size: int | None = 256,
        batch: int = 32,
        shuffle: bool = False,
        seed: int = 0,
        shard: tuple[int, int] = (0, 1),
        force: bool = False,
    ) -> None:
        if isinstance(paths, (str, os.PathLike)):
            paths = [paths]
        if batch < 1:
            raise ValueError("batch is at least 1")
        rank, world = shard
        if not 0 <= rank < world:
            raise ValueError(f"shard is (rank, world) with 0 ≤ rank < world, and not {shard}")
        scheme = window if isinstance(window, Window) else window_of(window)
        self._reader = _ichflow.BatchReader([os.fspath(path) for path in paths], scheme._scheme, size, force)
        self.batch, self.shuffle, self.seed, self.shard = batch, shuffle, seed, shard
        #: The number of the next epoch. Set it where processes begin anew with each epoch.
        self.epoch = 0
        #: File and frame of every slice.
        self.files: list[tuple[str, int]] = self._reader.slices()
        #: Files that are not used, with reasons; grows where a slice's pixels turn out to be damaged.
        self.excluded: list[Excluded] = [Excluded(*one) for one in self._reader.excluded()]

    def order(self, epoch: int) -> npt.NDArray[np.int64]:
        """The slices of this shard in the order of an epoch."""
        count = len(self.files)
        order = np.arange(count)
        if self.shuffle:
            order = np.random.default_rng([self.seed, epoch]).permutation(count)
        rank, world = self.shard
        return order[rank::world]

    def __len__(self) -> int:
        """Batches of an epoch."""
        return -(-len(self.order(0)) // self.batch)

    def __iter__(self) -> Iterator[Batch]:
        order = self.order(self.epoch)
        self.epoch += 1
        # A reader of its own for each iteration, so that two do not mix; headers are read once.
        reader = self._reader.again()
        reader.start([order[at : at + self.batch].tolist() for at in range(0, len(order), self.batch)])
        try:
            while (made := reader.next()) is not None:
                indices, images, excluded = made
                for index, reason in excluded:
                    one = Excluded(self.files[index][0], reason)
                    if one not in self.excluded:
                        self.excluded.append(one)
                if indices:
                    yield Batch(images, np.asarray(indices, dtype=np.int64))
        finally:
            reader.stop()
