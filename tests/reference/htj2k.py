"""High-throughput JPEG 2000 as OpenJPH writes it, for ichflow's decoder.

    pip install imagecodecs numpy pydicom

    python tests/reference/htj2k.py                     # the frames in crates/dicom/src/codec/tests.rs
    python tests/reference/htj2k.py CORPUS ICHFLOW      # every single-frame file of CORPUS, recoded

The second form writes each file's pixels again in the three transfer syntaxes, lets `ichflow inspect`
read them, and compares with the same file uncompressed, holding what OpenJPH decodes.
"""

import csv
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import imagecodecs
import numpy as np


def ramp(bits):
    """The image of the unit tests: 6 x 8, (517 column + 1031 row) mod 2^bits."""
    row, column = np.mgrid[:6, :8]
    return (517 * column + 1031 * row) % (1 << bits)


def frames():
    signed = (ramp(16) - 32768).astype(np.int16)
    images = {
        "HT_16": (ramp(16).astype(np.uint16), dict(reversible=True)),
        "HT_SIGNED": (signed, dict(reversible=True)),
        "HT_8": (ramp(8).astype(np.uint8), dict(reversible=True)),
        "HT_LOSSY": (ramp(12).astype(np.uint16), dict(reversible=False, level=1e-4)),
    }
    for name, (image, how) in images.items():
        encoded = imagecodecs.htj2k_encode(image, resolutions=1, **how)
        print(name, encoded.hex())
        if not how["reversible"]:
            print(name + "_VALUES", imagecodecs.htj2k_decode(encoded).ravel().tolist())


def recoded(corpus, ichflow):
    import pydicom
    from pydicom.encaps import encapsulate

    warnings.simplefilter("ignore")
    lossless, lossless_tiles, lossy = (f"1.2.840.10008.1.2.4.{last}" for last in (201, 202, 203))
    ways = {
        lossless: dict(reversible=True),
        lossless_tiles: dict(reversible=True, tile=(128, 128)),
        lossy: dict(reversible=False, level=2e-5),
    }
    with tempfile.TemporaryDirectory() as scratch:
        pairs = []  # (syntax, file of the corpus, uncompressed as OpenJPH decodes it, compressed)
        for line in csv.DictReader(open(corpus / "EXPECTED.tsv"), delimiter="\t"):
            if line["err"] or not line["raw_min"] or line["frames"] not in ("", "1"):
                continue
            for syntax, how in ways.items():
                try:
                    data = pydicom.dcmread(corpus / line["path"])
                    pixels = data.pixel_array
                    pixels = pixels.astype(pixels.dtype.newbyteorder("="))
                    frame = imagecodecs.htj2k_encode(pixels, **how)
                    equal = pathlib.Path(scratch) / f"{len(pairs):04}_openjph.dcm"
                    data.PixelData = imagecodecs.htj2k_decode(frame).tobytes()
                    data["PixelData"].VR = "OW"
                    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
                    data.save_as(equal, implicit_vr=False, little_endian=True)
                    data.PixelData = encapsulate([frame])
                    data["PixelData"].VR = "OB"
                    data["PixelData"].is_undefined_length = True
                    data.file_meta.TransferSyntaxUID = syntax
                    path = pathlib.Path(scratch) / f"{len(pairs):04}.dcm"
                    data.save_as(path, implicit_vr=False, little_endian=True)
                except Exception as error:
                    print(f"left out, Python stops: {line['path']}: {error!s:.90}", file=sys.stderr)
                    break
                pairs.append((syntax, line["path"], equal, path))
        paths = [str(path) for _, _, equal, path in pairs for path in (equal, path)]
        run = subprocess.run([ichflow, "inspect", "--json", *paths], capture_output=True, text=True)
        read = [json.loads(line) for line in run.stdout.splitlines()]
        assert len(read) == len(paths), run.stderr
        for syntax in ways:
            compare(syntax, [
                (name, one.get("hu"), other.get("hu"), other)
                for (way, name, *_), one, other in zip(pairs, read[::2], read[1::2])
                if way == syntax
            ])


def compare(syntax, rows):
    both = [(name, one, other) for name, one, other, _ in rows if one and other]
    equal = sum(one["sha256"] == other["sha256"] for _, one, other in both)
    refused = sum(not one and not other for _, one, other, _ in rows)
    print(f"{syntax}: {len(rows)} files, {refused} refused in both forms, {len(both)} read in both, {equal} equal")
    for name, one, other, whole in rows:
        if bool(one) != bool(other):
            print(f"  only one was read: {name}: {whole}")
    for what in ("mean", "min", "max"):
        farthest = max((abs(one[what] - other[what]), name) for name, one, other in both)
        print(f"  largest difference of the {what}: {farthest[0]:.3g} HU ({farthest[1]})")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        recoded(pathlib.Path(sys.argv[1]), sys.argv[2])
    else:
        frames()
