"""`facealign evaluate` and `facealign score`: one protocol for our models and for others' predictions."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from data.sources.written import cofw68
from facealign.config import UserError
from facealign.data.config import DataConfig
from facealign.data.preparing.prepare import prepare
from facealign.data.shards.index import Index
from facealign.evaluation.face_predictions import FacePredictions
from facealign.training import InputSpec, save_model
from facealign.workflows import workspace
from facealign.workflows.evaluate import evaluate_on, score_predictions
from facealign.workflows.workspace import read_json
from methods.small import SMALL, small_method

pytestmark = pytest.mark.thorough

PARAMS = Path(__file__).resolve().parents[2] / "params.yaml"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def model(home, tiny_shards, tiny_job):
    index = Index.load(tiny_shards)
    job = tiny_job.model_copy(update={"method": "anisotropic", "model": SMALL["anisotropic"]})
    save_model(
        home / "model", small_method("anisotropic"), job, InputSpec(crop=index.crop, landmarks=index.landmarks)
    )
    return str(home / "model")


@pytest.fixture(scope="module")
def ours(home, model, tiny_shards):
    """The model's metrics and faces on the test fold."""
    said = evaluate_on(model, str(tiny_shards), "test", None, PARAMS)
    assert said.startswith("anisotropic-on-synthetic: NME ")
    places = workspace.measured("anisotropic-on-synthetic")
    return read_json(places.metrics), FacePredictions.read(places.test)


def test_a_model_is_measured_on_any_fold(ours, model, tiny_shards):
    metrics, faces = ours
    assert metrics["test"]["faces"] == len(faces.labels) == 6
    assert metrics["about"]["source"] == "synthetic"
    assert {"mean_shape", "subsets"} <= metrics.keys()
    evaluate_on(model, str(tiny_shards), "val", "steering", PARAMS)
    assert workspace.measured("steering").validation.is_file()
    assert "validation_mean_shape" in read_json(workspace.measured("steering").metrics)


def test_a_model_of_300w_is_measured_on_cofw68_which_has_no_mean_shape(home, model):
    cofw68.write(home / "COFW68")
    settings = {"source": "cofw68", "root": str(home / "COFW68"), "crop": {"size": 64}}
    prepare(DataConfig.model_validate(settings), home / "cofw68")
    assert "over 4 faces" in evaluate_on(model, str(home / "cofw68"), "test", None, PARAMS)
    metrics = read_json(workspace.measured("anisotropic-on-cofw68").metrics)
    assert "mean_shape" not in metrics
    assert {"nme_visible", "nme_hidden"} <= metrics["figures"]["test"]["full"].keys()  # some are marked as hidden


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"crop": {"size": 32}}, r"crop.size: 64 trained on, 32 here"),
        ({"landmarks": "wflw98"}, "landmarks.size: 68"),
    ],
)
def test_faces_of_another_kind_are_refused(home, model, change, message):
    settings = {"source": "synthetic", "crop": {"size": 64}, "synthetic": {"train": 4, "test": 2}}
    prepare(DataConfig.model_validate(settings | change), home / message[:4])
    with pytest.raises(UserError, match=message):
        evaluate_on(model, str(home / message[:4]), "test", "other", PARAMS)
    assert not workspace.measured("other").metrics.exists()


def write_pts(folder, faces):
    for name, points in zip(faces.found.ids, faces.found.predicted, strict=True):
        path = folder / f"{name}.pts"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{x!r} {y!r}\n" for x, y in (points + 1).tolist()))


@pytest.mark.parametrize("kind", ["shards", "measured faces"])
def test_our_own_landmarks_score_what_they_are_evaluated_at(ours, home, tiny_shards, kind):
    metrics, faces = ours
    write_pts(home / "found", faces)
    truth = tiny_shards if kind == "shards" else workspace.measured("anisotropic-on-synthetic").test
    said = score_predictions(home / "found", str(truth), "theirs", "test", "zero", False, PARAMS)
    assert "over 6 faces" in said
    scored = read_json(workspace.measured("theirs").metrics)
    assert scored["figures"]["test"]["full"]["nme"] == pytest.approx(metrics["figures"]["test"]["full"]["nme"])
    there = FacePredictions.read(workspace.measured("theirs").test)
    np.testing.assert_array_equal(there.found.truth, faces.found.truth)  # one protocol, to the bit
    assert (there.labels, there.data_digest) == (faces.labels, faces.data_digest)


def test_what_is_left_out_is_reported_on_the_screen_and_in_the_figures(ours, home, tiny_shards):
    write_pts(home / "some", ours[1])
    (home / "some" / f"{ours[1].found.ids[0]}.pts").unlink()
    shutil.copy(next((home / "some").rglob("*.pts")), home / "some" / "stranger.pts")
    with pytest.raises(UserError, match="1 of 6 faces have no prediction"):
        score_predictions(home / "some", str(tiny_shards), "some", "test", "zero", False, PARAMS)
    said = score_predictions(home / "some", str(tiny_shards), "some", "test", "zero", True, PARAMS)
    assert "1 faces have no prediction and are left out" in said
    assert "1 predictions are of no face here" in said
    metrics = read_json(workspace.measured("some").metrics)
    assert metrics["about"]["missing"] == [ours[1].found.ids[0]]
    assert metrics["test"]["faces"] == 5


def test_a_name_is_no_path(home, tiny_shards):
    with pytest.raises(UserError, match=r"--name '\.\./up': a plain name is needed"):
        score_predictions(home, str(tiny_shards), "../up", "test", "zero", False, PARAMS)
