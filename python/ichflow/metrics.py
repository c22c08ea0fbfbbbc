"""Metrics in float64, as ``metrics.json`` has them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ichflow import _ichflow

#: Weights of any, epidural, intraparenchymal, intraventricular, subarachnoid, subdural in the RSNA 2019 challenge.
RSNA_WEIGHTS = (2.0, 1.0, 1.0, 1.0, 1.0, 1.0)


class AurocInterval(NamedTuple):
    """An area under the ROC curve and how certain it is."""

    auroc: float
    standard_error: float
    #: Ends of the interval on the logit scale; None where all positives are above all negatives, or the like.
    interval: tuple[float, float] | None
    #: ``"DeLong"``, or ``"Obuchowski"`` where patients have several rows.
    method: str


def weighted_log_loss(
    truth: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    weights: Sequence[float] = RSNA_WEIGHTS,
    eps: float = 1e-15,
) -> float:
    """Mean log loss over ``[slices, labels]``, labels weighted; NaN in ``truth`` is unknown and does not count.

    ``eps`` keeps probabilities away from 0 and 1. NaN where no truth is known.
    """
    truth = np.atleast_2d(np.asarray(truth, dtype=np.float64))
    probabilities = np.atleast_2d(np.asarray(probabilities, dtype=np.float64))
    loss = _ichflow.weighted_log_loss(truth.tolist(), probabilities.tolist(), list(weights), eps)
    return float("nan") if loss is None else loss


def auroc(truth: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Area under the ROC curve, ties counting half; NaN where all are of one class."""
    area = _ichflow.auroc(*_cases(truth, scores))
    return float("nan") if area is None else area


def average_precision(truth: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Average precision, as scikit-learn defines it; NaN without positives."""
    precision = _ichflow.average_precision(*_cases(truth, scores))
    return float("nan") if precision is None else precision


def auroc_interval(
    truth: npt.ArrayLike,
    scores: npt.ArrayLike,
    groups: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> AurocInterval:
    """AUROC with DeLong's standard error (1988), or Obuchowski's (1997) where ``groups``, the patients, repeat.

    ``ValueError`` with fewer than two positives or negatives.
    """
    truth, scores = _cases(truth, scores)
    numbers: dict[Hashable, int] = {}
    patients = range(len(truth)) if groups is None else groups
    clusters = [numbers.setdefault(group, len(numbers)) for group in patients]
    method = "DeLong" if len(numbers) == len(clusters) else "Obuchowski"
    return AurocInterval(*_ichflow.auroc_interval(truth, scores, clusters, confidence), method)


def _cases(truth: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[list[bool], list[float]]:
    truth = np.asarray(truth)
    if not np.isin(truth, (0, 1)).all():
        raise ValueError("truth is 0 or 1")
    return truth.astype(bool).ravel().tolist(), np.asarray(scores, dtype=np.float64).ravel().tolist()
