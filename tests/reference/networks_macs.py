"""Counts the parameters and multiply-adds of timm's networks, each at its own size, as timm makes it.

    pip install torch timm
    python tests/reference/networks_macs.py

Writes `plugins/networks/tests/fixtures/macs.json`. Counted are the multiply-adds of convolutions and linear
layers for one image of three channels and 1000 classes, by a hook on every such layer: outputs times inputs of
one output. Biases, normalisation, activations and pooling are left out.
"""

import json
from pathlib import Path

import timm
import torch
from torch import nn

FIXTURES = Path(__file__).parents[2] / "plugins/networks/tests/fixtures"
# Name of the stage, its variant if it has one, timm's name.
MODELS = [
    *[(f"efficientnet-b{n}", "timm", f"efficientnet_b{n}") for n in range(5)],
    *[(f"efficientnet-b{n}", "tf", f"tf_efficientnet_b{n}") for n in range(5)],
    *[(f"efficientnet-lite{n}", None, f"tf_efficientnet_lite{n}") for n in range(3)],
    ("resnet18", None, "resnet18"),
    ("resnet34", None, "resnet34"),
    ("resnet50", None, "resnet50"),
    ("resnext50-32x4d", None, "resnext50_32x4d"),
    ("se-resnext50-32x4d", None, "seresnext50_32x4d"),
    ("densenet121", None, "densenet121"),
    ("convnext-tiny", None, "convnext_tiny"),
]


def count(name):
    model = timm.create_model(name).eval()
    size = model.default_cfg["input_size"][-1]
    total = 0

    def hook(layer, _, output):
        nonlocal total
        inputs = layer.weight[0].numel()
        total += output.numel() * inputs

    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.register_forward_hook(hook)
    with torch.no_grad():
        model(torch.zeros(1, 3, size, size))
    return size, sum(p.numel() for p in model.parameters()), total


def main():
    rows = []
    for stage, variant, name in MODELS:
        size, parameters, macs = count(name)
        row = {"stage": stage, "variant": variant, "timm": name, "size": size}
        rows.append({**row, "parameters": parameters, "multiply_adds": macs})
        print(rows[-1])
    lines = ",\n".join(json.dumps({k: v for k, v in row.items() if v is not None}) for row in rows)
    (FIXTURES / "macs.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
