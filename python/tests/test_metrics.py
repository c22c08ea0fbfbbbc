import math

import numpy as np
import pytest
from ichflow import metrics


def test_the_weighted_log_loss_is_that_of_the_challenge():
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, (50, 6))
    probabilities = random.uniform(0.01, 0.99, (50, 6))
    cross_entropy = -(truth * np.log(probabilities) + (1 - truth) * np.log(1 - probabilities))
    expected = np.average(cross_entropy, axis=1, weights=metrics.RSNA_WEIGHTS).mean()
    assert metrics.weighted_log_loss(truth, probabilities) == pytest.approx(expected, abs=1e-14)
    unknown = truth.astype(float)
    unknown[:, 1:] = math.nan
    assert metrics.weighted_log_loss(unknown, probabilities) == pytest.approx(cross_entropy[:, 0].mean(), abs=1e-14)
    with pytest.raises(ValueError, match="weights"):
        metrics.weighted_log_loss([[1, 0]], [[0.5, 0.5]])


def test_areas_and_their_intervals():
    truth = [0, 0, 1, 1, 0, 1, 0, 1]
    scores = [0.1, 0.4, 0.35, 0.8, 0.2, 0.9, 0.5, 0.5]
    # Of 16 pairs of a positive and a negative 13 are in order and one is a tie.
    assert metrics.auroc(truth, scores) == pytest.approx(13.5 / 16)
    by_slice = metrics.auroc_interval(truth, scores)
    assert by_slice.method == "DeLong" and by_slice.interval[0] < by_slice.auroc < by_slice.interval[1]
    by_patient = metrics.auroc_interval(truth, scores, groups=["a", "a", "b", "b", "c", "c", "d", "d"])
    assert by_patient.method == "Obuchowski" and by_patient.auroc == by_slice.auroc
    assert math.isnan(metrics.auroc([1, 1], [0.1, 0.2]))
    with pytest.raises(ValueError, match="0 or 1"):
        metrics.auroc([0.5, 1], [0.1, 0.2])


def test_against_scikit_learn():
    sklearn = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(1)
    truth = random.integers(0, 2, 300)
    scores = random.normal(size=300).round(1) + truth
    assert metrics.auroc(truth, scores) == pytest.approx(sklearn.roc_auc_score(truth, scores), abs=1e-12)
    precision = sklearn.average_precision_score(truth, scores)
    assert metrics.average_precision(truth, scores) == pytest.approx(precision, abs=1e-12)
