"""Fast windows feeding a timm network in PyTorch: an epoch on a directory in the RSNA challenge's layout.

    python timm_network.py DIRECTORY [NETWORK]

DIRECTORY holds stage_2_train/ and stage_2_train.csv, as `ichflow phantom DIRECTORY` writes them.
"""

import csv
import sys
from pathlib import Path

import ichflow
import numpy as np

try:
    import timm
    import torch
except ImportError as missing:
    sys.exit(f"this example needs torch and timm ({missing}): pip install torch timm")

NAMES = ["any", "epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural"]
directory = Path(sys.argv[1])
network_name = sys.argv[2] if len(sys.argv) > 2 else "efficientnet_lite0"

truth: dict[str, dict[str, float]] = {}
for row in csv.DictReader((directory / "stage_2_train.csv").open()):
    slice_id, label = row["ID"].rsplit("_", 1)
    truth.setdefault(slice_id, {})[label] = float(row["Label"])

images, _ = ichflow.read_many(directory / "stage_2_train")
patient_of = {str(image.header.file): image.header.patient_id for image in images}
del images


def of_file(file: str) -> list[float]:
    return [truth[Path(file).stem][name] for name in NAMES]


files = sorted(patient_of)
labels = np.array([of_file(file) for file in files], dtype=np.float32)
train, validation = ichflow.split(
    labels, [patient_of[file] for file in files], names=NAMES, union="any", valid=0.25
)

torch.manual_seed(0)
network = timm.create_model(network_name, num_classes=len(NAMES), pretrained=False)
optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
weights = torch.tensor(ichflow.metrics.RSNA_WEIGHTS) / sum(ichflow.metrics.RSNA_WEIGHTS)


def batches(of: np.ndarray, shuffle: bool) -> ichflow.Batches:
    return ichflow.Batches([files[index] for index in of], "bsb", size=128, batch=8, shuffle=shuffle)


def truth_of(source: ichflow.Batches, batch: ichflow.Batch) -> torch.Tensor:
    return torch.tensor([of_file(source.files[index][0]) for index in batch.indices])


network.train()
source = batches(train, shuffle=True)
for batch in source:
    logits = network(torch.from_numpy(batch.images))
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth_of(source, batch), reduction="none")
    loss = (loss * weights).sum(1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"loss {loss.item():.4f}")

network.eval()
source = batches(validation, shuffle=False)
rows, probabilities = [], []
with torch.no_grad():
    for batch in source:
        rows.append(truth_of(source, batch))
        probabilities.append(torch.sigmoid(network(torch.from_numpy(batch.images))))
score = ichflow.metrics.weighted_log_loss(torch.cat(rows).numpy(), torch.cat(probabilities).numpy())
print(f"validation: weighted log loss {score:.4f} on {len(torch.cat(rows))} slices")
