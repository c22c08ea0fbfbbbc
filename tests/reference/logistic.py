"""scikit-learn's logistic regression for plugins/prediction/tests/it/logistic.rs.

    pip install scikit-learn numpy
    python tests/reference/logistic.py > plugins/prediction/tests/fixtures/logistic.json
"""

import json

import numpy as np
from sklearn.linear_model import LogisticRegression

rng = np.random.default_rng(2019)


def case(count, features, l2, rare):
    x = np.round(rng.normal(0, 1, (count, features)), 6)
    z = x @ rng.normal(0, 1.5, features) - rare
    truth = rng.random(count) < 1 / (1 + np.exp(-z))
    fitted = LogisticRegression(C=1 / l2, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(x, truth)
    return {
        "l2": l2,
        "features": x.tolist(),
        "truth": truth.tolist(),
        "offset": float(fitted.intercept_[0]),
        "weights": fitted.coef_[0].tolist(),
    }


print(json.dumps([case(120, 4, 1.0, 0.0), case(80, 6, 0.01, 1.0), case(150, 5, 30.0, 3.0)]))
