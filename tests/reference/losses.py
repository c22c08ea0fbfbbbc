"""Values and gradients of losses for plugins/training/tests/it/losses.rs.

    pip install torch numpy
    python tests/reference/losses.py > plugins/training/tests/fixtures/losses.json

`bce` is PyTorch's BCEWithLogitsLoss. `focal` and `asymmetric` are written from the equations of their
papers (arXiv 1708.02002 and 2009.14119); everything is computed in float64 from float32 logits. The logits
hold ±80, where sigmoids have no digits left beside 1.
"""

import json

import numpy as np
import torch
from torch.nn import functional as F

rng = np.random.default_rng(2019)
extreme = [[80, -80, 80, -80, 0, 30], [-80, 80, -80, 80, -30, 15]]
logits = np.concatenate([np.array(extreme), rng.normal(-1, 3, (14, 6))]).astype(np.float32)
truth = (rng.random(logits.shape) < 0.4).astype(np.float32)
truth[0], truth[1] = [0, 1, 1, 0, 1, 0], [0, 1, 1, 0, 0, 1]


def bce(x, t, label_smoothing, pos_weight):
    t = t * (1 - label_smoothing) + label_smoothing / 2
    return F.binary_cross_entropy_with_logits(x, t, pos_weight=torch.tensor(pos_weight, dtype=torch.float64))


def focal(x, t, gamma, alpha):
    p, q = torch.sigmoid(x), torch.sigmoid(-x)
    weight = torch.where(t == 1, alpha, 1 - alpha)
    log = F.logsigmoid(torch.where(t == 1, x, -x))
    return (-weight * torch.where(t == 1, q, p) ** gamma * log).mean()


def asymmetric(x, t, gamma_positive, gamma_negative, margin):
    p, q = torch.sigmoid(x), torch.sigmoid(-x)
    positive = q**gamma_positive * F.logsigmoid(x)
    shifted = torch.clamp(p - margin, min=0)
    log = torch.log1p(-shifted) if margin > 0 else F.logsigmoid(-x)
    negative = shifted**gamma_negative * log
    return -torch.where(t == 1, positive, negative).mean()


def case(name, loss, **params):
    x = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    value = loss(x, torch.tensor(truth, dtype=torch.float64), **params)
    value.backward()
    return {"loss": name, "params": params, "value": value.item(), "gradient": x.grad.flatten().tolist()}


ones = [1.0] * 6
cases = [
    case("bce", bce, label_smoothing=0.0, pos_weight=ones),
    case("bce", bce, label_smoothing=0.1, pos_weight=ones),
    case("bce", bce, label_smoothing=0.0, pos_weight=[2.0, 9.5, 1.0, 1.0, 0.25, 3.0]),
    case("bce", bce, label_smoothing=0.05, pos_weight=[2.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
    case("focal", focal, gamma=2.0, alpha=0.25),
    case("focal", focal, gamma=0.0, alpha=0.5),
    case("focal", focal, gamma=1.5, alpha=0.75),
    case("asymmetric", asymmetric, gamma_positive=0.0, gamma_negative=4.0, margin=0.05),
    case("asymmetric", asymmetric, gamma_positive=1.0, gamma_negative=4.0, margin=0.05),
    case("asymmetric", asymmetric, gamma_positive=1.0, gamma_negative=2.0, margin=0.0),
    case("asymmetric", asymmetric, gamma_positive=0.0, gamma_negative=0.0, margin=0.2),
]
print(json.dumps({"logits": logits.flatten().tolist(), "truth": truth.flatten().tolist(), "cases": cases}))
