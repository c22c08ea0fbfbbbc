"""Writes what PyTorch's recurrent layers, transformer layers and attention give over series of different lengths.

    pip install torch
    python tests/reference/series.py

Weights and inputs are made by formula on both sides (`uniform` below, and `plugins/networks/tests/it/formula.rs`), by
the names that the Rust modules have. Here every series passes its layers alone, without padding, in float64; batch
normalisation sees the slices of all. The networks are written down a second time, from the papers and the winners'
descriptions, of PyTorch's own GRU, LSTM and TransformerEncoderLayer.
"""

import json
import math
import sys
from pathlib import Path

# `statistics.py` stands beside this file, and PyTorch wants Python's own.
sys.path = [path for path in sys.path if Path(path) != Path(__file__).parent]

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: E402

FIXTURE = Path(__file__).parents[2] / "plugins/networks/tests/fixtures/series.json"
LENGTHS = [5, 1, 9, 3]
SLICES = sum(LENGTHS)
FEATURES, LABELS = 20, 6
SAMPLES = 60


def uniform(name, shape):
    """See networks.py, which needs more than PyTorch."""
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
    """A parameter, rounded to float32."""
    u = uniform(name, shape)
    if len(shape) > 1:
        values = (2 * u - 1) * math.sqrt(6.0 / math.prod(shape[1:]))
    elif name.endswith("weight"):
        values = 0.5 + 0.5 * u
    else:
        values = (u - 0.5) * 0.4
    return torch.from_numpy(values.astype(np.float32)).double()


def centred(name, *shape):
    return torch.from_numpy((2 * uniform(name, shape) - 1).astype(np.float32)).double()


def position_mm():
    """Steps of 2 to 8 mm, from 0 on in every series."""
    series = []
    for index, length in enumerate(LENGTHS):
        steps = 2 + 6 * uniform(f"steps {index}", (length,))
        steps[0] = 0
        series.append(torch.from_numpy(np.cumsum(np.round(steps)).astype(np.float32)).double())
    return series


def each(f, x, *more):
    """Applies f to every series alone."""
    parts = [part.split(LENGTHS) for part in (x, *more)]
    return torch.cat([f(*series) for series in zip(*parts)])


class Recurrence(nn.Module):
    """One bidirectional layer of PyTorch's GRU or LSTM."""

    def __init__(self, kind, inputs, hidden):
        super().__init__()
        self.inner = kind(inputs, hidden, bidirectional=True, batch_first=True)

    def forward(self, x):
        return each(lambda series: self.inner(series[None])[0][0], x)


class Recurrent(nn.Module):
    def __init__(self, kind, inputs, hidden, layers):
        super().__init__()
        self.layers = nn.ModuleList(
            [Recurrence(kind, inputs if index == 0 else 2 * hidden, hidden) for index in range(layers)]
        )

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Encoder(nn.Module):
    def __init__(self, model, heads, hidden):
        super().__init__()
        self.inner = nn.TransformerEncoderLayer(
            model, heads, hidden, dropout=0.0, batch_first=True, norm_first=True
        )

    def forward(self, x):
        return each(lambda series: self.inner(series[None])[0], x)


class Attention(nn.Module):
    """Gated attention pooling (arXiv 1802.04712)."""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.content = nn.Linear(inputs, hidden)
        self.gate = nn.Linear(inputs, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)

    def weights(self, series):
        scores = self.score(self.content(series).tanh() * self.gate(series).sigmoid())
        return scores.softmax(0)

    def forward(self, x):
        return each(lambda series: (self.weights(series) * series).sum(0, keepdim=True), x)


