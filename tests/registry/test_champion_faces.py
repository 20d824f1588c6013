"""The champion asked about faces that it was not measured on: by its own logged model."""

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from ruamel.yaml import YAML

from facealign.config import UserError
from facealign.data.dataset import FaceDataset
from facealign.data.loader import eval_batches
from facealign.data.shards.reader import ShardReader
from facealign.registry import Predictor, add_onnx, log_model
from facealign.registry.champion import FOLDER, champion_landmarks
from facealign.registry.gate import judge
from facealign.tracking import TrackingSettings, open_run
from facealign.training import InputSpec, predict
from registry.conftest import SIX

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),  # MLflow's tables, under SQLAlchemy 2.1
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),  # MLflow's own types, at import
]


@pytest.fixture(scope="module")
def client(store):
    from mlflow import MlflowClient

    uri = open_run(store, "faces", "asked", "run").uri
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


@pytest.fixture(scope="module")
def reader(tiny_shards):
    return ShardReader(tiny_shards, "test")


@pytest.fixture(scope="module")
def version(store, client, method, card, reader):
    return version_in(store, client, method, card, reader)


def version_in(store, client, method, card, reader):
    """A version whose model is there, and nothing that it found."""
    handle = open_run(store, "faces", "asked", "run")
    kind = InputSpec(crop=reader.index.crop, landmarks=reader.index.landmarks)
    crops = np.zeros((2, 3, 64, 64), np.uint8)
    itself = card.model_copy(update={"crop": kind.crop, "landmarks": kind.landmarks})
    uri = log_model(handle, Predictor(method), crops, itself, metadata={"faces": kind.model_dump(mode="json")})
    client.create_registered_model("asked")
    model = client.get_logged_model(uri.removeprefix("models:/"))
    made = client.create_model_version(
        "asked", model.artifact_location, handle.run_id, tags={"model_uri": uri}, model_id=model.model_id
    )
    return client.get_model_version("asked", made.version)


@pytest.fixture
def changed(version, tmp_path):
    """The same model with another word about itself, and no run."""

    def make(change):
        folder = tmp_path / "model"
        shutil.copytree(version.source.removeprefix("file://"), folder)
        yaml = YAML()
        card = yaml.load(folder / "MLmodel")
        change(card["metadata"])
        yaml.dump(card, folder / "MLmodel")
        return SimpleNamespace(name="asked", version="7", source=folder.as_uri(), run_id=None, tags={})

    return make


def test_it_is_asked_once_and_its_answer_is_kept(
    store, client, version, method, reader, found, measuring, monkeypatch
):
    candidate = found(1.0)
    landmarks = champion_landmarks(client, store.uri, version, candidate, measuring)
    expected = predict(method, eval_batches(FaceDataset(reader), batch_size=6), torch.device("cpu")).predicted
    np.testing.assert_allclose(landmarks, expected, atol=0.01)
    model_id = version.tags["model_uri"].removeprefix("models:/")
    (kept,) = client.list_artifacts(version.run_id, f"{FOLDER}/{model_id}")
    assert Path(kept.path).stem == candidate.data_digest[:16]
    monkeypatch.setattr(version, "_source", "file:///nowhere")
    again = champion_landmarks(client, store.uri, version, candidate, measuring)
    np.testing.assert_array_equal(again, landmarks)
    others = replace(candidate, found=replace(candidate.found, ids=("another", *candidate.found.ids[1:])))
    with pytest.raises(UserError, match="is of other faces than its name says; delete it there"):
        champion_landmarks(client, store.uri, version, others, measuring)


def test_through_a_server_it_is_asked_and_exported(server, method, card, reader, found, measuring):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=server.uri, registry_uri=server.uri)
    version = version_in(TrackingSettings(uri=server.uri), client, method, card, reader)
    assert version.source.startswith("mlflow-artifacts:")
    assert add_onnx(server.uri, version.tags["model_uri"])
    landmarks = champion_landmarks(client, server.uri, version, found(1.0), measuring)
    expected = predict(method, eval_batches(FaceDataset(reader), batch_size=6), torch.device("cpu")).predicted
    np.testing.assert_allclose(landmarks, expected, atol=0.01)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda card: card.pop("faces"), "does not say for which crops and landmarks"),
        (
            lambda card: card["faces"]["landmarks"].update(name="mine"),
            "landmarks mine (68), and the faces have ibug68",
        ),
        (lambda card: card["faces"]["crop"].update(margin=3.0), "it sees 3 times the box"),
    ],
    ids=["says nothing", "other landmarks", "other crop"],
)
def test_one_that_cannot_be_compared_stays(store, client, changed, found, measuring, change, reason):
    outcome = judge(client, store.uri, changed(change), found(0.1), measuring, SIX)
    assert not outcome.promoted
    assert outcome.decision is None
    assert reason in outcome.reason
    assert "facealign rollback asked --to VERSION" in outcome.reason


def test_another_crop_rule_that_can_be_followed_is(store, client, changed, found, measuring):
    def closer(card):
        card["faces"]["crop"]["context"] = 1.0

    outcome = judge(client, store.uri, changed(closer), found(0.1), measuring, SIX)
    assert outcome.decision is not None
    assert outcome.rival == "version 7"


def test_one_that_cannot_be_loaded_is_an_error(store, client, found, measuring):
    gone = SimpleNamespace(name="asked", version="7", source="file:///nowhere", run_id=None, tags={})
    with pytest.raises(UserError, match=r"models:/asked/7 cannot be loaded from file:///nowhere"):
        judge(client, store.uri, gone, found(0.1), measuring, SIX)


def test_shards_that_changed_meanwhile(store, client, changed, found, measuring):
    later = replace(found(0.1), data_digest="e" * 64)
    with pytest.raises(UserError, match="the model was measured on eeeeeeeeeeee; evaluate it again"):
        judge(client, store.uri, changed(lambda card: None), later, measuring, SIX)
