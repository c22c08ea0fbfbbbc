"""NumPy's channels of every windowing scheme for plugins/windowing/tests/it/reference.rs.

    pip install numpy
    python tests/reference/windowing.py plugins/windowing/tests/fixtures

Two made-up slices of a head, in integer arithmetic: padding of -3024 HU, air with noise, a skull, brain, a
bleeding. Every scheme is written out in float64 from its published formula, as plainly as it can be.
windowing.json holds the slices, what was asked for and where each scheme's channels are in windowing.f32:
little-endian float32, [slices, channels, rows, columns], scheme after scheme.
"""

import json
import math
import pathlib
import sys

import numpy as np

ROWS, COLUMNS = 32, 28
HEADERS = [(40.0, 80.0), (35.0, 95.5)]
BINS = 20
# Values of one slice that differ by less than this count as one.
FLAT = 1e-6


def slice_of(number):
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    distance = (2 * x - 27) ** 2 + (2 * y - 31) ** 2
    hu = -1000 + (7 * x + 13 * y + number) % 11 - 5
    hu = np.where(distance < 26**2, 700 + (37 * x + 101 * y) % 1300, hu)
    hu = np.where(distance < 23**2, 18 + (31 * x + 17 * y + 5 * number) % 29, hu)
    hu = np.where((abs(x - 12) < 2) & (abs(y - 15) < 4), 2 + (x + y) % 9, hu)
    hu = np.where((abs(x - 18) < 3 + number) & (abs(y - 10) < 3), 52 + (3 * x + 5 * y) % 41, hu)
    hu = np.where((abs(x - 9) < 2) & (abs(y - 22) < 2), 80 + (x * y) % 240, hu)
    return np.where(distance > 31**2 + 200 * number, -3024, hu).astype(np.int16)


def linear(hu, center, width):
    low = center - width / 2
    return (np.clip(hu, low, center + width / 2) - low) / width


def shifted(hu, scale, center, width, scheme):
    """Slices seen through windows whose center and width moved, each by the slice's own numbers."""
    column = lambda values: np.array(values).reshape(-1, 1, 1)
    wider = lambda own: np.maximum(own + column(width), own / 2)
    return scheme(hu * column(scale), lambda own: own + column(center), wider)


def minmax(values):
    least, greatest = values.min(axis=(1, 2), keepdims=True), values.max(axis=(1, 2), keepdims=True)
    return (values - least) / np.maximum(greatest - least, FLAT)


def sigmoid(hu, center, width, upbound=1.0, eps=1.0 / 255.0):
    reach = math.log(upbound / eps - 1)
    weight, bias = 2 * reach / width, -2 * center * reach / width
    z = weight * hu + bias
    stable = np.exp(-np.abs(z))
    return upbound * np.where(z >= 0, 1 / (1 + stable), stable / (1 + stable))


def gradient(g, above=0.0):
    inside = (g > above) & (g <= 1)
    red = np.clip(4 * g - 2, 0, 1) * inside
    green = np.clip(4 * g * (g <= 0.75), 0, 1) + np.clip((4 - 4 * g) * (g > 0.75), 0, 1)
    blue = np.clip(2 - 4 * g, 0, 1) * inside
    return [red, green, blue]


def exclusive(hu, center, width):
    low, high = center - width / 2, center + width / 2
    kept = np.where(hu > high, low, hu)
    return (np.clip(kept, low, high) - low) / width


def voi(hu, centers, widths, function):
    """PS3.3 C.11.2.1.2 and C.11.2.1.3, branch by branch, to the output range 0 to 1."""
    if function == "sigmoid":
        return 1 / (1 + np.exp(-4 * (hu - centers) / widths))
    if function == "linear":
        low = centers - 0.5 - (widths - 1) / 2
        high = centers - 0.5 + (widths - 1) / 2
        between = (hu - (centers - 0.5)) / (widths - 1) + 0.5
    else:
        low, high = centers - widths / 2, centers + widths / 2
        between = (hu - centers) / widths + 0.5
    return np.where(hu <= low, 0.0, np.where(hu > high, 1.0, between))


def breaks_of(hu, n):
    pixels = np.sort(hu.ravel())
    quantiles = np.concatenate([[0.001], np.arange(n) / n + 1 / (2 * n), [0.999]])
    return np.unique(pixels[(len(pixels) * quantiles).astype(np.int64)])