class ExamHead(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.attention = Attention(inputs, hidden)
        self.classifier = nn.Linear(inputs, LABELS)

    def forward(self, x):
        return self.classifier(self.attention(x))


class Head(nn.Module):
    def __init__(self, inputs, hidden=None):
        super().__init__()
        self.classifier = nn.Linear(inputs, LABELS)
        self.exam = ExamHead(inputs, hidden) if hidden else None

    def forward(self, x):
        outputs = {"slices": self.classifier(x)}
        if self.exam:
            outputs["exam"] = self.exam(x)
        return outputs


class Convolution(nn.Module):
    def __init__(self, inputs, outputs, kernel, dilation):
        super().__init__()
        self.inner = nn.Conv1d(inputs, outputs, kernel, dilation=dilation, padding=kernel // 2 * dilation)

    def forward(self, x):
        return each(lambda series: self.inner(series.T[None])[0].T, x)


class ByLabel(Convolution):
    """The same convolution for every label: [labels, slices, channels]."""

    def forward(self, x):
        return torch.stack([super(ByLabel, self).forward(label) for label in x])


def differences(e):
    """To the slice before and the one after; the slice itself at the ends."""
    return each(lambda s: torch.cat([s - torch.cat([s[:1], s[:-1]]), s - torch.cat([s[1:], s[-1:]])], 1), e)


class Inputs:
    def __init__(self):
        self.embeddings = centred("embeddings", SLICES, FEATURES)
        self.logits = centred("logits", SLICES, LABELS)
        mm = position_mm()
        gaps, relative = [], []
        for z in mm:
            unit = float((z[1:] - z[:-1]).median()) if len(z) > 1 else 1.0
            before = torch.cat([z.new_zeros(1), z[1:] - z[:-1]]) / unit
            after = torch.cat([z[1:] - z[:-1], z.new_zeros(1)]) / unit
            gaps.append(torch.stack([before, after], 1))
            relative.append(torch.arange(len(z)) / max(len(z) - 1, 1))
        self.spacing_mm = [float((z[1:] - z[:-1]).median()) if len(z) > 1 else 0.0 for z in mm]
        # As float32 has them, from which the Rust side starts.
        self.gaps = torch.cat(gaps).float().double()
        self.mm = torch.cat(mm)[:, None]
        self.relative = torch.cat(relative).float().double()[:, None]

    def chosen(self, names):
        parts = {
            "embedding": lambda: self.embeddings,
            "differences": lambda: differences(self.embeddings),
            "logits": lambda: self.logits,
            "gap": lambda: self.gaps,
            "position": lambda: torch.cat([self.mm / 100, self.relative], 1),
        }
        return torch.cat([parts[name]() for name in names], 1)


class Network(nn.Module):
    inputs = ["embedding", "gap", "position"]

    def width(self):
        return self.given().shape[1]

    def given(self):
        return Inputs().chosen(self.inputs)


class SeriesGru(Network):
    """hidden = 12, layers = 2, exam = "attention", attention = 8"""

    def __init__(self):
        super().__init__()
        self.recurrent = Recurrent(nn.GRU, self.width(), 12, 2)
        self.head = Head(24, 8)

    def forward(self):
        return self.head(self.recurrent(self.given()))


class SeriesLstm(Network):
    """hidden = 20, layers = 2"""

    inputs = ["embedding", "differences"]

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([Recurrence(nn.LSTM, self.width(), 20), Recurrence(nn.LSTM, 40, 20)])
        self.residual = nn.ModuleList([nn.Linear(40, 40), nn.Linear(40, 40)])
        self.head = Head(40)

    def forward(self):
        e = Inputs().embeddings
        h1 = self.layers[0](self.given())
        h2 = self.layers[1](h1)
        skip = torch.cat([e, e], 1)
        return self.head(h1 + h2 + F.relu(self.residual[0](h1)) + F.relu(self.residual[1](h2)) + skip)


class SeriesConvGru(Network):
    """wide = 24, narrow = 16, hidden = 8, channels = 10"""

    inputs = ["embedding", "logits"]

    class LinearNorm(nn.Module):
        def __init__(self, inputs, outputs):
            super().__init__()
            self.linear = nn.Linear(inputs, outputs)
            self.norm = nn.BatchNorm1d(outputs)

        def forward(self, x):
            return F.relu(self.norm(self.linear(x)))

    class ConvNorm(nn.Module):
        def __init__(self, inputs, outputs, kernel, dilation):
            super().__init__()
            self.conv = ByLabel(inputs, outputs, kernel, dilation)
            self.norm = nn.BatchNorm1d(outputs)

        def forward(self, x):
            x = self.conv(x)
            return F.relu(self.norm(x.flatten(0, 1))).reshape(x.shape)

    def __init__(self):
        super().__init__()
        self.wide = self.LinearNorm(self.width(), 24)
        self.narrow = self.LinearNorm(24, 16)
        self.recurrent = Recurrent(nn.GRU, 16, 8, 2)
        self.by_slice = nn.Linear(16, LABELS)
        self.by_series = nn.Linear(16, LABELS)
        self.convolutions = nn.ModuleList(
            [
                self.ConvNorm(4, 20, 5, 1),
                self.ConvNorm(20, 10, 3, 2),
                self.ConvNorm(10, 10, 3, 4),
                self.ConvNorm(10, 10, 3, 2),
            ]
        )
        self.last = ByLabel(10, 1, 3, 1)
        self.second_recurrent = Recurrent(nn.GRU, 60, 8, 2)
        self.second = nn.Linear(16, LABELS)

    def forward(self):
        inputs = Inputs()
        x = self.narrow(self.wide(self.given()))
        first = self.by_slice(x) + self.by_series(self.recurrent(x))
        gaps = inputs.gaps.expand(LABELS, -1, -1)
        y = torch.cat([first.sigmoid().T[..., None], inputs.logits.sigmoid().T[..., None], gaps], 2)
        for layer in self.convolutions:
            y = layer(y)
        states = self.second_recurrent(y.transpose(0, 1).flatten(1))
        return {"first_stage": first, "slices": self.last(y)[..., 0].T + self.second(states)}


class SeriesTransformer(Network):
    """model = 16, heads = 4, layers = 2, hidden = 24"""

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(self.width(), 16)
        self.layers = nn.ModuleList([Encoder(16, 4, 24), Encoder(16, 4, 24)])
        self.norm = nn.LayerNorm(16)
        self.head = Head(16)

    def forward(self):
        angles = Inputs().mm * 1000 ** (-torch.arange(8, dtype=torch.float64) / 8)
        x = self.project(self.given()) + torch.cat([angles.sin(), angles.cos()], 1)
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x))


