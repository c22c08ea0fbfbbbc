"""Weights step by step, and learning rates, for plugins/training/tests/{optimizers,schedules}.rs.

    pip install torch numpy
    python tests/reference/optimizers.py plugins/training/tests/fixtures

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


def case(name, optimizer, lr=0.02, bias=None, clip_norm=None, clip_value=None, ema=None, **params):
    """`bias` holds settings of the bias alone: a part with its own rate and decay."""
    module = Two()
    groups = [{"params": [module.weight]}, {"params": [module.bias], **(bias or {})}]
    steps = optimizer(groups, lr=lr, **params)
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
optimizers = {"start": flat(Two()), "gradients": gradients, "cases": cases}


def schedule(epochs, per_epoch, kind="constant", warmup=None, **keys):
    """The factors of every step of a phase with this schedule and warm-up."""
    module = torch.nn.Linear(1, 1)
    steps = torch.optim.SGD(module.parameters(), lr=1.0)
    total = epochs * per_epoch
    warming = round((warmup or {}).get("epochs", 0) * per_epoch)
    left = total - warming
    if kind == "constant":
        main = lr_scheduler.ConstantLR(steps, factor=1.0)
    elif kind == "step":
        main = lr_scheduler.StepLR(steps, keys.get("every_epochs", 1) * per_epoch, keys.get("factor", 0.1))
    elif kind == "cosine":
        main = lr_scheduler.CosineAnnealingLR(steps, left, keys.get("final_factor", 0.0))
    else:
        initial, final = keys.get("initial_factor", 0.04), keys["final_factor"]
        main = lr_scheduler.OneCycleLR(
            steps,
            1.0,
            total_steps=left,
            pct_start=keys.get("pct_start", 0.3),
            div_factor=1 / initial,
            final_div_factor=initial / final,
            cycle_momentum=False,
        )
    if warming:
        first = lr_scheduler.LinearLR(steps, warmup.get("initial_factor", 0.01), total_iters=warming)
        if kind == "one-cycle":
            # OneCycleLR changes the optimizer's own rates, which LinearLR multiplies.
            raise ValueError("a warm-up before one-cycle has no counterpart")
        main = lr_scheduler.SequentialLR(steps, [first, main], milestones=[warming])
    factors = []
    for _ in range(total):
        factors.append(main.get_last_lr()[0])
        steps.step()
        main.step() if len(factors) < total else None
    phase = {"epochs": epochs, "lr": 1.0}
    if warmup:
        phase["warmup"] = warmup
    if kind != "constant":
        phase["schedule"] = {"kind": kind, **keys}
    return {"phase": phase, "per_epoch": per_epoch, "rates": factors}


schedules = [
    schedule(2, 5),
    schedule(3, 4, warmup={"epochs": 1.5, "initial_factor": 0.2}),
    schedule(6, 3, "step", every_epochs=2, factor=0.5),
    schedule(6, 3, "step", every_epochs=2, warmup={"epochs": 1}),
    schedule(4, 5, "cosine"),
    schedule(4, 5, "cosine", final_factor=0.1, warmup={"epochs": 0.6}),
    schedule(5, 6, "one-cycle", final_factor=4e-6),
    schedule(3, 7, "one-cycle", initial_factor=0.1, pct_start=0.4, final_factor=0.01),
]

directory = Path(sys.argv[1])
for name, content in [("optimizers", optimizers), ("schedules", schedules)]:
    (directory / f"{name}.json").write_text(json.dumps(content) + "\n")
