"""Hounsfield units of a corpus of DICOM files as pydicom reads them, for the tests of `ichflow-ct`.

    python tests/reference/corpus_digests.py CORPUS > plugins/ct/tests/fixtures/corpus.tsv

Needs pydicom 3 with pylibjpeg (libjpeg and openjpeg) and gdcm. One row a frame: path, transfer syntax,
frame from 0, SHA-256 of the Hounsfield units as little-endian int16, their minimum, maximum and mean; of lossy images every 251st value as well.
A file that pydicom does not read has one row with its error instead.

HU = stored value x slope + intercept, rounded and kept within int16. Slope and intercept are those of the
frame, else those all frames share, else the file's, else 1 and 0. A ModalityLUTSequence counts before them. No file of
the corpus has wrapped values.
"""

import csv
import hashlib
import pathlib
import sys
import warnings

import numpy
import pydicom
from pydicom import uid
from pydicom.pixels import apply_modality_lut


LOSSY = {
    uid.JPEGBaseline8Bit,
    uid.JPEGExtended12Bit,
    uid.JPEGLSNearLossless,
    uid.JPEG2000,
}


def read(path):
    try:
        dataset = pydicom.dcmread(path)
    except pydicom.errors.InvalidDicomError:
        dataset = pydicom.dcmread(path, force=True)
        if "Rows" not in dataset:
            raise
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        explicit = uid.ExplicitVRLittleEndian if little else uid.ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian if implicit else explicit
    return dataset


def groups(dataset, frame):
    """Where a frame's rescale may stand, nearest first."""
    for name, index in (
        ("PerFrameFunctionalGroupsSequence", frame),
        ("SharedFunctionalGroupsSequence", 0),
    ):
        sequence = dataset.get(name) or []
        if index < len(sequence):
            yield from sequence[index].get("PixelValueTransformationSequence") or []
    yield dataset


def rescale(dataset, frame):
    for group in groups(dataset, frame):
        slope, intercept = group.get("RescaleSlope"), group.get("RescaleIntercept")
        if slope is not None or intercept is not None:
            return float(1 if slope is None else slope), float(0 if intercept is None else intercept)
    return 1.0, 0.0


def hounsfield_units(dataset, stored, frame):
    slope, intercept = rescale(dataset, frame)
    if stored.dtype.kind in "iu":
        stored = stored.astype(numpy.int64)
    if dataset.get("ModalityLUTSequence"):
        units = apply_modality_lut(stored, dataset)
    else:
        # Half away from zero, as people round; numpy.rint rounds half to even.
        exact = stored * slope + intercept
        units = numpy.trunc(exact + numpy.copysign(0.5, exact))
    return numpy.clip(units, -32768, 32767).astype("<i2")


def rows(path):
    syntax = ""
    try:
        dataset = read(path)
        syntax = str(dataset.file_meta.TransferSyntaxUID)
        stored = dataset.pixel_array
        frames = int(dataset.get("NumberOfFrames") or 1)
        for frame, image in enumerate(stored if frames > 1 else stored[None]):
            units = hounsfield_units(dataset, image, frame)
            digest = hashlib.sha256(units.tobytes()).hexdigest()
            some = units.ravel()[::251] if syntax in LOSSY and units.ndim == 2 else []
            some = " ".join(map(str, some))
            yield syntax, frame, digest, units.min(), units.max(), f"{units.mean(dtype=float):.4f}", some, ""
    except Exception as error:  # whatever it is, it is what a pydicom user would get
        text = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        yield syntax, "", "", "", "", "", "", text.replace(str(path), "the file")


def main():
    warnings.simplefilter("ignore")
    root = pathlib.Path(sys.argv[1])
    writer = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
    writer.writerow(["path", "syntax", "frame", "sha256", "min", "max", "mean", "some", "error"])
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.name != "EXPECTED.tsv":
            for row in rows(path):
                writer.writerow([path.relative_to(root).as_posix(), *row])


main()
