"""Recomputes a run's metrics with scikit-learn and compares them with its metrics.json.

    python check_run.py runs/quickstart/latest

Reads cohort.csv (truth), predictions/*.csv and metrics.json; ends with 1 where a number differs by more than 1e-9.
Needs scikit-learn.
"""

import csv
import json
import sys
import warnings
from pathlib import Path

from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

LABELS = ["any", "epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural"]
WEIGHTS = [2, 1, 1, 1, 1, 1]


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def main(run):
    warnings.filterwarnings("ignore")
    truth = {row["id"]: row for row in rows(run / "cohort.csv") if row["any"] != ""}
    metrics = json.loads((run / "metrics.json").read_text())
    worst = 0.0
    for part in ("valid", "test"):
        path = run / "predictions" / f"{part}.csv"
        if not path.exists() or not metrics.get(part):
            continue
        predictions = [row for row in rows(path) if row["id"] in truth]
        by_label = {entry["label"]: entry for entry in metrics[part]["labels"]}
        losses = []
        for label in LABELS:
            y = [int(truth[row["id"]][label]) for row in predictions]
            p = [float(row[label]) for row in predictions]
            both = len(set(y)) == 2
            expected = {
                "log_loss": log_loss(y, p, labels=[0, 1]),
                "auc": roc_auc_score(y, p) if both else None,
                "average_precision": average_precision_score(y, p) if both else None,
            }
            losses.append(expected["log_loss"])
            found = by_label[label]
            for name, value in expected.items():
                worst = max(worst, compare(f"{part} {label} {name}", value, found[name]))
        weighted = sum(w * loss for w, loss in zip(WEIGHTS, losses)) / sum(WEIGHTS)
        worst = max(worst, compare(f"{part} weighted log loss", weighted, metrics[part]["weighted_log_loss"]))
    print(f"largest difference {worst:.1e}")
    return 0 if worst <= 1e-9 else 1


def compare(what, expected, found):
    if expected is None or found is None:
        difference = 0.0 if expected == found else float("inf")
    else:
        difference = abs(expected - found)
    shown = ["undefined" if value is None else f"{value:.12f}" for value in (expected, found)]
    print(f"{what:44} {shown[0]:>16} {shown[1]:>16}")
    return difference


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
