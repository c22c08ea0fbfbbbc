"""cleanlab's numbers for crates/metrics/tests/it/label_errors.rs.

    pip install cleanlab
    python tests/reference/label_errors.py > crates/metrics/tests/it/fixtures/label_errors.json

Labels of which a share was flipped, with probabilities that know the truth more or less well: common and rare, sharp
and blunt, with many ties. Of each: thresholds, confident joint, joint made to fit the given labels (not rounded, from
cleanlab's own counts, and rounded as cleanlab does) and the cases that find_label_issues doubts, by self-confidence
and by normalised margin. The labels of one set are also asked for together, as one multi-label problem.
"""

import json

import cleanlab
import numpy as np
from cleanlab.count import calibrate_confident_joint, compute_confident_joint, get_confident_thresholds
from cleanlab.filter import find_label_issues
from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class

rng = np.random.default_rng(2021)
CASES = 160


def made(prevalence, flipped, spread, digits):
    """Given labels of which some are flipped, and probabilities of the true ones."""
    truth = rng.random(CASES) < prevalence
    logit = np.where(truth, 1.6, -2.2) + rng.normal(0, spread, CASES)
    probability = np.round(1 / (1 + np.exp(-logit)), digits)
    given = truth ^ (rng.random(CASES) < flipped)
    return given.astype(int), probability


def binary(name, given, probability):
    both = np.stack([1 - probability, probability], axis=1)
    joint = compute_confident_joint(given, both, calibrate=False)
    counts = np.bincount(given, minlength=2)

    def issues(by):
        found = find_label_issues(
            given, both, filter_by="confident_learning", return_indices_ranked_by=by, n_jobs=1
        )
        return [int(case) for case in found]

    return {
        "name": name,
        "given": [bool(label) for label in given],
        "probability": probability.tolist(),
        "thresholds": get_confident_thresholds(given, both).tolist(),
        "confident": joint.tolist(),
        "joint": (joint.T / joint.sum(axis=1) * counts).T.tolist(),
        "joint_rounded": calibrate_confident_joint(joint, given).tolist(),
        "by_self_confidence": issues("self_confidence"),
        "by_margin": issues("normalized_margin"),
    }


settings = [
    ("common", 0.45, 0.08, 1.0, 12),
    ("rare", 0.08, 0.04, 1.2, 12),
    ("blunt", 0.3, 0.15, 3.0, 12),
    ("ties", 0.3, 0.1, 1.5, 1),
]
columns = [(name, *made(*setting)) for name, *setting in settings]
given = np.stack([column[1] for column in columns], axis=1)
probability = np.stack([column[2] for column in columns], axis=1)
together = find_multilabel_issues_per_class(
    [np.flatnonzero(row).tolist() for row in given],
    probability,
    filter_by="confident_learning",
    return_indices_ranked_by="self_confidence",
    n_jobs=1,
)[0]
print(
    json.dumps(
        {
            "cleanlab": cleanlab.__version__,
            "labels": [binary(*column) for column in columns],
            "together": [[int(case) for case in found] for found in together],
        }
    )
)
