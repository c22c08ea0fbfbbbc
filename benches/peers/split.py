"""Splits beside the Python package iterative-stratification: the same rows, the same machine, one after the other.

    pip install iterative-stratification==0.1.9
    python benches/peers/split.py [ROWS ...]

Prints a table for docs/benchmarks.md: seconds that the package and ichflow compute, by slice and by patient
(the package's shortest of three repeats, ichflow's mean; both use one thread, and waiting for a busy machine is
not counted). The package knows no groups, so what is grouped is held against its ungrouped time.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from iterstrat.ml_stratifiers import MultilabelStratifiedKFold, MultilabelStratifiedShuffleSplit

ROOT = Path(__file__).resolve().parents[2]
PREVALENCE = [0.004178, 0.047978, 0.034810, 0.047390, 0.062654]


def splitmix64(x):
    z = x + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def labels(rows):
    index = np.uint64(8) * np.arange(rows, dtype=np.uint64)
    columns = [
        splitmix64(index + np.uint64(label + 1)) >> np.uint64(32) < np.uint64(int(p * 2**32))
        for label, p in enumerate(PREVALENCE)
    ]
    return np.stack([np.any(columns, 0), *columns], 1).astype(int)


def shortest(make, y, repeats=3):
    def once(seed):
        begun = time.process_time()
        for _ in make(seed).split(y, y):
            pass
        return time.process_time() - begun

    return min(once(seed) for seed in range(repeats))


def main():
    sizes = [int(text) for text in sys.argv[1:]] or [10_000, 50_000, 200_000, 752_803]
    build = ["cargo", "build", "--release", "-p", "ichflow-splitting", "--bench", "split", "--message-format", "json"]
    built = subprocess.run(build, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    program = [json.loads(line).get("executable") for line in built.splitlines() if '"name":"split"' in line][-1]
    print("| rows | split | package | ichflow | ratio | by patient | ratio |")
    print("| ---: | --- | ---: | ---: | ---: | ---: | ---: |")
    for rows in sizes:
        y = labels(rows)
        package = {
            "shuffle_split": shortest(
                lambda seed: MultilabelStratifiedShuffleSplit(n_splits=1, test_size=0.06, random_state=seed), y
            ),
            "five_folds": shortest(
                lambda seed: MultilabelStratifiedKFold(n_splits=5, shuffle=True, random_state=seed), y
            ),
        }
        ours = json.loads(subprocess.run([program, str(rows)], check=True, capture_output=True, text=True).stdout)
        for name, theirs in package.items():
            alone, grouped = ours[name], ours[name + "_by_patient"]
            print(
                f"| {rows:,} | {name.replace('_', ' ')} | {theirs:.3f} s | {alone:.4f} s | {theirs / alone:.0f}× "
                f"| {grouped:.4f} s | {theirs / grouped:.0f}× |",
                flush=True,
            )


main()