def main(directory):
    slices = np.stack([slice_of(number) for number in range(2)])
    hu = slices.astype(np.float64)
    centers = np.array([center for center, _ in HEADERS]).reshape(-1, 1, 1)
    widths = np.array([width for _, width in HEADERS]).reshape(-1, 1, 1)
    brain, subdural, bone = linear(hu, 40, 80), linear(hu, 80, 200), linear(hu, 600, 2000)
    soft_edges = [minmax(sigmoid(hu, *window)) for window in [(40, 80), (80, 200), (600, 2000)]]
    breaks = breaks_of(slices, BINS)
    histogram = np.clip(np.interp(hu, breaks, np.linspace(0, 1, len(breaks))), 0, 1)
    own = minmax(np.clip(hu, centers - widths / 2, centers + widths / 2))
    mixed = minmax(0.35 * soft_edges[0] + 0.5 * soft_edges[1] + 0.15 * soft_edges[2])
    schemes = {
        "bsb": [brain, subdural, linear(hu, 40, 380)],
        "linear": [linear(hu, 32, 8), linear(hu, 500, 3000), linear(hu, 75, 215)],
        "metadata": [own],
        "dicom-voi linear": [voi(hu, centers, widths, "linear")],
        "dicom-voi linear_exact": [voi(hu, centers, widths, "linear_exact")],
        "dicom-voi sigmoid": [voi(hu, centers, widths, "sigmoid")],
        "sigmoid": soft_edges,
        "all-channels": [np.clip(3 * brain - 1, 0, 1), np.clip(3 * brain - 2, 0, 1), np.clip(3 * brain, 0, 1)],
        "exclusive": [exclusive(hu, 40, 80), exclusive(hu, 80, 200), exclusive(hu, 40, 380)],
        "gradient": gradient(minmax(brain)),
        "gradient-bsb": gradient(
            np.minimum(0.3 * minmax(brain) + 0.5 * minmax(subdural) + 0.2 * minmax(bone), 1)
        ),
        "gradient-sigmoid": gradient(mixed, above=0.01),
        "frequency-histogram": [histogram],
        "to-3-channels": [brain, linear(hu, 100, 254), histogram],
        "formula": [
            np.clip((hu - 20) / 60, 0, 1),
            0.3 * brain + 0.5 * subdural + 0.2 * bone,
            np.where(hu > 300, 0, np.sqrt(np.maximum(np.log(np.maximum(hu, 1)), 0))),
        ],
    }
    shifts = ([1.04, 0.97], [5.5, -4.25], [12.0, -7.5])
    by_windows = {
        "bsb": lambda hu, c, w: [linear(hu, c(40), w(80)), linear(hu, c(80), w(200)), linear(hu, c(40), w(380))],
        "metadata": lambda hu, c, w: [
            minmax(np.clip(hu, c(centers) - w(widths) / 2, c(centers) + w(widths) / 2))
        ],
        "dicom-voi linear_exact": lambda hu, c, w: [voi(hu, c(centers), w(widths), "linear_exact")],
        "sigmoid": lambda hu, c, w: [
            minmax(sigmoid(hu, c(center), w(width))) for center, width in [(40, 80), (80, 200), (600, 2000)]
        ],
        "exclusive": lambda hu, c, w: [
            exclusive(hu, c(center), w(width)) for center, width in [(40, 80), (80, 200), (40, 380)]
        ],
        "gradient": lambda hu, c, w: gradient(minmax(linear(hu, c(40), w(80)))),
        "shifted formula": lambda hu, c, w: [
            linear(hu, c(40), w(80)) * sigmoid(hu, c(60), w(40)),
            # The center of every window moved up: as good as HU moved down.
            np.clip((hu - c(0) - 20) / 60, 0, 1),
        ],
    }
    for name, scheme in by_windows.items():
        schemes["shifted " + name.removeprefix("shifted ")] = shifted(hu, *shifts, scheme)
    index, blob, start = [], b"", 0
    for name, channels in schemes.items():
        values = np.stack(channels, axis=1).astype("<f4")
        assert np.isfinite(values).all(), name
        index.append({"scheme": name, "channels": len(channels), "start": start})
        start += values.size
        blob += values.tobytes()
    directory.joinpath("windowing.f32").write_bytes(blob)
    described = {
        "rows": ROWS,
        "columns": COLUMNS,
        "headers": HEADERS,
        "shifts": shifts,
        "bins": BINS,
        "breaks": breaks.tolist(),
        "schemes": index,
        "hu": slices.ravel().tolist(),
    }
    directory.joinpath("windowing.json").write_text(json.dumps(described) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
