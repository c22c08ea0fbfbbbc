"""Deviations of the Python package iterative-stratification, for plugins/splitting/tests/acceptance.rs.

    pip install iterative-stratification==0.1.9
    python tests/reference/splitting.py > plugins/splitting/tests/fixtures/iterative_stratification.json

Rows are made by integers alone, so that both languages make the same, in two ways; P is prevalence·2^32,
rounded down, and `any` is the OR of the five others:
- together: label l of row i is positive where splitmix64(8·i + l) >> 32 is below P[l];
- alone: splitmix64(8·i) >> 32 falls into at most one of five consecutive intervals of lengths P[1..5].
"""

import json

import numpy as np
from iterstrat.ml_stratifiers import MultilabelStratifiedKFold, MultilabelStratifiedShuffleSplit

ROWS, SEEDS, SHARE, FOLDS = 20_000, 30, 0.06, 5
# The competition's stage-2 prevalences: epidural, intraparenchymal, intraventricular, subarachnoid, subdural.
PREVALENCE = [0.004178, 0.047978, 0.034810, 0.047390, 0.062654]
P = [int(p * 2**32) for p in PREVALENCE]
MASK = (1 << 64) - 1


def splitmix64(x):
    z = (x + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def together(i):
    return [splitmix64(8 * i + l + 1) >> 32 < p for l, p in enumerate(P)]


def alone(i):
    draw = splitmix64(8 * i) >> 32
    edges = np.cumsum([0] + P).tolist()
    return [edges[l] <= draw < edges[l + 1] for l in range(5)]


def summary(labels, parts):
    total = labels.sum(0)
    deviations = np.array([labels[part].sum(0) - share * total for part, share in parts])
    sizes = [len(part) for part, _ in parts]
    return {
        "deviation_min": deviations.min(0).round(6).tolist(),
        "deviation_max": deviations.max(0).round(6).tolist(),
        "size_min": min(sizes),
        "size_max": max(sizes),
    }


def splits(subtypes):
    labels = np.array([[any(row)] + row for row in map(subtypes, range(ROWS))])
    validation, folds = [], []
    for seed in range(SEEDS):
        split = MultilabelStratifiedShuffleSplit(n_splits=1, test_size=SHARE, random_state=seed)
        validation += [(test, SHARE) for _, test in split.split(labels, labels)]
        split = MultilabelStratifiedKFold(n_splits=FOLDS, shuffle=True, random_state=seed)
        folds += [(test, 1 / FOLDS) for _, test in split.split(labels, labels)]
    return {
        "positives": labels.sum(0).tolist(),
        "validation": summary(labels, validation),
        "k_fold": summary(labels, folds),
    }


print(
    json.dumps(
        {
            "rows": ROWS,
            "seeds": SEEDS,
            "share": SHARE,
            "folds": FOLDS,
            "prevalence": PREVALENCE,
            "together": splits(together),
            "alone": splits(alone),
        },
        indent=1,
    )
)
