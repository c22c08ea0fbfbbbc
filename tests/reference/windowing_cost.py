"""Time of every windowing scheme beside NumPy, in one run: the table of docs/benchmarks.md.

    pip install numpy
    cargo bench -p ichflow-windowing --bench schemes --no-run
    python tests/reference/windowing_cost.py target/release/deps/schemes-XXXX

Both work on the same eight slices of 512 x 512 pixels as float32, on the CPU, and take turns; the quickest of
several passes counts. NumPy's side is what tests/reference/windowing.py holds the schemes against.
"""

import subprocess
import sys
import time

import numpy as np

import windowing as w

SIZE, SLICES, PASSES, ROUNDS = 512, 8, 3, 3


def pixels():
    number = np.arange(SLICES * SIZE * SIZE)
    part, eighth = number % 8, number // 8
    hu = np.select(
        [part == 0, part <= 2, part == 3],
        [-3024, -1000 + eighth % 11, 300 + eighth % 1500],
        eighth % 97 - 10,
    )
    return hu.astype(np.float32).reshape(SLICES, SIZE, SIZE)


def schemes(hu):
    one = np.float32
    centers, widths = (np.full((SLICES, 1, 1), value, one) for value in (40, 80))
    breaks = np.arange(-100, 400, 5).astype(one)
    steps = np.linspace(0, 1, len(breaks), dtype=one)
    bsb = [(40, 80), (80, 200), (40, 380)]
    bone = [(40, 80), (80, 200), (600, 2000)]
    linear = lambda windows: [w.linear(hu, *window) for window in windows]
    histogram = lambda: np.interp(hu, breaks, steps).astype(one)
    mixed = lambda: sum(
        one(weight) * w.minmax(w.linear(hu, *window)) for weight, window in zip((0.3, 0.5, 0.2), bone)
    )
    soft = lambda: w.minmax(
        sum(one(weight) * w.minmax(w.sigmoid(hu, *window)) for weight, window in zip((0.35, 0.5, 0.15), bone))
    )
    thirds = lambda g: [np.clip(g - 1, 0, 1), np.clip(g - 2, 0, 1), np.clip(g, 0, 1)]
    return {
        "metadata": lambda: [w.minmax(np.clip(hu, centers - widths / 2, centers + widths / 2))] * 3,
        "linear": lambda: linear([(40, 80), (80, 200), (600, 2800)]),
        "dicom-voi linear": lambda: [w.voi(hu, centers, widths, "linear").astype(one)] * 3,
        "dicom-voi sigmoid": lambda: [w.voi(hu, centers, widths, "sigmoid").astype(one)] * 3,
        "bsb": lambda: linear(bsb),
        "sigmoid": lambda: [w.minmax(w.sigmoid(hu, *window)) for window in bone],
        "all-channels": lambda: thirds(3 * w.linear(hu, 40, 80)),
        "exclusive": lambda: [w.exclusive(hu, *window) for window in bsb],
        "gradient": lambda: w.gradient(w.minmax(w.linear(hu, 40, 80))),
        "gradient-bsb": lambda: w.gradient(np.minimum(mixed(), 1)),
        "gradient-sigmoid": lambda: w.gradient(soft(), above=0.01),
        "frequency-histogram": lambda: [histogram()] * 3,
        "to-3-channels": lambda: [*linear([(40, 80), (100, 254)]), histogram()],
        "formula": lambda: linear(bsb),
        "learned": lambda: [w.sigmoid(hu, *window) for window in bsb],
    }


def main(program):
    hu = pixels()
    ours, numpys = {}, {}
    for _ in range(ROUNDS):
        for line in subprocess.run([program, "--bench"], capture_output=True, text=True, check=True).stdout.splitlines():
            name, seconds = line.split("\t")
            ours[name] = min(float(seconds), ours.get(name, np.inf))
        for name, scheme in schemes(hu).items():
            for _ in range(PASSES):
                begun = time.perf_counter()
                np.stack(scheme(), axis=1)
                seconds = (time.perf_counter() - begun) / SLICES
                numpys[name] = min(seconds, numpys.get(name, np.inf))
    assert ours.keys() == numpys.keys(), ours.keys() ^ numpys.keys()
    print("| scheme | ichflow, ms a slice | NumPy, ms a slice | ichflow / NumPy |")
    print("| --- | ---: | ---: | ---: |")
    for name, seconds in ours.items():
        print(f"| {name} | {1e3 * seconds:.1f} | {1e3 * numpys[name]:.1f} | {seconds / numpys[name]:.2f} |")


if __name__ == "__main__":
    main(sys.argv[1])
