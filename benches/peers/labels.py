"""The labels CSV at full size beside pandas and polars.

    cargo build --release --bench reading
    python benches/peers/labels.py [--rounds 5]

Makes 4,516,842 rows in the competition's shape (752,803 images, four of them listed twice), and measures seconds
and peak memory of whole processes: parse, one row an image, repeated rows dropped. Needs pandas and polars.
"""

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SUBTYPES = ("epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural", "any")
IMAGES = 752_803

PANDAS = """
import sys, pandas as pd
df = pd.read_csv(sys.argv[1])
df["Image"] = df["ID"].str.slice(stop=12)
df["Diagnosis"] = df["ID"].str.slice(start=13)
df = df.drop_duplicates(subset=["Image", "Diagnosis"])
df = df.loc[:, ["Label", "Diagnosis", "Image"]].set_index(["Image", "Diagnosis"]).unstack(level=-1)
print(len(df))
"""

POLARS = """
import sys, polars as pl
df = pl.read_csv(sys.argv[1])
df = df.with_columns(pl.col("ID").str.slice(0, 12).alias("Image"), pl.col("ID").str.slice(13).alias("Diagnosis"))
df = df.unique(subset=["Image", "Diagnosis"], keep="first", maintain_order=True)
print(len(df.pivot(on="Diagnosis", index="Image", values="Label")))
"""


def make(path):
    draw = random.Random(1)
    images = draw.sample(range(16**9), IMAGES)
    images += images[:4]
    with open(path, "w") as file:
        file.write("ID,Label\n")
        for image in images:
            # Labels follow from the name, so that repeated rows agree.
            bits = image % 7 if image % 10 == 0 else 0
            labels = [bits >> bit & 1 for bit in range(5)]
            for subtype, label in zip(SUBTYPES, labels + [int(any(labels))]):
                file.write(f"ID_{image:09x}_{subtype},{label}\n")


def measured(command):
    """Seconds and peak MB of a process, and what it said. A process of its own waits for it: the peak of
    children is the largest of all."""
    script = (
        "import resource, subprocess, sys, time; begun = time.perf_counter();"
        "out = subprocess.run(sys.argv[1:], check=True, capture_output=True, text=True).stdout.strip();"
        "seconds = time.perf_counter() - begun;"
        "print(seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, out)"
    )
    output = subprocess.run([sys.executable, "-c", script, *command], check=True, capture_output=True, text=True)
    seconds, peak, said = output.stdout.strip().split(" ", 2)
    return float(seconds), float(peak), said


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--binary", default=None, help="the built bench; else cargo is asked for it")
    given = arguments.parse_args()
    binary = given.binary
    if binary is None:
        from reading import bench_binary

        binary = bench_binary()
    with tempfile.TemporaryDirectory() as scratch:
        path = str(Path(scratch) / "labels.csv")
        make(path)
        print(f"{path}: {sum(1 for _ in open(path)) - 1:,} rows, {Path(path).stat().st_size / 1e6:.0f} MB")
        commands = {
            "ichflow": [binary, "--csv", path],
            "polars": [sys.executable, "-c", POLARS, path],
            "pandas": [sys.executable, "-c", PANDAS, path],
        }
        rounds = {name: [] for name in commands}
        for _ in range(given.rounds):
            for name, command in commands.items():
                rounds[name].append(measured(command))
        print("\n| | seconds | peak memory |\n| --- | ---: | ---: |")
        for name, found in rounds.items():
            seconds, peak, _ = map(list, zip(*found))
            print(f"| {name} | {statistics.median(seconds):.2f} | {statistics.median(peak):,.0f} MB |")
        print({name: found[-1][2] for name, found in rounds.items()})


if __name__ == "__main__":
    main()
