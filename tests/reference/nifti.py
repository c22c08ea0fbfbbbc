"""NIfTI volumes written by nibabel, and the axial slices that they hold, for the tests of `ichflow-nifti` and
`ichflow-ct`.

    python tests/reference/nifti.py small crates/nifti/tests/fixtures
    python tests/reference/nifti.py head DICOM_CORPUS/head_ge_hispeed_tilt plugins/ct/tests/fixtures/head.nii.gz

Needs nibabel 5, numpy and pydicom 3. `small` writes one little volume in every kind of value, byte order and placing,
and `expected.json`: its slices as DICOM shows them, rows to the patient's left and columns to the back, in the order
in which they are stored. `head` writes 32 x 32 pixels, from row 240 and column 240 on, of every slice of a real head.
"""

import json
import pathlib
import sys

import nibabel
import numpy


def axial(image):
    """Slices, rows and columns of an image; slices in their stored order."""
    to_lps = nibabel.orientations.axcodes2ornt("LPS")
    ornt = nibabel.io_orientation(image.affine)
    turn = nibabel.orientations.ornt_transform(ornt, to_lps)
    stored_axis = int(numpy.where(turn[:, 0] == 2)[0][0])
    reversed_slices = turn[stored_axis, 1] < 0
    values = nibabel.orientations.apply_orientation(image.get_fdata(), turn)
    if reversed_slices:
        values = values[:, :, ::-1]
    return values.transpose(2, 1, 0)


def rounded(values):
    """Half away from zero, NaN as -1024, within int16."""
    values = numpy.where(numpy.isnan(values), -1024, values)
    values = numpy.sign(values) * numpy.floor(numpy.abs(values) + 0.5)
    return numpy.clip(values, -32768, 32767).astype(int)


