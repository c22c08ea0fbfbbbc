"""Images a second of ichflow and of PyTorch (eager and compiled) on the same machine in the same run.

    benches/gpu/run.sh                      # builds with CUDA, measures, writes gpu.md and gpu.json
    benches/gpu/run.sh --device cpu --quick # what the files look like, on any machine

PyTorch computes channels-last and, where precision is bf16, under autocast; ichflow by what `precision = "bf16"`
does. The quickest step counts, after warm-up (compiling and autotuning fall into it). What does not run, for want of
memory or of a compiler, says so in its place.
"""

import argparse
import json
import platform
import subprocess
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from sides import Ichflow, Torch, rate  # noqa: E402

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--program", default="target/release/ichflow-speed")
parser.add_argument("--device", default="cuda:0")
parser.add_argument("--networks", nargs="+", default=["efficientnet-b0", "resnet50"])
parser.add_argument("--sizes", type=int, nargs="+", default=[224, 256, 512])
parser.add_argument("--batches", type=int, nargs="+", default=[16, 32, 64, 128])
parser.add_argument("--precisions", nargs="+", default=["f32", "bf16"])
parser.add_argument("--steps", type=int, default=20)
parser.add_argument("--warm", type=int, default=5)
parser.add_argument("--rounds", type=int, default=2)
parser.add_argument("--no-compile", action="store_true", help="leave out torch.compile")
parser.add_argument("--quick", action="store_true", help="one small batch, two steps: to see that it runs")
parser.add_argument("--out", default="gpu", help="where to write: OUT.md and OUT.json")
arguments = parser.parse_args()
if arguments.quick:
    arguments.sizes, arguments.batches = [64], [2]
    arguments.steps, arguments.warm, arguments.rounds = 2, 1, 1


def machine():
    """What this was measured on."""
    found = {
        "processor": platform.processor() or platform.machine(),
        "system": platform.platform(),
        "pytorch": torch.__version__,
        "cuda": torch.version.cuda,
        "device": arguments.device,
    }
    if arguments.device.startswith("cuda"):
        index = torch.device(arguments.device).index or 0
        properties = torch.cuda.get_device_properties(index)
        found["device"] = properties.name
        found["memory_gib"] = round(properties.total_memory / 2**30, 1)
    else:
        with open("/proc/cpuinfo") as lines:
            names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        found["device"] = f"{names[0]}, {len(names)} cores" if names else "CPU"
    here = str(Path(__file__).parent)
    command = ["git", "-C", here, "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True, check=False)
    found["ichflow"] = commit.stdout.strip()
    return found


ichflow = None


def ask_ichflow(**question):
    """Asks a running program, a new one if the last has ended (a GPU out of memory may end it)."""
    global ichflow
    if ichflow is None or ichflow.process.poll() is not None:
        ichflow = Ichflow(arguments.program)
    return ichflow.ask(**question)


sides = {"ichflow": ask_ichflow, "PyTorch eager": Torch().ask}
if not arguments.no_compile:
    sides["PyTorch compiled"] = Torch(compiled=True).ask

rows = []
for network in arguments.networks:
    for train in (False, True):
        for precision in arguments.precisions:
            for size in arguments.sizes:
                for batch in arguments.batches:
                    question = dict(
                        network=network,
                        size=size,
                        batch=batch,
                        train=train,
                        precision=precision,
                        steps=arguments.steps,
                        warm=arguments.warm,
                        device=arguments.device,
                    )
                    found, failed = dict.fromkeys(sides), {}
                    for _ in range(arguments.rounds):
                        for name, ask in sides.items():
                            answer = ask(**question)
                            speed = rate(answer, batch)
                            if speed is None:
                                failed[name] = answer.get("error", "no answer")
                            else:
                                found[name] = max(found[name] or 0.0, speed)
                    rows.append({**question, "images_per_second": found, "failed": failed})
                    print(network, "train" if train else "forward", precision, size, batch, found, failed, flush=True)

about = machine()
Path(f"{arguments.out}.json").write_text(json.dumps({"machine": about, "rows": rows}, indent=2) + "\n")

text = [f"{about['device']}; PyTorch {about['pytorch']}; ichflow {about['ichflow']}.", ""]
text.append("| network | | precision | pixels | batch | " + " | ".join(sides) + " | ichflow / best |")
text.append("| --- | --- | --- | ---: | ---: | " + "---: | " * len(sides) + "---: |")
for row in rows:
    speeds = row["images_per_second"]
    cells = [f"{speeds[name]:.1f}" if speeds[name] else "–" for name in sides]
    others = [speeds[name] for name in sides if name != "ichflow" and speeds[name]]
    ratio = f"{speeds['ichflow'] / max(others):.2f}" if speeds["ichflow"] and others else "–"
    what = "training" if row["train"] else "forward"
    text.append(
        f"| {row['network']} | {what} | {row['precision']} | {row['size']} | {row['batch']} | "
        + " | ".join(cells)
        + f" | {ratio} |"
    )
reasons = {f"{name}: {why}" for row in rows for name, why in row["failed"].items()}
if reasons:
    text += ["", *(f"- {reason}" for reason in sorted(reasons))]
Path(f"{arguments.out}.md").write_text("\n".join(text) + "\n")
print("\n".join(text))
