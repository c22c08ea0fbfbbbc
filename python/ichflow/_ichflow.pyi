"""What is compiled. The modules beside this one are what people call."""

from os import PathLike

import numpy as np
import numpy.typing as npt

__version__: str

class IchflowError(Exception):
    """What ichflow cannot do, and what to do about it."""

class ReadError(IchflowError):
    """A file that cannot be used."""

    #: The file.
    file: str
    #: Why.
    reason: str

class RecipeError(IchflowError):
    """A recipe or a table of one that is wrong, with every mistake and where it is."""

class Header:
    """What a file says of a slice. UIDs and PatientID are as stored."""

    file: PathLike[str]
    #: Frame within the file, from 0.
    frame: int
    sop_instance_uid: str
    series_instance_uid: str
    study_instance_uid: str
    patient_id: str
    rows: int
    columns: int
    #: Along the normal of the image plane, in mm; SliceLocation where there is no position.
    position_mm: float | None
    #: Between rows and between columns, in mm.
    spacing_mm: tuple[float, float] | None
    thickness_mm: float | None
    #: Direction cosines of a row and of a column, six numbers.
    orientation: list[float] | None
    #: First value, in HU.
    window_center: float | None
    #: First value, in HU.
    window_width: float | None
    bits_stored: int
    rescale_slope: float
    rescale_intercept: float
    #: Why it is no axial slice of CT in HU; None if it is one.
    not_axial_ct: str | None
    #: What deserves attention although the slice can be used.
    warnings: list[str]

class Scheme:
    channels: int
    offsets: list[int]
    def __init__(
        self, *, text: str | None = None, recipe: str | None = None, sets: list[str] = ...
    ) -> None: ...
    def apply(self, hu: npt.NDArray[np.int16], headers: list[Header] | None) -> npt.NDArray[np.float32]: ...

class BatchReader:
    def __init__(self, paths: list[str], scheme: Scheme, size: int | None, force: bool) -> None: ...
    def again(self) -> BatchReader: ...
    def slices(self) -> list[tuple[str, int]]: ...
    def excluded(self) -> list[tuple[str, str]]: ...
    def start(self, batches: list[list[int]]) -> None: ...
    def next(self) -> tuple[list[int], npt.NDArray[np.float32], list[tuple[int, str]]] | None: ...
    def stop(self) -> None: ...

def main(arguments: list[str]) -> int: ...
def read(path: str) -> list[tuple[npt.NDArray[np.int16], Header]]: ...
def read_many(
    paths: list[str], threads: int | None
) -> tuple[list[tuple[npt.NDArray[np.int16], Header]], list[tuple[str, str]]]: ...
def fold_of_rows(
    stage: str,
    parameters: str,
    names: list[str],
    union: str | None,
    labels: list[list[float]],
    groups: list[str],
    seed: int,
) -> list[bool]: ...
def weighted_log_loss(
    truth: list[list[float]], probabilities: list[list[float]], weights: list[float], eps: float
) -> float | None: ...
def auroc(truth: list[bool], scores: list[float]) -> float | None: ...
def average_precision(truth: list[bool], scores: list[float]) -> float | None: ...
def auroc_interval(
    truth: list[bool], scores: list[float], groups: list[int], confidence: float
) -> tuple[float, float, tuple[float, float] | None]: ...