def small(directory):
    directory.mkdir(parents=True, exist_ok=True)
    random = numpy.random.default_rng(7)
    expected = {}

    def write(name, values, affine, header=None, sform=1, qform=1):
        image = (header or nibabel.Nifti1Image)(values, affine)
        image.header.set_xyzt_units("mm")
        image.set_sform(affine, code=sform) if sform else image.set_sform(None, code=0)
        image.set_qform(affine, code=qform) if qform else image.set_qform(None, code=0)
        nibabel.save(image, directory / name)
        again = nibabel.load(directory / name)
        expected[name] = {
            "slices": rounded(axial(again)).tolist(),
            "affine": again.affine.tolist(),
        }

    hu = random.integers(-1024, 2000, (3, 4, 5))
    lps = numpy.diag([-0.5, -0.5, 5, 1.0])
    lps[:3, 3] = [120, 115, -60]
    write("int16_lps.nii", hu.astype(numpy.int16), lps)
    write("int32_gzip.nii.gz", hu.astype(numpy.int32), lps)
    write("float64.nii", hu + random.random((3, 4, 5)), lps)
    floats = (hu + random.random((3, 4, 5))).astype(numpy.float32)
    floats[0, 1, 2] = numpy.nan
    write("float32_nan.nii.gz", floats, lps)
    write("int16_ras.nii", hu.astype(numpy.int16), numpy.diag([0.5, 0.5, -5, 1.0]))
    # Sagittal and coronal volumes, and one turned and leaning.
    sagittal = numpy.array([[0, 0, 5, 1], [-0.5, 0, 0, 2], [0, 0.5, 0, 3], [0, 0, 0, 1.0]])
    write("sagittal.nii", hu.astype(numpy.int16), sagittal)
    coronal = numpy.array([[0.5, 0, 0, 1], [0, 0, -5, 2], [0, -0.5, 0, 3], [0, 0, 0, 1.0]])
    write("coronal.nii.gz", hu.astype(numpy.int16), coronal)
    turned = numpy.array([[0, -0.5, 0, 1], [0.45, 0, 0.8, 2], [-0.2, 0, 4.9, 3], [0, 0, 0, 1.0]])
    write("turned_leaning.nii", hu.astype(numpy.int16), turned, qform=0)
    write("qform_only.nii", hu.astype(numpy.int16), numpy.diag([-0.5, 0.5, -5, 1.0]), sform=0)
    write("no_forms.nii", hu.astype(numpy.int16), lps, sform=0, qform=0)

    # Fields that nibabel does not write of itself.
    def patched(name, new, change):
        data = bytearray((directory / name).read_bytes())
        change(data)
        (directory / new).write_bytes(data)
        again = nibabel.load(directory / new)
        expected[new] = {
            "slices": rounded(axial(again)).tolist(),
            "affine": again.affine.tolist(),
        }

    def scaling(slope, intercept):
        def change(data):
            data[112:120] = numpy.array([slope, intercept], "<f4").tobytes()

        return change

    write("uint8_base.nii", random.integers(0, 256, (3, 4, 5)).astype(numpy.uint8), lps)
    patched("uint8_base.nii", "uint8_scaled.nii", scaling(2.5, -100))
    patched("uint8_base.nii", "slope_zero.nii", scaling(0, -100))
    (directory / "uint8_base.nii").unlink()
    del expected["uint8_base.nii"]

    big = nibabel.Nifti1Image(hu.astype(">i2"), lps, nibabel.Nifti1Header(endianness=">"))
    big.set_data_dtype(">i2")
    nibabel.save(big, directory / "big_endian.nii")
    again = nibabel.load(directory / "big_endian.nii")
    assert again.header.endianness == ">"
    expected["big_endian.nii"] = {"slices": rounded(axial(again)).tolist(), "affine": again.affine.tolist()}

    # Refused.
    nibabel.save(
        nibabel.Nifti1Image(numpy.zeros((2, 2, 2, 3), numpy.int16), lps), directory / "refused_4d.nii"
    )
    nibabel.save(nibabel.Nifti2Image(numpy.zeros((2, 2, 2), numpy.int16), lps), directory / "refused_2.nii")
    nibabel.save(
        nibabel.Nifti1Image(numpy.zeros((2, 2, 2), numpy.complex64), lps), directory / "refused_complex.nii"
    )
    text = ",\n".join(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in sorted(expected.items()))
    (directory / "expected.json").write_text("{\n" + text + "\n}\n")


def head(directory, out):
    import pydicom

    slices = sorted(
        (pydicom.dcmread(path) for path in directory.rglob("*") if pydicom.misc.is_dicom(path)),
        key=lambda dataset: float(dataset.ImagePositionPatient[2]),
    )
    first = slices[0]
    rows, columns = (numpy.array(first.ImageOrientationPatient, float)[part] for part in (slice(3), slice(3, 6)))
    between_rows, between_columns = (float(mm) for mm in first.PixelSpacing)
    start = numpy.array(first.ImagePositionPatient, float)
    step = (numpy.array(slices[-1].ImagePositionPatient, float) - start) / (len(slices) - 1)
    if out.suffixes == [".nii", ".gz"]:
        row, column, side = 240, 240, 32
    else:
        row, column, side = 0, 0, max(first.Rows, first.Columns)
    start = start + rows * between_columns * column + columns * between_rows * row
    part = numpy.s_[row : row + side, column : column + side]
    hu = [d.pixel_array[part] * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in slices]
    # [column, row, slice], as NIfTI has it, and from DICOM's axes to NIfTI's.
    values = numpy.stack(hu).transpose(2, 1, 0).astype(numpy.int16)
    affine = numpy.eye(4)
    affine[:3, 0], affine[:3, 1] = rows * between_columns, columns * between_rows
    affine[:3, 2], affine[:3, 3] = step, start
    affine = numpy.diag([-1, -1, 1, 1]) @ affine
    image = nibabel.Nifti1Image(values, affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, code=1)
    image.set_qform(None, code=0)
    nibabel.save(image, out)


if __name__ == "__main__":
    what, *paths = sys.argv[1:]
    {"small": small, "head": head}[what](*map(pathlib.Path, paths))
