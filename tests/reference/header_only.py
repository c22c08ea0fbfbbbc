"""scikit-learn's pipeline for plugins/prediction/tests/it/header_only.rs: numbers imputed by their means with an indicator,
names one-hot with rare and unseen ones in one column, all standardised, and a logistic regression.

    pip install scikit-learn numpy pandas
    python tests/reference/header_only.py > plugins/prediction/tests/fixtures/header_only.json
"""

import json

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

rng = np.random.default_rng(20)
TRAIN, VALID = 160, 60
LEAST, L2 = 3, 0.5
NUMBERS = ["spacing", "thickness", "age", "center"]
NAMES = ["bits", "kernel", "model", "kvp", "sex"]


def headers(count, kernels, models):
    return pd.DataFrame(
        {
            "spacing": rng.integers(25, 40, count) / 64,
            "thickness": rng.choice([0.625, 2.5, 5.0, np.nan], count),
            "age": np.where(rng.random(count) < 0.3, np.nan, rng.integers(18, 89, count)),
            "center": rng.choice([35.0, 40.0, 600.0], count),
            "bits": rng.choice([12, 16], count),
            "kernel": rng.choice(kernels, count),
            "model": rng.choice(models, count),
            "kvp": rng.choice([100.0, 120.0, 140.0], count),
            "sex": rng.choice(["F", "M", ""], count),
        }
    )


# Kernels that are rare in training, and one that is never seen there; all models are frequent, and one is new later.
train = headers(TRAIN, ["J40s"] * 40 + ["FC21"] * 30 + ["odd"], ["Alder", "Birch"])
train.loc[0, "kernel"], train.loc[1, "kernel"] = "odd", "odder"
valid = headers(VALID, ["J40s", "FC21", "odd", "never seen"], ["Alder", "Birch", "Cedar"])
z = -1.0 + 1.5 * (train["kernel"] == "FC21") + 0.8 * (train["sex"] == "") + 0.02 * (train["age"].fillna(60) - 60)
truth = rng.random(TRAIN) < 1 / (1 + np.exp(-z))

numbers = make_pipeline(SimpleImputer(strategy="mean", add_indicator=True), StandardScaler())
names = make_pipeline(
    OneHotEncoder(min_frequency=LEAST, handle_unknown="infrequent_if_exist", sparse_output=False), StandardScaler()
)
model = make_pipeline(
    ColumnTransformer([("numbers", numbers, NUMBERS), ("names", names, NAMES)]),
    LogisticRegression(C=1 / L2, solver="newton-cholesky", tol=1e-12, max_iter=1000),
)
model.fit(train, truth)


def rows(frame):
    return json.loads(frame.to_json(orient="records", double_precision=15))


print(
    json.dumps(
        {
            "least": LEAST,
            "l2": L2,
            "train": rows(train),
            "truth": truth.tolist(),
            "valid": rows(valid),
            "probabilities": model.predict_proba(valid)[:, 1].tolist(),
        }
    )
)
