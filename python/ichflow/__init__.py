"""Head CT for intracranial hemorrhage, from DICOM files to batches, and the runs and bundles of ichflow.

Hounsfield units are NumPy ``int16``, images ``float32``. What is computed here is computed by the same code as in
``ichflow run``: a window is the recipe's window, bit for bit.
"""

from ichflow import metrics
from ichflow._ichflow import Header, IchflowError, ReadError, RecipeError, __version__
from ichflow.batches import Batch, Batches
from ichflow.bundle import Bundle
from ichflow.images import Excluded, Image, read, read_many
from ichflow.program import run
from ichflow.runs import Run
from ichflow.splits import Split, split
from ichflow.store import Store
from ichflow.windows import Window, window

__all__ = [
    "Batch",
    "Batches",
    "Bundle",
    "Excluded",
    "Header",
    "IchflowError",
    "Image",
    "ReadError",
    "RecipeError",
    "Run",
    "Split",
    "Store",
    "Window",
    "__version__",
    "metrics",
    "read",
    "read_many",
    "run",
    "split",
    "window",
]
