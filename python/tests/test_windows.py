import json

import ichflow
import numpy as np
import pytest

from ichflow.toml_text import table_text

from conftest import ichflow_program

#: Schemes that have no defaults.
PARAMETERS = {"formula": {"channels": ["clip((hu - 20) / 60, 0, 1)", "sigmoid(80, 200)"]}}


def schemes() -> list[str]:
    listed = json.loads(ichflow_program("stages", "--json").stdout)
    return [stage["name"] for stage in listed if stage["family"] == "window"]


def test_every_scheme_equals_the_recipe_s_bit_for_bit(study, tmp_path):
    images, _ = ichflow.read_many(study)
    # One whole series, in its order.
    series = images[0].header.series_instance_uid
    images = sorted(
        (image for image in images if image.header.series_instance_uid == series),
        key=lambda image: image.header.position_mm,
    )
    hu = np.stack([image.hu for image in images])
    headers = [image.header for image in images]
    compared = 0
    for name in schemes():
        try:
            scheme = {"use": name} | PARAMETERS.get(name, {})
            window = ichflow.window(scheme)
        except ichflow.IchflowError as error:
            assert "looks at the slices of its recipe" in str(error) or "no earlier stage offers one" in str(error), (name, error)
            continue
        recipe = tmp_path / f"{name}.toml"
        recipe.write_text("ichflow = 1\n" + table_text("window", scheme))
        channels = tmp_path / name
        files = [str(image.header.file) for image in images]
        done = ichflow_program("window", str(recipe), *files, "--npy", str(channels), "--out", str(tmp_path / "x.png"))
        assert done.returncode == 0, done.stderr
        made = window(hu, headers)
        assert made.dtype == np.float32 and made.shape == (len(hu), window.channels, *hu.shape[1:])
        for image, of_python in zip(images, made, strict=True):
            file = next(channels.glob(f"*{image.header.file.stem}*.npy"))
            assert np.array_equal(np.load(file), of_python), (name, file)
            compared += 1
    assert compared >= 10 * len(images), compared


def test_tables_and_recipes_are_checked_as_check_does(tmp_path):
    narrow = ichflow.window({"use": "bsb"})
    assert narrow.channels == 3
    with pytest.raises(ichflow.RecipeError, match="did you mean"):
        ichflow.window("bbs")
    with pytest.raises(ichflow.RecipeError, match="unknown key `centre`"):
        ichflow.window({"use": "sigmoid", "centre": 3})
    recipe = tmp_path / "mine.toml"
    recipe.write_text('ichflow = 1\n[window]\nuse = "bsb"\n')
    assert ichflow.window(recipe).channels == 3


def test_arrays_of_another_kind_are_told_what_is_wanted():
    window = ichflow.window("bsb")
    with pytest.raises(TypeError, match="int16"):
        window(np.zeros((4, 4), np.float32))
    with pytest.raises(ValueError, match="axes"):
        window(np.zeros(4, np.int16))
    with pytest.raises(ValueError, match="headers"):
        window(np.zeros((2, 4, 4), np.int16), [])
    assert window(np.zeros((4, 4), np.int16)).shape == (3, 4, 4)
