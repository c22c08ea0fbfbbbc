"""Other people's numbers for crates/metrics/tests/it/statistics.rs.

    pip install numpy scipy scikit-learn statsmodels dcurves       # and R with pROC
    python tests/reference/statistics.py doAUCcluster.R > crates/metrics/tests/it/fixtures/statistics.json

doAUCcluster.R is an adaptation of N. Obuchowski's own program for clustered ROC curves, in the public domain:
github.com/DIDSR/mitoticFigureCounts, R/doAUCcluster.R. pROC (R) has DeLong; scipy the special functions, exact
and Wilson intervals and relative risks (a likelihood ratio is one); statsmodels logistic regression with errors
that respect clusters, and corrections for many tests; scikit-learn partial areas and isotonic regression;
dcurves net benefit.
"""

import csv
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import dcurves
import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import special, stats
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

rng = np.random.default_rng(2019)


def made(name, patients, most, digits, positive):
    """Cases of patients who differ, two models of which the second is better; both see some of a patient."""
    cases = rng.integers(1, most + 1, patients)
    patient = np.repeat(np.arange(patients), cases)
    own = rng.normal(0, 1.0, patients)[patient]
    truth = rng.normal(0, 1, len(patient)) + own > positive
    common = rng.normal(0, 1, len(patient)) + 0.5 * own
    first = special.expit(1.2 * truth + common + 0.8 * rng.normal(0, 1, len(patient)) - 1)
    second = special.expit(1.6 * truth + 0.9 * common + 0.6 * rng.normal(0, 1, len(patient)) - 1)
    limits = (10.0**-digits, 1 - 10.0**-digits)
    return {
        "name": name,
        "truth": truth,
        "first": np.clip(np.round(first, digits), *limits),
        "second": np.clip(np.round(second, digits), *limits),
        "patient": patient,
    }


def of_r(cases):
    rows = [
        (case["name"], int(t), repr(float(a)), repr(float(b)), int(p))
        for case in cases
        for t, a, b, p in zip(case["truth"], case["first"], case["second"], case["patient"])
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["case", "truth", "first", "second", "patient"])
        writer.writerows(rows)
        file.flush()
        script = Path(__file__).with_suffix(".R")
        printed = subprocess.run(
            ["Rscript", script, file.name, sys.argv[1]], check=True, capture_output=True, text=True
        ).stdout
    found = {case["name"]: {} for case in cases}
    for name, what, value in csv.reader(io.StringIO(printed)):
        found[name][what] = float(value)
    return found


def calibration(case):
    truth, logit = case["truth"].astype(float), special.logit(case["first"])
    design = sm.add_constant(logit)

    def fit(x, offset=None):
        model = sm.GLM(truth, x, family=sm.families.Binomial(), offset=offset)
        return model.fit(
            cov_type="cluster", cov_kwds={"groups": case["patient"]}, tol=1e-14, tol_criterion="params", maxiter=100
        )

    line, large = fit(design), fit(np.ones((len(truth), 1)), logit)
    wald = float(np.squeeze(line.wald_test((np.eye(2), np.array([0.0, 1.0])), use_f=False, scalar=True).pvalue))
    isotonic = IsotonicRegression(out_of_bounds="clip").fit(case["first"], case["truth"]).predict(case["first"])
    score, recalibrated = brier_score_loss(truth, case["first"]), brier_score_loss(truth, isotonic)
    constant = truth.mean() * (1 - truth.mean())
    return {
        "intercept": line.params[0],
        "intercept_error": line.bse[0],
        "slope": line.params[1],
        "slope_error": line.bse[1],
        "perfect_p": wald,
        "in_the_large": large.params[0],
        "in_the_large_error": large.bse[0],
        "miscalibration": score - recalibrated,
        "discrimination": constant - recalibrated,
        "uncertainty": constant,
    }


def net_benefit(case):
    thresholds = [0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.8]
    # Thresholds between the probabilities, which are rounded: no tie is left to rounding.
    thresholds = [t + 0.00037 if t else t for t in thresholds]
    frame = pd.DataFrame({"truth": case["truth"].astype(int), "model": case["first"]})

    def of(**prevalence):
        table = dcurves.dca(data=frame, outcome="truth", modelnames=["model"], thresholds=thresholds, **prevalence)
        return {which: table[table.model == which].net_benefit.tolist() for which in ["model", "all"]}

    return {"thresholds": thresholds, "own": of(), "at_5_percent": of(prevalence=0.05)}


