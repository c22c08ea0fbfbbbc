"""Other people's numbers for crates/metrics/tests/it/drift.rs.

    pip install numpy scipy scikit-learn
    python tests/reference/drift.py > crates/metrics/tests/it/fixtures/drift.json

scikit-learn has Ledoit and Wolf's shrinkage and Mahalanobis' distance, scipy the test of Kolmogorov and Smirnov and
relative entropies, of which the population stability index is the sum of two.
"""

import json

import numpy as np
from scipy import stats
from sklearn.covariance import LedoitWolf

rng = np.random.default_rng(2004)


def features(name, rows, width, far, dead=0):
    """Correlated features, some of which are never on; and rows of another distribution."""
    mixing = rng.normal(size=(width, width)) / np.sqrt(width)
    own = np.round(rng.normal(size=(rows, width)) @ mixing + far, 6)
    others = np.round(1.5 * rng.normal(size=(5, width)) + far, 6)
    own[:, :dead] = far
    fitted = LedoitWolf().fit(own)
    return {
        "name": name,
        "rows": own.tolist(),
        "others": others.tolist(),
        "shrinkage": fitted.shrinkage_,
        "mean": fitted.location_.tolist(),
        "covariance": fitted.covariance_.tolist(),
        "distances": np.sqrt(fitted.mahalanobis(np.vstack([own[:3], others]))).tolist(),
    }


def samples(name, first, second):
    first, second = np.round(first, 4), np.round(second, 4)
    exact = stats.ks_2samp(first, second, method="exact")
    m, n = len(first), len(second)
    limit = stats.kstwobign.sf(exact.statistic * np.sqrt(m * n / (m + n)))
    return {
        "name": name,
        "first": first.tolist(),
        "second": second.tolist(),
        "statistic": exact.statistic,
        "exact": exact.pvalue,
        "limit": limit,
    }


def stability(expected, found, added):
    p, q = np.array(expected) + added, np.array(found) + added
    index = stats.entropy(p, q) + stats.entropy(q, p)
    return {"expected": expected, "found": found, "added": added, "index": index}


large = samples("large", rng.normal(size=6000), rng.normal(0.03, 1, 5000))
del large["exact"]  # takes minutes here and is not asked for
print(
    json.dumps(
        {
            "features": [
                features("more rows than features", 60, 8, 0.0),
                features("fewer rows than features", 12, 20, 3.0),
                features("far from 0", 40, 6, 1000.0),
                features("some never on", 50, 10, 0.5, dead=3),
            ],
            "samples": [
                samples("alike", rng.normal(size=40), rng.normal(size=25)),
                samples("shifted", rng.normal(size=80), rng.normal(0.9, 1, 60)),
                samples("ties", rng.integers(0, 6, 50) / 5, rng.integers(0, 7, 31) / 5),
                samples("same size", rng.beta(1, 5, 30), rng.beta(1, 4, 30)),
                samples("few", rng.normal(size=3), rng.normal(2, 1, 200)),
                samples("far apart", rng.normal(size=70), rng.normal(4, 1, 90)),
                large,
            ],
            "stability": [
                stability([10, 20, 30, 40], [12, 18, 33, 37], 0.5),
                stability([100, 0, 5], [0, 80, 5], 0.5),
                stability([0.2, 0.3, 0.5], [0.25, 0.35, 0.4], 1e-6),
            ],
        }
    )
)