class SeriesConv(Network):
    """width = 16, layers = 3"""

    class Layer(nn.Module):
        def __init__(self, dilation):
            super().__init__()
            self.norm = nn.LayerNorm(16)
            self.conv = Convolution(16, 16, 3, dilation)

        def forward(self, x):
            return x + self.conv(F.relu(self.norm(x)))

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(self.width(), 16)
        self.layers = nn.ModuleList([self.Layer(1), self.Layer(2), self.Layer(4)])
        self.norm = nn.LayerNorm(16)
        self.head = Head(16)

    def forward(self):
        x = self.project(self.given())
        for layer in self.layers:
            x = layer(x)
        return self.head(F.relu(self.norm(x)))


class SeriesAttention(Network):
    """hidden = 16, attention = 8"""

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(self.width(), 16)
        self.head = Head(16, 8)

    def forward(self):
        return self.head(F.relu(self.project(self.given())))


def names(module):
    """The Rust modules' names of all parameters, with the parameter and the way to and from its shape there."""
    same = (lambda value: value, lambda value: value)
    # A kernel's places before its channels, in one row.
    rows = (
        lambda value: value.transpose(1, 2).flatten(1),
        None,
    )
    found = {}
    for name, parameter in module.named_parameters():
        parts = name.split(".")
        if parts[-1].endswith("_reverse"):
            parts[-2:] = ["reverse", parts[-1].removesuffix("_l0_reverse")]
        elif parts[-1].endswith("_l0"):
            parts[-2:] = ["ahead", parts[-1].removesuffix("_l0")]
        name = ".".join(parts)
        if parameter.ndim == 3:
            outputs, inputs, kernel = parameter.shape
            back = lambda value, kernel=kernel, inputs=inputs: value.unflatten(1, (kernel, inputs)).transpose(1, 2)
            found[name.replace("inner.", "linear.")] = (parameter, rows[0], back)
            continue
        for theirs, ours in [
            ("inner.self_attn.in_proj_weight", "in_proj.weight"),
            ("inner.self_attn.in_proj_bias", "in_proj.bias"),
            ("inner.self_attn.out_proj", "out_proj"),
            ("inner.bias", "linear.bias"),
            ("inner.", ""),
        ]:
            name = name.replace(theirs, ours)
        found[name] = (parameter, *same)
    return found


