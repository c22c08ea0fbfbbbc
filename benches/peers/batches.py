"""Files to windowed 256 × 256 batches, as PyTorch takes them: ichflow's iterator beside what Python people have.

    python benches/peers/batches.py DIRECTORY [REPEATS]

DIRECTORY holds DICOM slices. Every reader makes float32 [n, 3, 256, 256] of brain, subdural and soft-tissue windows, in batches
of 32, with as many processes or threads as there are cores. Readers take turns, so that what else the machine does meets
all of them; the line of each has its median of slices/s, CPU seconds, and the ratio to the first. Readers whose package is
absent are left out, and named.
"""

import multiprocessing
import os
import resource
import statistics
import sys
import time

import numpy as np

BATCH, SIZE = 32, 256
WINDOWS = ((40, 80), (80, 200), (40, 380))
CORES = len(os.sched_getaffinity(0))


def windowed(hu):
    channels = [np.clip((hu - (center - width / 2)) / width, 0, 1) for center, width in WINDOWS]
    return np.stack(channels).astype(np.float32)


def resized(images):
    from PIL import Image

    made = [Image.fromarray(channel).resize((SIZE, SIZE), Image.Resampling.BILINEAR) for channel in images]
    return np.stack([np.asarray(channel) for channel in made])


def by_pydicom(path):
    import pydicom

    dataset = pydicom.dcmread(path)
    hu = dataset.pixel_array * np.float32(dataset.RescaleSlope) + np.float32(dataset.RescaleIntercept)
    return resized(windowed(hu))


def by_simpleitk(path):
    import SimpleITK

    return resized(windowed(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(path))[0].astype(np.float32)))


def with_workers(read):
    def run(files):
        with multiprocessing.get_context("fork").Pool(CORES) as pool:
            count = 0
            images = pool.imap(read, files, chunksize=4)
            while batch := [image for _, image in zip(range(BATCH), images)]:
                count += len(np.stack(batch))
            return count

    return run


def by_ichflow(files):
    import ichflow

    return sum(len(batch.images) for batch in ichflow.Batches(files, "bsb", size=SIZE, batch=BATCH))


def cpu():
    of = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in of)


def main():
    import ichflow

    # Whole files only: one damaged file ends the others' epoch.
    files = [str(image.header.file) for image in ichflow.read_many(sys.argv[1])[0]]
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    readers = {"ichflow.Batches": ("ichflow", by_ichflow)}
    readers["pydicom, NumPy, Pillow"] = ("pydicom", with_workers(by_pydicom))
    readers["SimpleITK, NumPy, Pillow"] = ("SimpleITK", with_workers(by_simpleitk))
    found = {}
    for name, (package, run) in readers.items():
        try:
            __import__(package)
            found[name] = run
        except ImportError:
            print(f"left out, not installed: {name}", file=sys.stderr)
    took = {name: [] for name in found}
    used = {name: [] for name in found}
    for _ in range(repeats):
        for name, run in found.items():
            begun, before = time.perf_counter(), cpu()
            count = run(files)
            took[name].append(count / (time.perf_counter() - begun))
            used[name].append((cpu() - before) / count * 1000)
    first = statistics.median(took["ichflow.Batches"])
    print("| reader | slices/s | ichflow's ratio | CPU ms a slice |\n| --- | ---: | ---: | ---: |")
    for name in found:
        speed = statistics.median(took[name])
        print(f"| {name} | {speed:.0f} | {first / speed:.1f} | {statistics.median(used[name]):.2f} |")


if __name__ == "__main__":
    main()