def likelihood_ratios(counts):
    tp, fp, fn, tn = counts
    result = {"counts": counts}
    for name, (a, b) in {"positive": (tp, fp), "negative": (fn, tn)}.items():
        found = stats.contingency.relative_risk(a, tp + fn, b, fp + tn)
        interval = found.confidence_interval(0.95)
        result[name] = [found.relative_risk, interval.low, interval.high]
    return result


def proportion(successes, trials):
    result = {"successes": successes, "trials": trials}
    for level in [0.9, 0.95, 0.99]:
        test = stats.binomtest(successes, trials)
        exact, wilson = test.proportion_ci(level, "exact"), test.proportion_ci(level, "wilson")
        result[str(level)] = [exact.low, exact.high, wilson.low, wilson.high]
    return result


def disagreement(first_only, second_only):
    table = [[10, first_only], [second_only, 20]]
    both = first_only + second_only
    fewer = min(first_only, second_only)
    exact = mcnemar(table, exact=True).pvalue
    return {
        "first_only": first_only,
        "second_only": second_only,
        "exact": float(exact),
        "mid_p": float(2 * stats.binom.cdf(fewer, both, 0.5) - stats.binom.pmf(fewer, both, 0.5)),
    }


cases = [
    made("one case a patient", 160, 1, 4, 0.6),
    made("several cases a patient", 70, 5, 4, 0.8),
    made("many ties", 120, 2, 1, 0.4),
    made("few positives", 90, 3, 4, 2.4),
]
r = of_r(cases)
for case in cases:
    case["r"] = r[case["name"]]
    case["calibration"] = calibration(case)
    case["net_benefit"] = net_benefit(case)
    case["partial"] = {str(f): roc_auc_score(case["truth"], case["first"], max_fpr=f) for f in [0.05, 0.1, 0.3, 1.0]}
for case in cases:
    for key in ["truth", "first", "second", "patient"]:
        case[key] = case[key].tolist()

p_values = np.round(np.concatenate([rng.random(12), rng.random(6) * 0.02, [0.01, 0.01, 1.0, 0.0]]), 6)
incomplete = [
    (a, b, x, special.betainc(a, b, x))
    for a, b, x in [
        (1, 1, 0.3), (0.5, 0.5, 0.1), (2, 3, 0.5), (5, 1, 0.9), (1, 40, 0.01), (40, 1, 0.99), (12, 30, 0.2),
        (300, 700, 0.31), (1e4, 1e4, 0.5), (1e4, 1e4, 0.49), (107_930, 644_873, 0.1434), (107_930, 644_873, 0.142),
        (3, 752_801, 1e-5), (2.5, 7.5, 1e-6), (2.5, 7.5, 0.999),
    ]
]
tails = [1e-300, 1e-20, 1e-10, 1e-4, 0.005, 0.025, 0.05, 0.1, 0.3, 0.49, 0.5, 0.5001, 0.7, 0.9, 0.975, 0.995, 1 - 1e-9]
print(
    json.dumps(
        {
            "cases": cases,
            "proportions": [
                proportion(*counts)
                for counts in [(0, 1), (1, 1), (0, 20), (20, 20), (3, 20), (81, 263), (0, 752803), (107930, 752803), (999, 1000)]
            ],
            "mcnemar": [disagreement(*counts) for counts in [(1, 7), (7, 1), (0, 0), (4, 4), (0, 12), (30, 51), (400, 520)]],
            "likelihood_ratios": [likelihood_ratios(c) for c in [[240, 87, 178, 288], [9, 1, 1, 9], [45, 200, 5, 1750]]],
            "many": {
                "p": p_values.tolist(),
                "holm": multipletests(p_values, method="holm")[1].tolist(),
                "benjamini_hochberg": multipletests(p_values, method="fdr_bh")[1].tolist(),
            },
            "incomplete_beta": incomplete,
            "normal_quantile": [(p, stats.norm.ppf(p)) for p in tails],
        }
    )
)
