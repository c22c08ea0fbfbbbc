"""Stacked ensembles by scikit-learn for plugins/prediction/tests/it/stacking.rs.

    pip install scikit-learn numpy
    python tests/reference/stacking.py > plugins/prediction/tests/fixtures/stacking.json

Three members predict one label of some slices; a logistic regression on their logits, fitted to the first
slices, combines them on the others.
"""

import json

import numpy as np
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

rng = np.random.default_rng(2019)


def case(count, l2, noise):
    z = rng.normal(-1, 1.5, count)
    truth = rng.random(count) < expit(z)
    members = np.round(expit(z[:, None] * [1.0, 2.0, 0.3] + rng.normal(0, noise, (count, 3))), 6)
    members = np.clip(members, 1e-4, 1 - 1e-4)
    half = count // 2
    x = logit(members)
    fitted = LogisticRegression(C=1 / l2, solver="newton-cholesky", tol=1e-12, max_iter=1000)
    fitted.fit(x[:half], truth[:half])
    return {
        "l2": l2,
        "members": members.tolist(),
        "truth": truth[:half].tolist(),
        "combined": fitted.predict_proba(x[half:])[:, 1].tolist(),
    }


print(json.dumps([case(240, 1.0, [0.5, 1.0, 2.0]), case(120, 0.01, [0.2, 0.2, 0.2]), case(200, 20.0, [1, 1, 3])]))
