import csv
import os
from collections import Counter
from pathlib import Path

import ichflow
import numpy as np
import pytest

pydicom = pytest.importorskip("pydicom")


def test_hu_equals_pydicom(study):
    images, excluded = ichflow.read_many(study, threads=2)
    damaged = {one.file for one in excluded}
    assert len(images) + len(damaged) == len(study)
    assert damaged, "the phantom has a damaged file"
    for image in images:
        dataset = pydicom.dcmread(image.header.file)
        expected = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
        assert image.hu.dtype == np.int16
        assert image.header.sop_instance_uid == dataset.SOPInstanceUID
        assert image.header.patient_id == dataset.PatientID
        if image.header.orientation and image.header.orientation[0] == 1:
            # The phantom has slices whose headers are wrong on purpose; their HU are put right.
            if not image.header.warnings:
                assert np.array_equal(image.hu, expected)


def test_a_bad_file_is_a_typed_error_that_names_it(tmp_path):
    file = tmp_path / "cut.dcm"
    file.write_bytes(b"\0" * 128 + b"DICM")
    with pytest.raises(ichflow.ReadError) as caught:
        ichflow.read(file)
    assert caught.value.file == str(file)
    assert caught.value.reason in str(caught.value)
    assert isinstance(caught.value, ichflow.IchflowError)


def test_one_bad_file_never_ends_a_call(study, tmp_path):
    other = tmp_path / "notes.txt"
    other.write_text("no slice")
    images, excluded = ichflow.read_many([*study[:3], other, tmp_path / "absent"])
    assert len(images) >= 2
    assert {Path(one.file).name for one in excluded} >= {"notes.txt", "absent"}


def test_the_corpus_reads_as_pydicom_says():
    corpus = Path(os.environ.get("ICHFLOW_SHARED", "../../shared")) / "data" / "dicom_corpus"
    if not corpus.is_dir():
        pytest.skip(f"{corpus} is not here: set ICHFLOW_SHARED to the directory above data/")
    expected = {
        str(corpus / row["path"]): row
        for row in csv.DictReader((corpus / "EXPECTED.tsv").open(), delimiter="\t")
        if not row["err"] and row["hu_mean"]
    }
    images, _ = ichflow.read_many(list(expected))
    frames = Counter(str(image.header.file) for image in images)
    images = [image for image in images if frames[str(image.header.file)] == 1]
    checked = 0
    for image in images:
        row = expected[str(image.header.file)]
        # Where a header is wrong its HU are put right, which pydicom does not do, and the warnings say so.
        if image.header.warnings or image.header.not_axial_ct:
            continue
        checked += 1
        assert image.hu.min() == float(row["hu_min"]), row["path"]
        assert image.hu.max() == float(row["hu_max"]), row["path"]
        assert abs(image.hu.mean() - float(row["hu_mean"])) < 0.006, row["path"]
    assert checked > 50, checked
