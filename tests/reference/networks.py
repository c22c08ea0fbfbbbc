"""Writes what timm's networks give, for the Rust networks to be held against.

    pip install torch timm torchvision pillow
    python tests/reference/networks.py [directory of efficientnet-lite0-57934424.pth and its like]

Weights and images are not stored: both sides make them by the formula of `uniform` below, the file
`plugins/networks/tests/it/formula.rs` being the other one. Everything is computed in float64, so
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
import torchvision
from PIL import Image
from timm.models._manipulate import adapt_input_conv

FIXTURES = Path(__file__).parents[2] / "plugins/networks/tests/fixtures"
MODELS = [
    *[f"{tf}efficientnet_b{n}" for n in range(5) for tf in ("", "tf_")],
    *[f"tf_efficientnet_lite{n}" for n in range(3)],
    "resnet18",
    "resnet34",
    "resnet50",
    "resnext50_32x4d",
    "seresnext50_32x4d",
    "densenet121",
    "convnext_tiny",
]
OUTPUTS = 6
# An even and an odd side: "same" padding differs.
EVAL_SIZES = [64, 97]
# Two images leave eight values per channel on the last map, enough for normalising by the batch in float64.
TRAIN_SIZE = 64
SAMPLES = 60


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


def calm_weight(name, shape):
    """As `weight`, with normalisations that scale by 0.5 to 1: values of deep networks neither grow nor vanish."""
    if len(shape) == 1 and name.endswith("weight"):
        return torch.from_numpy((0.5 + 0.5 * uniform(name, shape)).astype(np.float32)).double()
    return weight(name, shape)


def images(size):
    """Two images of three channels: 8 x 8 patches under noise."""
    patch = np.arange(size) * 8 // size
    patches = uniform("patches", (2, 3, 8, 8))[:, :, patch][:, :, :, patch]
    noise = uniform(f"noise {size}", (2, 3, size, size))
    return torch.from_numpy((0.75 * patches + 0.25 * noise).astype(np.float32)).double()


def digits(values):
    return [float(f"{value:.9g}") for value in values]


def samples(tensor):
    """At most SAMPLES values, evenly spaced over the flattened tensor."""
    flat = tensor.detach().flatten()
    step = -(-len(flat) // SAMPLES)
    return digits(flat[::step].tolist())


def digest(tensor):
    """Sum and Euclidean length."""
    tensor = tensor.detach()
    return digits((tensor.sum().item(), tensor.norm().item()))


def fingerprint(state):
    """FNV-1a over the sorted names and shapes of all tensors."""
    lines = [f"{name} {'x'.join(map(str, value.shape))}" for name, value in sorted(state.items())]
    hash = 0xCBF29CE484222325
    for byte in "\n".join(lines).encode():
        hash = (hash ^ byte) * 0x100000001B3 % 2**64
    return f"{hash:016x}"


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
    """Gradients of the mean squared logit, and the running statistics one forward pass leaves; both by sorted name."""
    model.train()
    logits = model(x)
    logits.square().mean().backward()
    gradients = {name: p.grad for name, p in model.named_parameters()}
    running = {name: b for name, b in model.named_buffers() if "running" in name}
    return {
        "logits": samples(logits),
        "gradients": [digest(gradients[name]) for name in sorted(gradients)],
        "running": [digest(running[name]) for name in sorted(running)],
    }


def by_formula(name):
    model = timm.create_model(name, num_classes=OUTPUTS, drop_rate=0.0).double()
    state = {
        key: calm_weight(key, value.shape)
        for key, value in model.state_dict().items()
        if "num_batches" not in key
    }
    model.load_state_dict(state, strict=False)
    published = sum(p.numel() for p in timm.create_model(name).parameters())
    model.eval()
    return {
        "parameters_with_1000_classes": published,
        "tensors": len(state),
        "names_and_shapes": fingerprint(state),
        "eval": {str(size): evaluate(model, images(size)) for size in EVAL_SIZES},
        "train": {"size": TRAIN_SIZE, **one_step(model, images(TRAIN_SIZE))},
    }


def normalised(x):
    """As the published weights want images of values 0 to 1."""
    return (x - 127 / 255) / (128 / 255)


def photograph():
    """The committed photograph, `[1, 3, height, width]`, values 0 to 1."""
    pixels = np.asarray(Image.open(FIXTURES / "chelsea.png").convert("RGB"))
    return torch.from_numpy(pixels.astype(np.float32) / np.float32(255)).double().permute(2, 0, 1)[None]


def with_published_weights(path):
    """timm's network with the tensors of the file in the order of their definition."""
    model = timm.create_model("tf_" + "_".join(path.name.split("-")[:2]))
    stored = list(torch.load(path, weights_only=True).values())
    own = model.state_dict()
    assert [v.shape for v in stored] == [v.shape for v in own.values()]
    model.load_state_dict(dict(zip(own, stored)))
    model = model.double().eval()
    with torch.no_grad():
        features = model.forward_features(normalised(images(97)))
        logits = model(normalised(photograph()))[0]
    return {
        "size": 97,
        "shape": list(features.shape),
        "features": digest(features),
        "feature_samples": samples(features),
        "photograph": {"best": logits.topk(5).indices.tolist(), "logits": samples(logits)},
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


def by_torchvisions_names():
    """torchvision's networks whose names differ from timm's."""
    result = {}
    for name in ["efficientnet_b0", "convnext_tiny"]:
        model = torchvision.models.get_model(name, weights=None, num_classes=OUTPUTS).double().eval()
        state = {
            key: calm_weight(key, value.shape)
            for key, value in model.state_dict().items()
            if "num_batches" not in key
        }
        model.load_state_dict(state, strict=False)
        with torch.no_grad():
            features = model.features(images(97))
        result[name] = {
            "tensors": {key: list(value.shape) for key, value in state.items()},
            "shape": list(features.shape),
            "features": digest(features),
            "feature_samples": samples(features),
        }
    return result


def adapted_convolutions():
    """A first convolution for other numbers of channels, as timm makes them."""
    conv = weight("conv.weight", (2, 3, 2, 2))
    return {str(n): digits(adapt_input_conv(n, conv).flatten().tolist()) for n in [1, 2, 3, 4, 5, 7]}


# Maps and hidden values of the heads.
MAPS, HIDDEN, POWER = 32, 8, 2.5


def heads():
    """Logits of every kind of head, and gradients of their mean square."""
    maps = torch.from_numpy(2 * uniform("maps", (2, MAPS, 3, 3)) - 0.5).float().double()
    result = {}
    for pool in ["average", "max", "gem"]:
        for kind in ["linear", "per-label"]:
            shapes = {"classifier.weight": (OUTPUTS, MAPS), "classifier.bias": (OUTPUTS,)}
            if kind == "per-label":
                shapes["classifier.weight"] = (OUTPUTS, HIDDEN)
                shapes["head.hidden.weight"] = (OUTPUTS * HIDDEN, MAPS)
                shapes["head.hidden.bias"] = (OUTPUTS * HIDDEN,)
            p = {name: weight(name, shape) for name, shape in shapes.items()}
            if pool == "gem":
                p["head.pool.p"] = torch.tensor([POWER]).double()
            for tensor in p.values():
                tensor.requires_grad_()
            pooled = {
                "average": lambda: maps.mean((2, 3)),
                "max": lambda: maps.amax((2, 3)),
                "gem": lambda: maps.clamp(min=1e-6).pow(p["head.pool.p"]).mean((2, 3)).pow(1 / p["head.pool.p"]),
            }[pool]()
            if kind == "per-label":
                w, b = p["head.hidden.weight"], p["head.hidden.bias"]
                logits = []
                for label in range(OUTPUTS):
                    rows = slice(label * HIDDEN, (label + 1) * HIDDEN)
                    inner = torch.relu(pooled @ w[rows].T + b[rows])
                    logits.append(inner @ p["classifier.weight"][label] + p["classifier.bias"][label])
                logits = torch.stack(logits, 1)
            else:
                logits = pooled @ p["classifier.weight"].T + p["classifier.bias"]
            logits.square().mean().backward()
            result[f"{pool} {kind}"] = {
                "logits": digits(logits.flatten().tolist()),
                "gradients": {name: digest(tensor.grad) for name, tensor in p.items()},
            }
    return result


def write_state_dicts():
    state = Tiny().state_dict()
    for key, value in state.items():
        if "num_batches" not in key:
            value.copy_(weight(key, value.shape))
    torch.save(state, FIXTURES / "tiny.pth")
    torch.save(state, FIXTURES / "tiny-legacy.pth", _use_new_zipfile_serialization=False)
    torch.save({"conv.weight": Code()}, FIXTURES / "code.pth")
    torch.save({**state, "extra": Code()}, FIXTURES / "tiny-and-code.pth")
    torch.save(Code(), FIXTURES / "all-code.pth")
    wrapped = {f"model.{key}": value for key, value in state.items()}
    wrapped["loss.pos_weight"] = torch.ones(6)
    moments = {"state": {0: {"exp_avg": torch.zeros(2, 1, 3, 3), "step": torch.tensor(3.0)}}}
    torch.save({"state_dict": wrapped, "epoch": 3, "optimizer_states": [moments]}, FIXTURES / "tiny-wrapped.pth")


def write(name, content):
    FIXTURES.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, separators=(",", ":"))
    for end in ("},", "],"):
        text = text.replace(end + '"', end + '\n"')
    text = text.replace("],[", "],\n[")
    (FIXTURES / f"{name}.json").write_text(text + "\n")


def main():
    # Float64 convolutions in groups are slower in two threads than in one.
    torch.set_num_threads(1)
    for name in MODELS:
        write(name, {"versions": {"torch": torch.__version__, "timm": timm.__version__}, **by_formula(name)})
    write_state_dicts()
    write("torchvision", by_torchvisions_names())
    write("adapt", adapted_convolutions())
    write("heads", heads())
    for directory in sys.argv[1:]:
        for path in sorted(Path(directory).glob("efficientnet-lite*.pth")):
            write(path.stem, with_published_weights(path))


if __name__ == "__main__":
    main()
