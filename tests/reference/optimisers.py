"""Weights step by step, and learning rates, for plugins/training/tests/{optimisers,rates}.rs.

    pip install torch numpy
    python tests/reference/optimisers.py plugins/training/tests/fixtures

`torch.optim`, `clip_grad_norm_`, `clip_grad_value_` and `swa_utils.AveragedModel` on given gradients of a matrix
and a vector, in float64; `torch.optim.lr_scheduler` called once a step.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from torch.optim import lr_scheduler
from torch.optim.swa_utils import AveragedModel

# SequentialLR hands the epoch on to its schedulers, in a way they warn of.
warnings.filterwarnings("ignore", category=UserWarning)
STEPS = 12
rng = np.random.default_rng(2019)
start = [rng.normal(0, 1, (3, 4)), rng.normal(0, 1, 4)]
# Sizes differ by much, and one entry hardly has a gradient at all.
gradients = [[rng.normal(0, 0.3, part.shape) * 10 ** rng.uniform(-2, 1) for part in start] for _ in range(STEPS)]
for step in gradients:
    step[0][1, 2] = 1e-9


class Two(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(start[0], dtype=torch.float64))
        self.bias = torch.nn.Parameter(torch.tensor(start[1], dtype=torch.float64))


def flat(module):
    return torch.cat([module.weight.flatten(), module.bias]).tolist()


def case(name, optimiser, lr=0.02, bias=None, clip_norm=None, clip_value=None, ema=None, **params):
    """`bias` holds settings of the bias alone: a part with its own rate and decay."""
    module = Two()
    groups = [{"params": [module.weight]}, {"params": [module.bias], **(bias or {})}]
    steps = optimiser(groups, lr=lr, **params)
    # The first call copies, so that the average begins at the weights before the first step.
    average = AveragedModel(
        module, avg_fn=lambda old, new, n: old + (new - old) * (1 - min(ema, (1 + n.item()) / (10 + n.item())))
    )
    if ema:
        average.update_parameters(module)
    rows, norms = [], []
    for gradient in gradients:
        module.weight.grad, module.bias.grad = [torch.tensor(part) for part in gradient]
        if clip_value:
            torch.nn.utils.clip_grad_value_(module.parameters(), clip_value)
        norms.append(torch.nn.utils.clip_grad_norm_(module.parameters(), clip_norm or 1e30).item())
        steps.step()
        if ema:
            average.update_parameters(module)
        rows.append(flat(average.module if ema else module))
    settings = {"lr": lr, "clip_norm": clip_norm, "clip_value": clip_value, "ema": ema, "bias": bias, **params}
    return {"method": name, "settings": settings, "weights": rows, "norms": norms}


adam, adamw, sgd = torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD
cases = [
    case("adam", adam),
    case("adam", adam, betas=[0.8, 0.95], eps=1e-3),
    case("adam", adam, weight_decay=0.1),
    case("adamw", adamw, weight_decay=0.1),
    case("adamw", adamw, weight_decay=0.1, bias={"lr": 0.002, "weight_decay": 0.0}),
    case("sgd", sgd),
    case("sgd", sgd, momentum=0.9),
    case("sgd", sgd, momentum=0.9, nesterov=True, weight_decay=0.05),
    case("sgd", sgd, clip_norm=0.5),
    case("sgd", sgd, momentum=0.9, clip_value=0.2),
    case("adam", adam, clip_value=1.0, clip_norm=0.7),
    case("adamw", adamw, weight_decay=0.01, ema=0.9),
    case("sgd", sgd, ema=0.3),
]
gradients = [torch.cat([torch.tensor(part).flatten() for part in step]).tolist() for step in gradients]
optimisers = {"start": flat(Two()), "gradients": gradients, "cases": cases}


def rates(epochs, per_epoch, **phase):
    """The schedule a phase's keys mean; the factors of every step."""
    module = torch.nn.Linear(1, 1)
    steps = torch.optim.SGD(module.parameters(), lr=1.0)
    total = epochs * per_epoch
    warmup = round(phase.get("warmup", 0) * per_epoch)
    left = total - warmup
    curve = phase.get("curve", "constant")
    if curve == "constant":
        main = lr_scheduler.ConstantLR(steps, factor=1.0)
    elif curve == "step":
        main = lr_scheduler.StepLR(steps, phase.get("step_epochs", 1) * per_epoch, phase.get("step_factor", 0.1))
    elif curve == "cosine":
        main = lr_scheduler.CosineAnnealingLR(steps, left, phase.get("end", 0.0))
    else:
        begin, end = phase.get("start", 0.04), phase["end"]
        main = lr_scheduler.OneCycleLR(
            steps,
            1.0,
            total_steps=left,
            pct_start=phase.get("rise", 0.3),
            div_factor=1 / begin,
            final_div_factor=begin / end,
            cycle_momentum=False,
        )
    if warmup:
        first = lr_scheduler.LinearLR(steps, phase.get("warmup_start", 0.01), total_iters=warmup)
        if curve == "one-cycle":
            # OneCycleLR changes the optimiser's own rates, which LinearLR multiplies.
            raise ValueError("a warm-up before one-cycle has no counterpart")
        main = lr_scheduler.SequentialLR(steps, [first, main], milestones=[warmup])
    factors = []
    for _ in range(total):
        factors.append(main.get_last_lr()[0])
        steps.step()
        main.step() if len(factors) < total else None
    return {"phase": {"epochs": epochs, "lr": 1.0, **phase}, "per_epoch": per_epoch, "rates": factors}


schedules = [
    rates(2, 5),
    rates(3, 4, warmup=1.5, warmup_start=0.2),
    rates(6, 3, curve="step", step_epochs=2, step_factor=0.5),
    rates(6, 3, curve="step", step_epochs=2, warmup=1),
    rates(4, 5, curve="cosine"),
    rates(4, 5, curve="cosine", end=0.1, warmup=0.6),
    rates(5, 6, curve="one-cycle", end=4e-6),
    rates(3, 7, curve="one-cycle", start=0.1, rise=0.4, end=0.01),
]

directory = Path(sys.argv[1])
for name, content in [("optimisers", optimisers), ("rates", schedules)]:
    (directory / f"{name}.json").write_text(json.dumps(content) + "\n")
