"""Writes what timm's networks give, for the Rust networks to be held against.

    pip install torch timm
    python tests/reference/networks.py [path of efficientnet-lite0-57934424.pth]

Weights and images are not stored: both sides make them by the formula of `uniform` below, the file
`plugins/networks/tests/suite/formula.rs` being the other one. Everything is computed in float64, so
that what differs is the rounding of the Rust side alone.
"""

import json
import math
import os
import sys
from pathlib import Path

import numpy as np
import timm
import torch

FIXTURES = Path(__file__).parents[2] / "plugins/networks/tests/fixtures"
MODELS = ["efficientnet_b0", "tf_efficientnet_b0", "tf_efficientnet_lite0"]
OUTPUTS = 6
# An even and an odd side: "same" padding differs.
EVAL_SIZES = [64, 97]
# Even sides down to the last map, and enough values a channel there for normalising to be well-posed.
TRAIN_SIZE = 128
SAMPLES = 200


def uniform(name, shape):
    """Values in [0, 1) that depend on the name and the place alone.

    FNV-1a over the name starts a Weyl sequence, whose terms go through SplitMix64's finaliser; the
    top 24 bits are the value, which float32 holds exactly.
    """
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(state) + np.arange(math.prod(shape), dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)).astype(np.float64) / 2.0**24).reshape(shape)


def weight(name, shape):
    """A tensor of a network, rounded to float32."""
    u = uniform(name, shape)
    if len(shape) > 1:
        values = (2 * u - 1) * math.sqrt(6.0 / math.prod(shape[1:]))
    elif name.endswith(("weight", "running_var")):
        values = 0.5 + u
    else:
        values = (u - 0.5) * 0.4
    return torch.from_numpy(values.astype(np.float32)).double()


def images(size):
    """Two images of three channels: 8 x 8 patches under noise."""
    patch = np.arange(size) * 8 // size
    patches = uniform("patches", (2, 3, 8, 8))[:, :, patch][:, :, :, patch]
    noise = uniform(f"noise {size}", (2, 3, size, size))
    return torch.from_numpy((0.75 * patches + 0.25 * noise).astype(np.float32)).double()


def samples(tensor):
    """At most SAMPLES values, evenly spaced over the flattened tensor."""
    flat = tensor.detach().flatten()
    step = -(-len(flat) // SAMPLES)
    return [float(f"{value:.9g}") for value in flat[::step].tolist()]


def digest(tensor):
    """Sum and Euclidean length."""
    tensor = tensor.detach()
    return [float(f"{value:.9g}") for value in (tensor.sum().item(), tensor.norm().item())]


def evaluate(model, x):
    with torch.no_grad():
        features = model.forward_features(x)
        return {
            "shape": list(features.shape),
            "features": digest(features),
            "feature_samples": samples(features),
            "logits": samples(model.forward_head(features)),
        }


def one_step(model, x):
    """Gradients of the mean squared logit, and the running statistics one forward pass leaves."""
    model.train()
    logits = model(x)
    logits.square().mean().backward()
    return {
        "logits": samples(logits),
        "gradients": {name: digest(p.grad) for name, p in model.named_parameters()},
        "running": {name: digest(b) for name, b in model.named_buffers() if "running" in name},
    }


def by_formula(name):
    model = timm.create_model(name, num_classes=OUTPUTS, drop_rate=0.0).double()
    state = {
        key: weight(key, value.shape) for key, value in model.state_dict().items() if "num_batches" not in key
    }
    model.load_state_dict(state, strict=False)
    published = sum(p.numel() for p in timm.create_model(name).parameters())
    model.eval()
    return {
        "parameters_with_1000_classes": published,
        "tensors": {key: list(value.shape) for key, value in state.items()},
        "eval": {str(size): evaluate(model, images(size)) for size in EVAL_SIZES},
        "train": {"size": TRAIN_SIZE, **one_step(model, images(TRAIN_SIZE))},
    }


def with_published_weights(path):
    """timm's tf_efficientnet_lite0 with the tensors of the file in the order of their definition."""
    model = timm.create_model("tf_efficientnet_lite0")
    stored = list(torch.load(path, weights_only=True).values())
    own = model.state_dict()
    assert [v.shape for v in stored] == [v.shape for v in own.values()]
    model.load_state_dict(dict(zip(own, stored)))
    model = model.double().eval()
    x = (images(97) - 127 / 255) / (128 / 255)
    with torch.no_grad():
        features = model.forward_features(x)
    return {
        "size": 97,
        "shape": list(features.shape),
        "features": digest(features),
        "feature_samples": samples(features),
    }


class Tiny(torch.nn.Module):
    """The network behind the small weight files."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 3)
        self.norm = torch.nn.BatchNorm2d(2)
        self.fc = torch.nn.Linear(2, 3)


class Code:
    """Unpickling it in Python would make a directory."""

    def __reduce__(self):
        return os.mkdir, ("code-was-run",)


def write_state_dicts():
    state = Tiny().state_dict()
    for key, value in state.items():
        if "num_batches" not in key:
            value.copy_(weight(key, value.shape))
    torch.save(state, FIXTURES / "tiny.pth")
    torch.save(state, FIXTURES / "tiny-legacy.pth", _use_new_zipfile_serialization=False)
    torch.save({"conv.weight": Code()}, FIXTURES / "code.pth")
    torch.save({**state, "extra": Code()}, FIXTURES / "tiny-and-code.pth")


def write(name, content):
    FIXTURES.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, separators=(",", ":")).replace('},"', '},\n"').replace('],"', '],\n"')
    (FIXTURES / f"{name}.json").write_text(text + "\n")


def main():
    torch.set_num_threads(2)
    for name in MODELS:
        write(name, {"versions": {"torch": torch.__version__, "timm": timm.__version__}, **by_formula(name)})
    write_state_dicts()
    if len(sys.argv) > 1:
        write("efficientnet-lite0-57934424", with_published_weights(sys.argv[1]))


main()
