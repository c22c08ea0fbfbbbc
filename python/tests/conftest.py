"""Files for the tests: the phantom, written by the program itself."""

import subprocess
import sys
from pathlib import Path

import pytest


def ichflow_program(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "ichflow", *arguments], capture_output=True, text=True)


@pytest.fixture(scope="session")
def phantom(tmp_path_factory) -> Path:
    """3 patients with 4 slices each of 64 × 64 in the competition's layout."""
    place = tmp_path_factory.mktemp("phantom") / "rsna"
    done = ichflow_program(
        "phantom", str(place), "--patients", "3", "--test-patients", "1", "--slices", "4", "--size", "64"
    )
    assert done.returncode == 0, done.stderr
    return place


@pytest.fixture(scope="session")
def study(phantom) -> list[Path]:
    return sorted((phantom / "stage_2_train").glob("*.dcm"))
