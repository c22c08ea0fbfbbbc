"""Other people's numbers for whole exams, for tests/it/levels.rs.

    pip install numpy scikit-learn statsmodels
    python tests/reference/exams.py > tests/fixtures/exams.json

Slices of 90 patients with one or two studies of one or two series each, and what scikit-learn and statsmodels say of
their series, studies and patients: the highest probability of a slice against whether one of the slices is positive.
"""

import json

import numpy as np
import statsmodels.api as sm
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(20)
CLIP = 1e-6


def slices():
    rows = []
    for patient in range(90):
        own = rng.normal()
        for study in range(1 + rng.integers(2)):
            bleeds = rng.random() < 0.35
            for series in range(1 + rng.integers(2)):
                seen = rng.normal(0, 0.7) + own * 0.5
                for place in range(5):
                    positive = bool(bleeds and place in (1, 2))
                    logit = -2.4 + 2.2 * positive + 0.8 * seen + rng.normal(0, 0.7)
                    rows.append(
                        {
                            "id": f"{patient}-{study}-{series}-{place}",
                            "patient": f"p{patient}",
                            "study": f"p{patient}.{study}",
                            "series": f"p{patient}.{study}.{series}",
                            "position_mm": 5.0 * place,
                            "bleed": int(positive),
                            "p": round(float(1 / (1 + np.exp(-logit))), 6),
                        }
                    )
    return rows


def share(part, of):
    low, high = proportion_confint(part, of, method="wilson")
    return {"value": part / of, "low": float(low), "high": float(high)}


def coefficient(fit, which):
    low, high = fit.conf_int()[which]
    return {"value": float(fit.params[which]), "low": float(low), "high": float(high)}


def measured(rows, level):
    exams = {}
    for row in rows:
        exam = exams.setdefault(row[level], {"truth": 0, "p": 0.0, "patient": row["patient"]})
        exam["truth"] = max(exam["truth"], row["bleed"])
        exam["p"] = max(exam["p"], row["p"])
    truth = np.array([exam["truth"] for exam in exams.values()])
    p = np.array([exam["p"] for exam in exams.values()])
    patients = np.unique([exam["patient"] for exam in exams.values()], return_inverse=True)[1]
    called = p >= 0.5
    tp, fn = int(np.sum(called & (truth == 1))), int(np.sum(~called & (truth == 1)))
    fp, tn = int(np.sum(called & (truth == 0))), int(np.sum(~called & (truth == 0)))
    clipped = np.clip(p, CLIP, 1 - CLIP)
    logit = np.log(clipped / (1 - clipped))
    robust = {"cov_type": "cluster", "cov_kwds": {"groups": patients}}
    line = sm.GLM(truth, sm.add_constant(logit), family=sm.families.Binomial()).fit(**robust)
    large = sm.GLM(truth, np.ones(len(truth)), offset=logit, family=sm.families.Binomial()).fit(**robust)
    sensitivity, specificity = tp / (tp + fn), tn / (tn + fp)
    prevalence = 0.05
    with_disease, without = sensitivity * prevalence, (1 - specificity) * (1 - prevalence)
    at = 0.2
    acted = p >= at
    net_benefit = (np.sum(acted & (truth == 1)) - np.sum(acted & (truth == 0)) * at / (1 - at)) / len(truth)
    return {
        "exams": len(truth),
        "patients": int(patients.max() + 1),
        "positives": int(truth.sum()),
        "auroc": roc_auc_score(truth, p),
        "partial_auroc": roc_auc_score(truth, p, max_fpr=0.1),
        "average_precision": average_precision_score(truth, p),
        "log_loss": log_loss(truth, p),
        "brier": brier_score_loss(truth, p),
        "sensitivity": share(tp, tp + fn),
        "specificity": share(tn, tn + fp),
        "ppv": share(tp, tp + fp),
        "npv": share(tn, tn + fn),
        "ppv_at_5_percent": with_disease / (with_disease + without),
        "alarms_of_100": 100 * (with_disease + without),
        "net_benefit_at_20_percent": float(net_benefit),
        "in_the_large": coefficient(large, 0),
        "intercept": coefficient(line, 0),
        "slope": coefficient(line, 1),
    }


rows = slices()
head = ["id", "patient", "study", "series", "position_mm", "bleed"]
truth = "\n".join([",".join(head)] + [",".join(str(row[name]) for name in head) for row in rows])
predictions = "\n".join(["id,bleed"] + [f"{row['id']},{row['p']}" for row in rows])
found = {level: measured(rows, level) for level in ("series", "study", "patient")}
print(json.dumps({"truth": truth + "\n", "predictions": predictions + "\n", "levels": found}, indent=1))
