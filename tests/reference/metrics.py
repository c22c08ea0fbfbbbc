"""scikit-learn's numbers for crates/metrics/tests/it/scikit_learn.rs.

    pip install scikit-learn numpy
    python tests/reference/metrics.py > crates/metrics/tests/it/fixtures/metrics.json

scikit-learn clips probabilities at its own epsilon, so the log loss is written out here with ours, and
held against scikit-learn's where nothing needs clipping. What is undefined with one class is null.
"""

import json
import warnings

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

EPS = 1e-15
WEIGHTS = np.array([2.0, 1, 1, 1, 1, 1])
rng = np.random.default_rng(2019)
warnings.simplefilter("error")


def cross_entropy(truth, probability):
    of_truth = np.clip(np.where(truth, probability, 1 - probability), EPS, 1 - EPS)
    return -np.log(of_truth)


def calibration_error(truth, scores, bins):
    """scikit-learn has the curve but not the counts; its bins are those of `searchsorted` here."""
    observed, predicted = calibration_curve(truth, scores, n_bins=bins, strategy="uniform")
    bin_of = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], scores)
    counts = np.bincount(bin_of, minlength=bins)
    counts = counts[counts > 0]
    assert len(counts) == len(observed)
    return float((counts * np.abs(observed - predicted)).sum() / len(truth))


def sensitivity_at(truth, scores, specificity):
    x, y, _ = roc_curve(truth, scores, drop_intermediate=False)
    return float(y[1 - x >= specificity - 1e-12].max())


def case(name, truth, scores):
    truth, scores = np.asarray(truth, bool), np.asarray(scores, float)
    both = 0 < truth.sum() < len(truth)
    result = {
        "name": name,
        "truth": truth.tolist(),
        "scores": scores.tolist(),
        "log_loss": cross_entropy(truth, scores).mean(),
        "accuracy": accuracy_score(truth, scores >= 0.5),
        "auc": roc_auc_score(truth, scores) if both else None,
        "average_precision": average_precision_score(truth, scores) if truth.any() else None,
    }
    labels = [False, True]
    result["brier"] = float(np.mean((scores - truth) ** 2))
    result["calibration_error"] = {}
    result["confusion"] = {}
    for threshold in [0.1, 0.25, 0.5, 0.9]:
        called = scores >= threshold
        ((tn, fp), (fn, tp)) = confusion_matrix(truth, called, labels=labels).tolist()
        f1 = f1_score(truth, called) if tp + fp + fn > 0 else None
        result["confusion"][str(threshold)] = {"counts": [tp, fp, fn, tn], "f1": f1}
    if both:
        assert abs(brier_score_loss(truth, scores) - result["brier"]) < 1e-12
        for bins in [1, 5, 10, 15]:
            result["calibration_error"][str(bins)] = calibration_error(truth, scores, bins)
        result["sensitivity_at"] = {str(s): sensitivity_at(truth, scores, s) for s in [0.5, 0.9, 0.95, 1.0]}
        x, y, _ = roc_curve(truth, scores, drop_intermediate=False)
        result["roc"] = np.transpose([x, y]).tolist()
    if truth.any():
        precision, recall, _ = precision_recall_curve(truth, scores)
        # Recall ascending, without the point (0, 1) that scikit-learn adds.
        result["precision_recall"] = np.transpose([recall, precision])[:-1][::-1].tolist()
    if scores.min() > 1e-12 and scores.max() < 1 - 1e-12:
        assert abs(log_loss(truth, scores, labels=[False, True]) - result["log_loss"]) < 1e-12
    return result


few = rng.random(40)
cases = [
    case("distinct scores", rng.random(200) < 0.3, rng.random(200)),
    case("many ties", rng.random(300) < 0.2, np.round(rng.random(300), 1)),
    case("all scores equal", rng.random(50) < 0.5, np.full(50, 0.25)),
    case("no positive", np.zeros(40, bool), few),
    case("no negative", np.ones(40, bool), few),
    case("one slice", [True], [0.7]),
    case("certain and sometimes wrong", [True, False, True, False], [1.0, 0.0, 0.0, 1.0]),
    case("skilled and rare", np.arange(500) % 50 == 0, (np.arange(500) % 50 == 0) * 0.4 + 0.6 * rng.random(500)),
]
truth = rng.random((120, 6)) < 0.2
probabilities = np.clip(rng.random((120, 6)) * 1.02 - 0.01, 0, 1)
losses = cross_entropy(truth, probabilities)
weighted = {
    "truth": truth.tolist(),
    "probabilities": probabilities.tolist(),
    "loss": float((losses * WEIGHTS).sum() / (WEIGHTS.sum() * len(truth))),
    "prevalence": truth.mean(0).tolist(),
    "prevalence_loss": float((cross_entropy(truth, np.tile(truth.mean(0), (120, 1))) * WEIGHTS).sum() / (7 * 120)),
}
print(json.dumps({"eps": EPS, "cases": cases, "weighted": weighted}))
