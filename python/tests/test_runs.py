"""A whole run from Python, what it left, its store and its bundle, and the split of its recipe."""

import ichflow
import numpy as np
import pytest

from conftest import ichflow_program

RECIPE = """
ichflow = 1
title = "small"
seed = 3
[load]
use = "phantom"
patients = 8
test_patients = 1
slices = 4
size = 64
[store]
use = "hu-store"
size = 48
[window]
use = "bsb"
[split]
use = "multilabel-stratified"
valid = 0.25
[network]
use = "small-cnn"
[loss]
use = "weighted-log-loss"
[train]
use = "fit"
batch = 8
phases = [ { epochs = 1, lr = 4e-3 } ]
[predict]
use = "predict"
[embed]
use = "embed"
[score]
use = "evaluate"
[bundle]
use = "model-bundle"
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> ichflow.Run:
    place = tmp_path_factory.mktemp("run")
    (place / "small.toml").write_text(RECIPE)
    return ichflow.run(place / "small.toml", {"window.use": "bsb", "train.batch": 4}, out=place / "runs")


def test_a_run_and_what_it_left(finished):
    assert finished.recipe["train"]["batch"] == 4
    assert finished.provenance["ichflow"]
    assert len(finished.history()) == 1
    valid = finished.predictions()
    assert valid and 0 <= valid[0]["any"] <= 1
    assert finished.metrics["valid"]["weighted_log_loss"] > 0
    assert finished.embeddings().ndim == 2
    with pytest.raises(ichflow.IchflowError, match="no history2.csv"):
        finished.table("history2.csv")
    with pytest.raises(ichflow.IchflowError, match="is no run"):
        ichflow.Run(finished.path.parent)


def test_frames(finished):
    pandas = pytest.importorskip("pandas")
    assert isinstance(finished.history("pandas"), pandas.DataFrame)


def test_the_store_holds_what_was_read(finished):
    store = ichflow.Store(finished.path.parent.parent)
    assert len(store) > 20 and store[0].dtype == np.int16 and store[0].shape == (48, 48)
    assert np.array_equal(store[store.ids[3]], store[3])
    absent = {one.file for one in store.excluded}
    assert not absent & {row["file"] for row in finished.table("cohort.csv")}


def test_the_bundle_predicts_as_the_program_does(finished):
    bundle = ichflow.Bundle(finished.path / "model")
    files = [row["file"] for row in finished.table("cohort.csv") if row["part"] == "train"][:5]
    rows = bundle.predict(files)
    assert [row["status"] for row in rows] == ["predicted"] * 5
    done = ichflow_program("predict", str(bundle.path), *files)
    first = done.stdout.splitlines()[1].split(",")
    assert float(first[2]) == rows[0]["probabilities"]["any"]
    with pytest.raises(ichflow.IchflowError, match="no slice"):
        bundle.predict("absent.dcm")


def test_the_split_is_the_recipe_s(finished):
    rows = [row for row in finished.table("cohort.csv") if row["part"] == "train"]
    names = ["any", "epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural"]
    labels = [[row[name] for name in names] for row in rows]
    patients = [row["patient"] for row in rows]
    _, validation = ichflow.split(labels, patients, seed=3, names=names, union="any", valid=0.25)
    of_run = {row["id"] for row in finished.table("folds.csv") if row["fold"] == "valid"}
    assert {rows[index]["id"] for index in validation} == of_run


def test_the_splitter_has_scikit_learn_s_interface():
    random = np.random.default_rng(0)
    labels, groups = random.integers(0, 2, (60, 3)), np.repeat(np.arange(20), 3)
    splitter = ichflow.Split(4, seed=1)
    assert splitter.get_n_splits() == 4
    seen = []
    for train, validation in splitter.split(None, labels, groups):
        assert not set(groups[train]) & set(groups[validation])
        seen.extend(validation)
    assert sorted(seen) == list(range(60))
    with pytest.raises(ValueError, match="no splitter"):
        ichflow.split(labels, groups, "no-such-split")


def test_a_recipe_with_mistakes_is_an_error(tmp_path):
    recipe = tmp_path / "wrong.toml"
    recipe.write_text("ichflow = 1\n[load]\nuse = 'phantm'\n")
    with pytest.raises(ichflow.IchflowError, match="exit code 2"):
        ichflow.run(recipe, out=tmp_path)
