"""Other people's numbers for crates/metrics/tests/it/triage.rs.

    pip install numpy scipy crepes
    python tests/reference/triage.py > crates/metrics/tests/it/fixtures/triage.json

scipy has the binomial distribution, by which thresholds are tested here once more, one case after the other;
crepes (Bostrom) has p values of class-conditional (Mondrian) conformal classifiers.
"""

import json

import numpy as np
from crepes import WrapClassifier
from scipy.stats import binom

rng = np.random.default_rng(2012)


class Given:
    """A classifier whose probabilities are its input."""

    classes_ = np.array([0, 1])

    def fit(self, x, y):
        return self

    def predict_proba(self, x):
        return np.column_stack([1 - x[:, 0], x[:, 0]])


def needed(alpha, delta, errors):
    cases = errors + 1
    while binom.cdf(errors, cases, alpha) > delta:
        cases += 1
    return cases


def tested(truth, scores, alpha, delta, high):
    """(cases, errors, p value, accepted) of each threshold tested, the strictest first."""
    order = np.argsort(-scores if high else scores, kind="stable")
    scores, wrong = scores[order], (~truth if high else truth)[order]
    steps, before = [], 0
    for allowed in range(len(scores)):
        cases = needed(alpha, delta, allowed)
        while cases < len(scores) and scores[cases] == scores[cases - 1]:
            cases += 1
        if cases >= len(scores):
            break
        if cases <= before:
            continue
        before = cases
        errors = int(wrong[:cases].sum())
        p = float(binom.cdf(errors, cases, alpha))
        steps.append([cases, errors, p, p <= delta])
        if p > delta:
            break
    return steps


def case(name, cases, prevalence, distance, digits):
    truth = rng.random(cases) < prevalence
    logits = rng.normal(0, 1, cases) + distance * truth - distance / 2
    scores = np.round(1 / (1 + np.exp(-logits)), digits)
    asked = np.round(np.append(rng.random(30), scores[:10]), digits)
    wrapped = WrapClassifier(Given())
    wrapped.calibrate(scores[:, None], truth.astype(int), class_cond=True)
    p = wrapped.predict_p(asked[:, None], smoothing=False)
    return {
        "name": name,
        "truth": truth.tolist(),
        "scores": scores.tolist(),
        "sequences": [
            {"alpha": alpha, "delta": delta, "high": high, "steps": tested(truth, scores, alpha, delta, high)}
            for alpha, delta in [(0.1, 0.1), (0.05, 0.05), (0.2, 0.02)]
            for high in [True, False]
        ],
        "asked": asked.tolist(),
        "negative_p": p[:, 0].tolist(),
        "positive_p": p[:, 1].tolist(),
    }


print(
    json.dumps(
        {
            "binomial": [
                [k, n, alpha, float(binom.cdf(k, n, alpha))]
                for k, n, alpha in [(0, 22, 0.1), (3, 80, 0.05), (40, 300, 0.2), (0, 1, 0.9), (7, 7, 0.3)]
                + [(900, 20_000, 0.05), (180, 20_000, 0.01)]
            ],
            "needed": [
                [errors, alpha, delta, needed(alpha, delta, errors)]
                for errors in [0, 1, 5, 30]
                for alpha, delta in [(0.1, 0.1), (0.05, 0.05), (0.01, 0.1), (0.3, 0.01)]
            ],
            "cases": [
                case("continuous", 400, 0.4, 3.5, 6),
                case("ties", 300, 0.4, 4.0, 2),
                case("few positives", 250, 0.06, 4.0, 4),
            ],
        },
    )
)
