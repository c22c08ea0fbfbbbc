"""How many planted label errors `label-review` finds: the table of docs/evidence.md.

    python benches/label_review.py target/release/ichflow WORK

Draws a phantom, makes the labels of a share of its slices wrong (a bleeding slice loses all its labels, another gets a bleed
of a random kind), trains a small network on each of three folds with these labels, reviews the out-of-fold predictions,
and holds the list against what was planted. Takes some ten minutes on two cores; needs nothing but Python.
"""

import csv
import json
import random
import subprocess
import sys
from pathlib import Path

PROGRAM, WORK = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
LABELS = ["any", "epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural"]
LOAD = '[load]\nuse = "phantom"\npatients = 90\ntest_patients = 1\nslices = 16\n'
FOLD = """
[split{n}]
use = "multilabel-stratified"
fold = {fold}
of = 3

[train{n}]
use = "fit"
batch = 16
ema = 0.95
phases = [{{ epochs = 12, lr = 4e-3, schedule = {{ kind = "one-cycle" }} }}]

[predict{n}]
use = "predict"
"""
HEAD = """
[store]
use = "hu-store"
size = 128

[window]
use = "bsb"

[augment]
use = "flip-crop"
max_crop = 8

[network]
use = "small-cnn"

[loss]
use = "weighted-log-loss"
"""
TAIL = """
[ensemble]
use = "ensemble"
members = 3
valid = "predict.valid"
valid_2 = "predict_1.valid"
valid_3 = "predict_2.valid"
with_test = false

[review]
use = "label-review"
shown = 24
"""


def run(name, load, rest=""):
    (WORK / f"{name}.toml").write_text(f'ichflow = 1\ntitle = "Planted errors: {name}"\nseed = 42\n\n{load}{rest}')
    subprocess.run([PROGRAM, "run", f"{name}.toml", "--device=cpu"], cwd=WORK, check=True, stdout=subprocess.DEVNULL)
    return WORK / "runs" / name / "latest"


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


WORK.mkdir(parents=True, exist_ok=True)
cohort = [row for row in rows(run("draw", LOAD) / "cohort.csv") if row["part"] == "train"]
truth = {row["id"]: [row[label] == "1" for label in LABELS] for row in cohort}
images = (WORK / cohort[0]["file"]).resolve().parent
folds = HEAD + "".join(FOLD.format(n=f"_{fold}" if fold else "", fold=fold) for fold in range(3)) + TAIL
print("| slices made wrong | wrong labels | listed | of these wrong | precision | recall | by chance | expected wrong |")
print("| --- | --- | --- | --- | --- | --- | --- | --- |")
for share in [0.0, 0.02, 0.05, 0.1]:
    rng = random.Random(7)
    given = {}
    for image, labels in truth.items():
        wrong = rng.random() < share
        kind = rng.randrange(1, len(LABELS))
        given[image] = labels if not wrong else [False] * 6 if labels[0] else [n in (0, kind) for n in range(6)]
    name = f"wrong_{int(100 * share):02}"
    with open(WORK / f"{name}.csv", "w") as file:
        file.write("ID,Label\n")
        for image, labels in given.items():
            file.writelines(f"{image}_{label},{int(value)}\n" for label, value in zip(LABELS, labels))
    load = f'[load]\nuse = "rsna"\nlabels = "{name}.csv"\nimages = "{images}"\n'
    latest = run(name, load, folds)
    planted = {
        (image, label)
        for image, labels in truth.items()
        for label, a, b in zip(LABELS, labels, given[image])
        if a != b
    }
    listed = {(row["sop_instance_uid"], row["label"]) for row in rows(latest / "label_review.csv")}
    review = json.loads((latest / "label_review.json").read_text())
    expected = sum(label["found"]["estimated_errors"] for label in review["labels"] if label["found"])
    hits = len(planted & listed)
    chance = len(planted) / (len(truth) * len(LABELS))
    share_of = lambda part, of: f"{100 * part / of:.0f} %" if of else "–"
    print(
        f"| {100 * share:.0f} % | {len(planted)} | {len(listed)} | {hits} | {share_of(hits, len(listed))} | "
        f"{share_of(hits, len(planted))} | {100 * chance:.1f} % | {expected:.0f} |",
        flush=True,
    )
