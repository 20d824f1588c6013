"""Leeds Sports Pose, in its published format, from the folder to PCK."""

import shutil

import pytest

from data.sources.written import lsp
from facealign.config import UserError
from facealign.data.config import DataConfig
from facealign.data.preparing.prepare import prepare
from facealign.data.shards.reader import ShardReader
from facealign.evaluation.config import EvaluationConfig
from facealign.evaluation.face_predictions import FacePredictions
from facealign.geometry import CropSettings
from facealign.training import TrainConfig, TrainJob, World, fit
from facealign.workflows import workspace
from facealign.workflows.evaluate import measure
from facealign.workflows.workspace import read_json

pytestmark = pytest.mark.thorough

NO_BOUNDARY = {"boundary": False, "boundary_coords": False}


class Keeper:
    """Keeps the last checkpoint where an evaluation looks for it."""

    def log(self, metrics, step):
        pass

    def epoch(self, progress, step):
        pass

    def checkpoint(self, folder, score):
        shutil.copytree(folder, workspace.trained("awing").model, dirs_exist_ok=True)

    def stop_requested(self):
        return False


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lsp.write(tmp_path / "LSP", 16)
    data = DataConfig(
        source="lsp",
        root=str(tmp_path / "LSP"),
        landmarks="lsp14",
        lsp={"train": 12},
        validation=0.3,
        crop=CropSettings(size=64),
    )
    index = prepare(data, workspace.SHARDS).index
    return TrainJob(
        method="awing",
        model={"network": {"stacks": 1, "width": 16, **NO_BOUNDARY}},
        train=TrainConfig(epochs=1, batch_size=4, precision="fp32", normalizer="torso"),
        shards=str(workspace.SHARDS),
        data_digest=index.digest,
        seed=0,
    )


def test_a_body_is_learned_and_measured_by_its_torso(job):
    progress = fit(job, World(), Keeper())
    assert progress.best.validation_nme > 0
    with pytest.raises(
        UserError, match="lsp14 has no inter_ocular distance; set `normalizer` to one of: torso, box"
    ):
        measure("awing", EvaluationConfig())
    measure("awing", EvaluationConfig(normalizer="torso", faces=2))
    test = read_json(workspace.evaluated("awing").metrics)["test"]
    for file, fold in (
        (workspace.evaluated("awing").test, "test"),
        (workspace.evaluated("awing").validation, "val"),
    ):
        there = FacePredictions.read(file)
        assert there.data_digest == job.data_digest
        assert list(there.labels) == ShardReader(workspace.SHARDS, fold).labels()
    joints = [test[f"pck_joint_{i}"] for i in range(14)]
    assert test["pck"] == pytest.approx(sum(joints) / 14)
    assert 0 <= min(joints) <= max(joints) <= 1
    measure("awing", EvaluationConfig(normalizer="torso", faces=2, pck_threshold=1.0))
    assert read_json(workspace.evaluated("awing").metrics)["test"]["pck"] > test["pck"]


def test_a_normalizer_that_the_landmarks_lack_is_refused_before_anything_is_learned(job):
    by_eyes = job.model_copy(update={"train": job.train.model_copy(update={"normalizer": "inter_ocular"})})
    with pytest.raises(UserError, match=r"inter_ocular: in .*shards, fold val, schema lsp14 has no"):
        fit(by_eyes, World(), None)


def test_a_boundary_is_refused_where_there_is_none(job):
    with_boundary = job.model_copy(update={"model": {"network": {"stacks": 1, "width": 16}}})
    with pytest.raises(UserError, match=r"lsp14 has no boundary curves .*boundary: false, boundary_coords: false"):
        fit(with_boundary, World(), Keeper())
