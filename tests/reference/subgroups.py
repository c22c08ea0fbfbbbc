"""Other people's numbers for the subgroups of plugins/evaluation/src/measures/subgroups.

    pip install numpy scipy scikit-learn statsmodels
    python tests/reference/subgroups.py > plugins/evaluation/tests/fixtures/subgroups.json

scikit-learn has the areas, statsmodels Wilson's intervals, calibration-in-the-large with errors over patients and Holm's
correction; DeLong's variance is written out from placements, as in the paper.
"""

import json

import numpy as np
import statsmodels.api as sm
from scipy import special, stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(20)
THRESHOLD = 0.4


def delong(truth, scores):
    """AUROC and its variance (DeLong, DeLong and Clarke-Pearson 1988), for independent cases."""
    positives, negatives = scores[truth], scores[~truth]
    above = (positives[:, None] > negatives) + 0.5 * (positives[:, None] == negatives)
    variance = above.mean(1).var(ddof=1) / len(positives) + above.mean(0).var(ddof=1) / len(negatives)
    return above.mean(), variance


def large(truth, scores, patient):
    model = sm.GLM(
        truth.astype(float), np.ones((len(truth), 1)), family=sm.families.Binomial(), offset=special.logit(scores)
    )
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": patient}, tol=1e-14, tol_criterion="params", maxiter=100)
    return [fit.params[0], fit.params[0] - 1.959963984540054 * fit.bse[0], fit.params[0] + 1.959963984540054 * fit.bse[0]]


def cases(sizes, most):
    patient = np.repeat(np.arange(sum(sizes)), rng.integers(1, most + 1, sum(sizes)))
    site = np.repeat(np.arange(len(sizes)), sizes)[patient]
    own = rng.normal(0, 0.8, sum(sizes))[patient]
    truth = rng.normal(0, 1, len(patient)) + own > 0.4
    # The last site's scores are worse, and too high.
    noise = np.where(site == len(sizes) - 1, 2.5, 0.9)
    logit = 1.6 * truth - 1.0 + 0.3 * own + noise * rng.normal(0, 1, len(patient)) + 0.5 * (site == len(sizes) - 1)
    return site, patient, truth, np.round(special.expit(logit), 4).clip(0.001, 0.999)


def expected(site, patient, truth, scores, which, independent):
    inside = site == which
    t, s, p = truth[inside], scores[inside], patient[inside]
    called = s >= THRESHOLD
    found = {
        "rows": int(inside.sum()),
        "patients": len(set(p)),
        "positives": int(t.sum()),
        "auroc": roc_auc_score(t, s),
        "sensitivity": (called & t).sum() / t.sum(),
        "specificity": (~called & ~t).sum() / (~t).sum(),
        "mean_probability": s.mean(),
        "in_the_large": large(t, s, p),
    }
    if independent:
        area, variance = delong(t, s)
        reach = 1.959963984540054 * np.sqrt(variance) / (area * (1 - area))
        found["auroc_interval"] = list(special.expit(special.logit(area) + np.array([-reach, reach])))
        found["sensitivity_interval"] = list(proportion_confint((called & t).sum(), t.sum(), method="wilson"))
        found["specificity_interval"] = list(proportion_confint((~called & ~t).sum(), (~t).sum(), method="wilson"))
        other, of_other = delong(truth[~inside], scores[~inside])
        found["difference"] = area - other
        found["p"] = 2 * stats.norm.sf(abs(area - other) / np.sqrt(variance + of_other))
    return found


def case(sizes, most):
    site, patient, truth, scores = cases(sizes, most)
    independent = most == 1
    groups = [expected(site, patient, truth, scores, which, independent) for which in range(len(sizes))]
    if independent:
        for group, p in zip(groups, multipletests([group["p"] for group in groups], method="holm")[1]):
            group["p_holm"] = p
    return {
        "threshold": THRESHOLD,
        "site": site.tolist(),
        "patient": patient.tolist(),
        "truth": truth.tolist(),
        "probability": scores.tolist(),
        "groups": groups,
    }


print(json.dumps({"exams": case([80, 60, 90], 1), "slices": case([30, 40, 25], 8)}))
