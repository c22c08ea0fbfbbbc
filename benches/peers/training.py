"""Training and inference on the CPU: ichflow with burn's own operations, with its kernels, and PyTorch.

    cargo build --release -p ichflow-speed
    python benches/peers/training.py

The three take turns in one run, and the quickest step of all rounds counts: what else the machine does then weighs
on all alike, and least on what is written down. Beside it stands what an image costs in processors' time, the least of
all rounds, on which other programs weigh less.
"""

import argparse
import os

import torch
from sides import Ichflow, Torch, cost, rate

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--program", default="target/release/ichflow-speed")
parser.add_argument("--network", default="efficientnet-b0")
parser.add_argument("--sizes", type=int, nargs="+", default=[128, 224])
parser.add_argument("--batch", type=int, default=8)
parser.add_argument("--modes", nargs="+", default=["forward", "training"], choices=["forward", "training"])
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--steps", type=int, default=3)
parser.add_argument("--threads", type=int, default=os.cpu_count())
arguments = parser.parse_args()

torch.set_num_threads(arguments.threads)
ichflow, pytorch = Ichflow(arguments.program, arguments.threads), Torch()
sides = {
    "burn's operations": lambda question: ichflow.ask(**question, generic=True),
    "ichflow": lambda question: ichflow.ask(**question),
    "PyTorch": lambda question: pytorch.ask(**question),
}

print(f"{arguments.network}, batch {arguments.batch}, {arguments.threads} threads, PyTorch {torch.__version__}\n")
print("| images/s (CPU ms an image) | burn's operations | ichflow | PyTorch | ichflow / burn's | ichflow / PyTorch |")
print("| --- | ---: | ---: | ---: | ---: | ---: |")
for mode in arguments.modes:
    for size in arguments.sizes:
        question = dict(
            network=arguments.network,
            size=size,
            batch=arguments.batch,
            train=mode == "training",
            steps=arguments.steps,
            warm=1,
            device="cpu",
        )
        best, least = dict.fromkeys(sides, 0.0), dict.fromkeys(sides, float("inf"))
        for _ in range(arguments.rounds):
            for name, ask in sides.items():
                answer = ask(question)
                best[name] = max(best[name], rate(answer, arguments.batch) or 0.0)
                least[name] = min(least[name], cost(answer, arguments.batch) or float("inf"))
        cells = [f"{best[name]:.1f} ({least[name]:.1f})" for name in sides]
        ratio = lambda to: f"{best['ichflow'] / best[to]:.2f} ({least['ichflow'] / least[to]:.2f})"
        row = [f"{mode}, {size} px", *cells, ratio("burn's operations"), ratio("PyTorch")]
        print("| " + " | ".join(row) + " |", flush=True)
