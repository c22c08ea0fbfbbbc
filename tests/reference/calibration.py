"""scikit-learn's calibration curves for plugins/prediction/tests/it/calibration.rs.

    pip install scikit-learn scipy numpy
    python tests/reference/calibration.py > plugins/prediction/tests/fixtures/calibration.json

Platt: scikit-learn minimises the same loss with the same targets by L-BFGS, to fewer digits than Newton's
method; its numbers are polished here by a minimiser with a tight tolerance and held against its own.
Temperature: the same loss without the offset. Isotonic: IsotonicRegression, clipped beyond the ends.
"""

import json

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression

rng = np.random.default_rng(2019)


def sigmoid_fit(x, truth, with_offset):
    positives = truth.sum()
    target = np.where(truth, (positives + 1) / (positives + 2), 1 / (len(truth) - positives + 2))

    def loss(v):
        z = v[0] * x + (v[1] if with_offset else 0)
        error = expit(z) - target
        value = (np.logaddexp(0, z) - target * z).sum()
        return value, np.array([(error * x).sum(), error.sum()][: len(v)])

    start = np.array([1.0, 0.0][: 1 + with_offset])
    return minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-10}).x


def case(name, said, truth):
    at = np.linspace(0.0005, 0.9995, 41)
    x, x_at = logit(said), logit(at)
    slope, offset = sigmoid_fit(x, truth, True)
    platt = expit(slope * x_at + offset)
    assert np.abs(platt - _SigmoidCalibration().fit(x, truth).predict(x_at)).max() < 1e-3
    (inverse,) = sigmoid_fit(x, truth, False)
    isotonic = IsotonicRegression(out_of_bounds="clip").fit(said, truth).predict(at)
    margin = 1 / (len(truth) + 2)
    return {
        "name": name,
        "said": said.tolist(),
        "truth": truth.tolist(),
        "at": at.tolist(),
        "platt": platt.tolist(),
        "temperature": expit(inverse * x_at).tolist(),
        "isotonic": np.clip(isotonic, margin, 1 - margin).tolist(),
    }


def made(count, slope, offset, digits=9):
    true = expit(rng.normal(-1.5, 1.5, count))
    said = np.clip(np.round(expit(slope * logit(true) + offset), digits), 0.001, 0.999)
    return said, rng.random(count) < true


cases = [
    case("overconfident", *made(300, 2.5, 0.4)),
    case("timid", *made(200, 0.4, -0.3)),
    case("ties", *made(250, 1.5, 0.0, digits=1)),
    case("separated", np.linspace(0.1, 0.9, 40), np.arange(40) >= 25),
]
print(json.dumps(cases))
