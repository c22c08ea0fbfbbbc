"""Digests of Hounsfield units as pydicom reads them, for the tests of the crate `ichflow-ct`.

    python tests/reference/hu_digests.py DATA_DIRECTORY > plugins/ct/tests/fixtures/rsna_like_hu.csv

For every `.dcm` file below DATA_DIRECTORY: its path, and the SHA-256 of its Hounsfield units as
little-endian int16. HU = stored value x slope + intercept, except for files of 12 unsigned bits whose
intercept is above -100: there it is ((stored value + 1000) mod 4096) - 1000. A file whose pixels cannot
be read has an empty digest.
"""

import csv
import hashlib
import pathlib
import sys
import warnings

import numpy
import pydicom


def hounsfield_units(dataset):
    stored = dataset.pixel_array.astype(numpy.int64)
    intercept, slope = float(dataset.RescaleIntercept), float(dataset.RescaleSlope)
    if dataset.BitsStored == 12 and dataset.PixelRepresentation == 0 and intercept > -100:
        return (stored + 1000) % 4096 - 1000
    return numpy.rint(stored * slope + intercept)


def digest(path):
    try:
        units = hounsfield_units(pydicom.dcmread(path))
    except (ValueError, AttributeError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return ""
    units = numpy.clip(units, -32768, 32767).astype("<i2")
    return hashlib.sha256(units.tobytes()).hexdigest()


def main():
    warnings.simplefilter("ignore")
    root = pathlib.Path(sys.argv[1])
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["file", "sha256"])
    for path in sorted(root.rglob("*.dcm")):
        writer.writerow([path.relative_to(root).as_posix(), digest(path)])


main()