def by_formula(module):
    module.double().train()
    for name, (parameter, there, back) in names(module).items():
        with torch.no_grad():
            parameter.copy_(back(weight(name, tuple(there(parameter).shape))))
    return module


def digits(values):
    return [float(f"{value:.9g}") for value in values]


def samples(tensor):
    flat = tensor.detach().flatten()
    step = -(-len(flat) // SAMPLES)
    return digits(flat[::step].tolist())


def digest(tensor):
    tensor = tensor.detach()
    return digits((tensor.sum().item(), tensor.norm().item()))


def slope_sum(outputs):
    """One number of all outputs."""
    return sum((value * centred(f"slopes of {name}", *value.shape)).sum() for name, value in outputs.items())


def record(module, outputs):
    module.zero_grad()
    slope_sum(outputs).backward()
    return {
        "outputs": {name: samples(value) for name, value in outputs.items()},
        "gradients": {
            name: digest(there(parameter.grad)) for name, (parameter, there, _) in sorted(names(module).items())
        },
    }


def layer(module, inputs):
    """A layer by itself, with the gradient of what goes in."""
    by_formula(module)
    x = centred("x", SLICES, inputs).requires_grad_()
    result = record(module, {"slices": module(x)})
    return {**result, "gradient_of_input": samples(x.grad)}


def step(optimiser, **settings):
    """Three steps of training SeriesGru by the competition's loss: the loss before each, and all parameters after."""
    network = by_formula(SeriesGru())
    optimiser = optimiser(network.parameters(), **settings)
    truth = (centred("truth", SLICES, LABELS) > 0.4).double()
    losses = []
    for _ in range(3):
        optimiser.zero_grad()
        logits = network()["slices"]
        weights = torch.tensor([2, 1, 1, 1, 1, 1]).double() / 7
        loss = (F.binary_cross_entropy_with_logits(logits, truth, reduction="none") * weights).sum(1).mean()
        loss.backward()
        # What has no part in the loss has no gradient, and is not changed by weight decay either.
        losses.append(loss.item())
        optimiser.step()
    parameters = {
        name: digest(there(parameter))
        for name, (parameter, there, _) in sorted(names(network).items())
        if parameter.grad is not None
    }
    return {"losses": digits(losses), "parameters": parameters}


def main():
    torch.manual_seed(0)
    networks = [SeriesGru, SeriesLstm, SeriesConvGru, SeriesTransformer, SeriesConv, SeriesAttention]
    fixture = {
        "torch": torch.__version__,
        "lengths": LENGTHS,
        "position_mm": [z.tolist() for z in position_mm()],
        "spacing_mm": Inputs().spacing_mm,
        "layers": {
            "gru": layer(Recurrent(nn.GRU, 24, 16, 2), 24),
            "lstm": layer(Recurrent(nn.LSTM, 24, 16, 2), 24),
            "encoder": layer(Encoder(24, 3, 40), 24),
            "attention": layer(Attention(24, 12), 24),
        },
        "networks": {
            cls.__name__: record(module, module())
            for cls in networks
            for module in [by_formula(cls())]
        },
        "steps": {
            "sgd": step(torch.optim.SGD, lr=0.1),
            "adamw": step(torch.optim.AdamW, lr=0.01, weight_decay=0.1),
        },
    }
    FIXTURE.write_text(json.dumps(fixture, indent=None, separators=(",", ":")) + "\n")
    print(f"{FIXTURE}: {FIXTURE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
