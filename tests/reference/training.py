"""Twenty steps of training EfficientNet-B0, for tests/it/training_steps.rs.

    pip install torch timm
    python tests/reference/training.py > tests/fixtures/training_steps.json

Weights, Hounsfield units and labels are made by formula on both sides (`uniform` and `weight` of networks.py).
Four slices a step pass three windows, the network in training mode, the competition's loss, gradient clipping,
AdamW with two rates and a warm-up into a cosine. The script also says how far float32 is from float64 in PyTorch
itself, which bounds what can be asked for.
"""

import json
import math
import sys

import numpy as np
import timm
import torch
from networks import OUTPUTS, uniform, weight
from torch.nn import functional as F

STEPS, BATCH, SIZE = 20, 4, 64
LR, BACKBONE, DECAY, CLIP, WARMUP = 2e-3, 0.5, 0.01, 1.0, 4
WINDOWS = [(40, 80), (80, 200), (600, 2800)]


def hu(index):
    """A slice: 8 x 8 patches under noise, brighter where it has a bleed."""
    patch = np.arange(SIZE) * 8 // SIZE
    patches = uniform(f"patches {index}", (8, 8))[patch][:, patch]
    noise = uniform(f"noise {index}", (SIZE, SIZE))
    values = np.floor(-60 + 160 * (0.75 * patches + 0.25 * noise))
    return values + 40 * labels(index)[0]


def labels(index):
    """A type is there with probability 1/5; any if one is."""
    types = (uniform(f"labels {index}", (5,)) < 0.2).astype(np.float64)
    return np.concatenate([[types.max()], types])


def images(indices):
    batch = torch.tensor(np.stack([hu(index) for index in indices])).float()
    channels = [((batch - (c - w / 2)).clamp(0, w) / w) for c, w in WINDOWS]
    return torch.stack(channels, 1)


def loss(logits, truth):
    weights = torch.tensor([2, 1, 1, 1, 1, 1], dtype=logits.dtype) / 7
    return (F.binary_cross_entropy_with_logits(logits, truth, reduction="none") * weights).sum(1).mean()


def rate(step):
    if step < WARMUP:
        return 0.01 + 0.99 * step / WARMUP
    return (1 + math.cos(math.pi * (step - WARMUP) / (STEPS - WARMUP))) / 2


def train(dtype):
    network = timm.create_model("efficientnet_b0", num_classes=OUTPUTS, drop_rate=0.0, drop_path_rate=0.0)
    state = network.state_dict()
    shapes = {name: tuple(tensor.shape) for name, tensor in state.items() if "num_batches" not in name}
    network.load_state_dict({**state, **{name: weight(name, shape) for name, shape in shapes.items()}})
    network.to(dtype).train()
    groups = []
    for name, parameter in network.named_parameters():
        of_head = name.startswith("classifier")
        groups.append(
            {
                "params": [parameter],
                "lr": LR * (1.0 if of_head else BACKBONE),
                "weight_decay": DECAY if parameter.ndim > 1 else 0.0,
            }
        )
    optimiser = torch.optim.AdamW(groups)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
    losses, norms = [], []
    for step in range(STEPS):
        indices = range(step * BATCH, (step + 1) * BATCH)
        truth = torch.tensor(np.stack([labels(index) for index in indices]), dtype=dtype)
        value = loss(network(images(indices).to(dtype)), truth)
        optimiser.zero_grad()
        value.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP).item())
        optimiser.step()
        schedule.step()
        losses.append(value.item())
    return shapes, losses, norms


shapes, losses, norms = train(torch.float64)
_, single, _ = train(torch.float32)
apart = max(abs(a / b - 1) for a, b in zip(single, losses))
print(f"losses {losses[0]:.4f} to {losses[-1]:.4f}; float32 is up to {apart:.1e} from float64", file=sys.stderr)
print(json.dumps({"tensors": shapes, "losses": losses, "losses_float32": single, "norms": norms}))
