"""An epoch of training a network over series on the CPU, from embeddings in float16: ichflow and PyTorch in turn.

    cargo build --release -p ichflow-speed --bin ichflow-series-speed
    python benches/peers/series.py --file /tmp/embeddings

Both read the same file of made-up embeddings, series by series in the same shuffled order, and train `series-gru`
(two bidirectional layers of 96, dropout, a linear layer) on batches of series: forward, backward, Adam. The sides take
turns, and the quickest epoch of each counts, beside the least that processors computed for one. With `--ragged` series
have 20 to 60 slices, which PyTorch takes packed. Where other programs run, PyTorch's threads compute while they wait for
one another, unless OMP_WAIT_POLICY=PASSIVE is set.
"""

import argparse
import json
import os
import subprocess
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

LABELS, HIDDEN, LAYERS, DROPOUT = 6, 96, 2, 0.25

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--program", default="target/release/ichflow-series-speed")
parser.add_argument("--file", required=True)
parser.add_argument("--series", type=int, nargs="+", default=[5000, 20000])
parser.add_argument("--slices", type=int, default=32)
parser.add_argument("--features", type=int, default=1280)
parser.add_argument("--ragged", action="store_true")
parser.add_argument("--batch", type=int, default=64)
parser.add_argument("--batches", type=int, default=10**9)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--generic", action="store_true", help="burn's own operations too")
arguments = parser.parse_args()


def lengths(count):
    if not arguments.ragged:
        return [arguments.slices] * count
    return np.random.default_rng(2).integers(20, 61, count).tolist()


def write(rows):
    """Embeddings as pooled features are: positive, most of them small."""
    random = np.random.default_rng(1)
    name = f"{arguments.file}-{rows}"
    if os.path.exists(name) and os.path.getsize(name) == rows * arguments.features * 2:
        return name
    with open(name, "wb") as file:
        for first in range(0, rows, 20_000):
            count = min(20_000, rows - first)
            block = random.standard_normal((count, arguments.features), dtype=np.float32)
            file.write(np.maximum(block * 0.3, -0.1).astype(np.float16).tobytes())
    return name


class Gru(nn.Module):
    def __init__(self):
        super().__init__()
        width = arguments.features + 4
        self.gru = nn.GRU(width, HIDDEN, LAYERS, batch_first=True, bidirectional=True, dropout=DROPOUT)
        self.dropout = nn.Dropout(DROPOUT)
        self.classifier = nn.Linear(2 * HIDDEN, LABELS)

    def forward(self, x, lengths):
        if lengths is None:
            return self.classifier(self.dropout(self.gru(x)[0]))
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        states = nn.utils.rnn.pad_packed_sequence(self.gru(packed)[0], batch_first=True)[0]
        return self.classifier(self.dropout(states))


def pytorch(name, lengths):
    torch.manual_seed(1)
    network = Gru().train()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    embeddings = np.memmap(name, np.float16, "r", shape=(sum(lengths), arguments.features))
    order = [index * 7919 % len(lengths) for index in range(len(lengths))]
    weights = torch.tensor([2, 1, 1, 1, 1, 1]) / 7
    losses, reading = [], 0.0
    begun, before = time.perf_counter(), time.process_time()
    for first in range(0, len(order), arguments.batch)[: arguments.batches]:
        reads = time.perf_counter()
        batch = order[first : first + arguments.batch]
        longest = max(lengths[index] for index in batch)
        x = torch.zeros(len(batch), longest, arguments.features + 4)
        truth = torch.zeros(len(batch), longest, LABELS)
        mask = torch.zeros(len(batch), longest, 1)
        for place, index in enumerate(batch):
            start, length = int(starts[index]), lengths[index]
            x[place, :length, :-4] = torch.from_numpy(embeddings[start : start + length].astype(np.float32))
            step = torch.arange(length)
            x[place, :length, -4] = (step > 0).float()
            x[place, :length, -3] = (step < length - 1).float()
            x[place, :length, -2] = 0.05 * step
            x[place, :length, -1] = step / length
            values = np.arange(start * LABELS, (start + length) * LABELS, dtype=np.uint64)
            there = values * np.uint64(2654435761) % np.uint64(2**32) < np.uint64(2**29)
            truth[place, :length] = torch.from_numpy(there.astype(np.float32)).reshape(length, LABELS)
            mask[place, :length] = 1
        reading += time.perf_counter() - reads
        optimiser.zero_grad(set_to_none=True)
        packed = torch.tensor([lengths[index] for index in batch]) if arguments.ragged else None
        logits = network(x, packed)
        loss = F.binary_cross_entropy_with_logits(logits, truth, reduction="none") * weights * mask
        loss = loss.sum() / mask.sum()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return {
        "seconds": time.perf_counter() - begun,
        "cpu": time.process_time() - before,
        "reading": reading,
        "losses": [losses[0], losses[-1]],
    }


class Ichflow:
    def __init__(self):
        environment = {**os.environ, "RAYON_NUM_THREADS": str(arguments.threads)}
        self.process = subprocess.Popen(
            [arguments.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, name, lengths, generic=False):
        question = {
            "network": "series-gru",
            "params": f"hidden = {HIDDEN}\nlayers = {LAYERS}\ndropout = {DROPOUT}",
            "file": os.path.abspath(name),
            "features": arguments.features,
            "lengths": lengths,
            "batch": arguments.batch,
            "batches": min(arguments.batches, 10**9),
            "generic": generic,
        }
        print(json.dumps(question), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise SystemExit(answer["error"])
        return answer

    def peak(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def main():
    torch.set_num_threads(arguments.threads)
    print(f"{arguments.threads} threads, batches of {arguments.batch} series, PyTorch {torch.__version__}\n")
    print("| series | side | an epoch, s | of which reading, s | CPU s | loss, first and last batch |")
    print("| ---: | --- | ---: | ---: | ---: | ---: |")
    for count in arguments.series:
        each = lengths(count)
        name = write(sum(each))
        ichflow = Ichflow()
        sides = {"ichflow": lambda: ichflow.ask(name, each), "PyTorch": lambda: pytorch(name, each)}
        if arguments.generic:
            sides["burn's operations"] = lambda: ichflow.ask(name, each, generic=True)
        answers = {side: [] for side in sides}
        for _ in range(arguments.rounds):
            for side, ask in sides.items():
                answers[side].append(ask())
        for side, rounds in answers.items():
            best = min(rounds, key=lambda answer: answer["seconds"])
            cpu = min(answer["cpu"] for answer in rounds)
            losses = " ".join(f"{loss:.4f}" for loss in best["losses"])
            print(f"| {count} | {side} | {best['seconds']:.1f} | {best['reading']:.1f} | {cpu:.1f} | {losses} |", flush=True)
        print(f"\nichflow's peak: {ichflow.peak():.0f} MB\n")
        ichflow.process.stdin.close()


if __name__ == "__main__":
    main()
