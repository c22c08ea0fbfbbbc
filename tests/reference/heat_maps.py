"""How often the hottest point of a heat map lies in the blood: a run's heat_maps.csv beside a phantom's masks.

    ichflow phantom phantom --masks --patients 120 --test-patients 4 --slices 16
    ichflow run recipe.toml          # loads phantom/ by `rsna`, with [explain] use = "grad-cam"
    python tests/reference/heat_maps.py runs/recipe/latest phantom

Needs Pillow and NumPy.
"""

import csv
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image

LABELS = ["any", "epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural"]


def main(run: Path, phantom: Path) -> None:
    counts = defaultdict(lambda: [0, 0, 0, 0.0])
    for row in csv.DictReader((run / "heat_maps.csv").open()):
        if row["truth"] != "1":
            continue
        mask = np.asarray(Image.open(phantom / "masks" / f"{row['id']}.png"))
        label = LABELS.index(row["label"])
        blood = mask > 0 if label == 0 else (mask >> label) & 1 > 0
        called = "called positive" if float(row["probability"]) >= 0.5 else "missed"
        for key in [(row["label"], called), ("all", called)]:
            count = counts[key]
            count[0] += 1
            count[3] += blood.mean()
            if not row["row"]:
                continue
            down, right = float(row["row"]), float(row["column"])
            scale = mask.shape[0] / float(row["rows"])
            y, x = int(down * scale), int(right * scale)
            count[1] += bool(blood[y, x])
            # Half a feature map's cell beside: a map of 8 x 8 cannot point more sharply.
            reach = mask.shape[0] // 16
            near = blood[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
            count[2] += bool(near.any())
    print(f"{'label':18}{'':16}{'maps':>6}{'in the blood':>14}{'cell touches':>14}{'blood covers':>14}")
    for (label, called), (maps, inside, near, area) in sorted(counts.items()):
        print(f"{label:18}{called:16}{maps:6}{inside / maps:14.1%}{near / maps:14.1%}{area / maps:14.2%}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
