"""Reading beside Python: the same files, the same batch, the same machine, one after the other.

    cargo build --release --bench reading
    python benches/peers/reading.py --slices DIR [--rounds 5] [--files 640] [--scratch DIR] [--only KIND]

Needs pydicom, pylibjpeg-libjpeg, pylibjpeg-openjpeg, python-gdcm, imagecodecs, numpy, Pillow and torch. DIR holds
uncompressed 512 x 512 DICOM slices, any number: they are copied until there are enough, and converted to JPEG
Lossless and JPEG 2000 Lossless by gdcm, to HTJ2K by OpenJPH. Each round measures every program once; medians are printed, and the
ratio to ichflow within a round (median too), so that a machine busy with something else disturbs both alike.

What is measured: files in the page cache to float batches [32, 3, 256, 256] of brain, subdural and soft-tissue
windows.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import pydicom
import torch
from PIL import Image

warnings.filterwarnings("ignore")
BATCH, SIZE, WORKERS, AHEAD = 32, 256, 2, 4
WINDOWS = ((40, 80), (80, 200), (40, 380))


def stored_to_hu(ds):
    pixels = ds.pixel_array.astype(np.float32)
    slope, intercept = float(ds.RescaleSlope), float(ds.RescaleIntercept)
    if ds.BitsStored == 12 and ds.PixelRepresentation == 0 and intercept > -100:
        pixels = (pixels + 1000) % 4096 - 1000
        intercept = 0.0
    return pixels * slope + intercept


def with_pillow(path):
    """As the competition's kernels do it: three windows of the whole image, then three resizings."""
    hu = stored_to_hu(pydicom.dcmread(path))
    channels = []
    for center, width in WINDOWS:
        low = center - width / 2
        window = (np.clip(hu, low, low + width) - low) / width
        channels.append(np.asarray(Image.fromarray(window).resize((SIZE, SIZE), Image.BILINEAR)))
    return np.stack(channels)


def batch_with_pillow(paths):
    return np.stack([with_pillow(path) for path in paths])


def pydicom_numpy_pillow(paths):
    batches = [paths[at : at + BATCH] for at in range(0, len(paths), BATCH)]
    with Pool(WORKERS) as pool:
        pool.map(len, [""] * WORKERS)  # Processes are up before the clock starts.
        begun = time.perf_counter()
        slices = sum(len(batch) for batch in pool.imap(batch_with_pillow, batches))
        return slices / (time.perf_counter() - begun)


class Slices(torch.utils.data.Dataset):
    """One resizing of HU, then windows: less work than the other way round."""

    def __init__(self, paths):
        self.paths = paths

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        hu = torch.from_numpy(stored_to_hu(pydicom.dcmread(self.paths[index])))[None, None]
        small = torch.nn.functional.interpolate(hu, size=(SIZE, SIZE), mode="bilinear", antialias=True)[0]
        lows = [(center - width / 2, width) for center, width in WINDOWS]
        return torch.cat([(small.clamp(low, low + width) - low) / width for low, width in lows])


def pytorch(paths):
    loader = torch.utils.data.DataLoader(
        Slices(paths * 2), BATCH, num_workers=WORKERS, prefetch_factor=AHEAD
    )
    batches = iter(loader)
    for _ in range(1 + WORKERS * AHEAD):
        next(batches)  # Workers are up, and what they read before the clock starts is used up.
    begun, slices = time.perf_counter(), 0
    for batch in batches:
        slices += len(batch)
        if slices >= len(paths):
            break
    return slices / (time.perf_counter() - begun)


def by_gdcm(original, path, syntax):
    import gdcm

    reader = gdcm.ImageReader()
    reader.SetFileName(str(original))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, syntax)))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()


def by_openjph(original, path):
    import imagecodecs

    ds = pydicom.dcmread(original)
    frame = imagecodecs.htj2k_encode(ds.pixel_array, reversible=True)
    ds.PixelData = pydicom.encaps.encapsulate([frame])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    ds.file_meta.TransferSyntaxUID = pydicom.uid.HTJ2KLossless
    ds.save_as(path, implicit_vr=False, little_endian=True)


def prepare(source, scratch, count, only):
    """Directories of files by syntax."""
    originals = []
    for path in sorted(Path(source).rglob("*.dcm")):
        try:
            ds = pydicom.dcmread(path)
            if (ds.Rows, ds.Columns) == (512, 512) and ds.pixel_array is not None:
                originals.append(path)
        except Exception as error:
            print(f"left out: {path.name}: {error}", file=sys.stderr)
    kinds = {
        "uncompressed": (shutil.copyfile, count),
        "JPEG lossless": (lambda *paths: by_gdcm(*paths, "JPEGLosslessProcess14_1"), count // 2),
        "JPEG 2000 lossless": (lambda *paths: by_gdcm(*paths, "JPEG2000Lossless"), count // 2),
        "HTJ2K lossless": (by_openjph, count // 2),
    }
    made = {}
    for kind, (write, number) in kinds.items():
        if only not in (None, kind):
            continue
        directory = scratch / kind.replace(" ", "_")
        directory.mkdir(parents=True)
        for index in range(number):
            path = directory / f"{index:05}.dcm"
            if index >= len(originals):
                shutil.copyfile(directory / f"{index - len(originals):05}.dcm", path)
            else:
                write(originals[index], path)
        made[kind] = directory
    return made


def bench_binary():
    command = ["cargo", "build", "--release", "--bench", "reading", "--message-format=json"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    for line in map(json.loads, lines):
        if line.get("target", {}).get("name") == "reading" and line.get("executable"):
            return line["executable"]
    raise SystemExit("cargo did not say where the bench is")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--slices", required=True)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--files", type=int, default=640)
    arguments.add_argument("--scratch", default=None)
    arguments.add_argument("--only", default=None, help="one kind of files, such as 'HTJ2K lossless'")
    arguments.add_argument("--binary", default=None, help="the built bench; else cargo is asked for it")
    given = arguments.parse_args()
    torch.set_num_threads(1)
    binary = given.binary or bench_binary()
    scratch = Path(tempfile.mkdtemp(dir=given.scratch))
    try:
        for kind, directory in prepare(given.slices, scratch, given.files, given.only).items():
            paths = sorted(str(path) for path in directory.iterdir())
            size = sum(os.path.getsize(path) for path in paths) / len(paths)
            rounds = []
            for _ in range(given.rounds):
                output = subprocess.run([binary, str(directory)], check=True, capture_output=True, text=True)
                found = json.loads(output.stdout)
                found["pydicom + numpy + Pillow"] = pydicom_numpy_pillow(paths)
                found["PyTorch DataLoader"] = pytorch(paths)
                rounds.append(found)
                print(json.dumps(found), file=sys.stderr)
            print(f"\n{kind}: {len(paths)} files of {size / 1024:.0f} KiB, {given.rounds} rounds\n")
            print("| | slices/s | dicom_to_windowed_batch is |\n| --- | ---: | ---: |")
            for name in rounds[0]:
                rate = statistics.median(found[name] for found in rounds)
                ratio = statistics.median(found["dicom_to_windowed_batch"] / found[name] for found in rounds)
                print(f"| {name} | {rate:,.0f} | {ratio:.2f} x |", flush=True)
    finally:
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
