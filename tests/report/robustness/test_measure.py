"""Perturbed plots are where they are said to be, and truth is that of the photo."""

import csv
import json

import numpy as np
import pytest
import torch

from facealign.config import UserError
from facealign.data.augmentation.views import cut_image, view_at
from facealign.data.sampler.order import sample_rng
from facealign.data.shards.reader import ShardReader
from facealign.evaluation import robustness as module
from facealign.evaluation.perturbations import PERTURBATIONS
from facealign.evaluation.robustness import Robustness, RobustnessPlan, SeenFaces, measure_robustness
from facealign.geometry import CropSettings, affine
from facealign.report.robustness import read_robustness, write_robustness
from facealign.training import InputSpec, ModelFolder, Predictions
from facealign.training.checkpoint import ModelCard, build_method
from facealign.training.predictions import to_photos

GEOMETRIC = ("rotation", "scale", "box_jitter")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def faces(tiny_shards):
    return SeenFaces(ShardReader(tiny_shards, "test"), (0, 2, 3, 5), batch_size=3)


@pytest.fixture(scope="module")
def model(tiny_shards, tiny_job):
    index = ShardReader(tiny_shards, "test").index
    kind = InputSpec(crop=index.crop, landmarks=index.landmarks)
    card = ModelCard(job=tiny_job, config_hash=tiny_job.config_hash, faces=kind, parameters=1)
    return ModelFolder(build_method(tiny_job, kind).eval(), card)


@pytest.mark.parametrize("kind", GEOMETRIC)
def test_a_dot_is_found_where_the_truth_is(kind):
    """The plot and the landmarks move by the same map, for the eye of one who only sees the plot."""
    crop = CropSettings(size=128)
    y, x = np.mgrid[: crop.stored_size, : crop.stored_size]
    at = np.array([95.3, 80.6])
    dot = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * 3.0**2))
    picture = np.repeat(np.rint(250 * dot)[..., None], 3, axis=2).astype(np.uint8)
    for strength in PERTURBATIONS[kind].strengths:
        view = PERTURBATIONS[kind].view(crop, strength, sample_rng(1, 2, 3))
        seen = cut_image(picture, view, crop.size)[..., 0].astype(float)
        rows, columns = np.mgrid[: crop.size, : crop.size]
        center = np.array([(seen * columns).sum(), (seen * rows).sum()]) / seen.sum()
        np.testing.assert_allclose(center, affine.apply(view.matrix, at), atol=0.06)


@pytest.mark.parametrize("kind", list(PERTURBATIONS))
def test_the_strongest_changes_the_picture_and_the_truth_stays(faces, kind):
    perturbation = PERTURBATIONS[kind]
    plain, *_ = faces.seen(view_at(faces.reader.index.crop))
    moved, *_ = faces.perturbed(kind, perturbation.strengths[-1])
    again, *_ = faces.perturbed(kind, perturbation.strengths[-1])
    assert (moved.images != plain.images).float().mean() > 0.02
    assert torch.equal(moved.images, again.images)
    is_moved = not torch.equal(moved.to_photo, plain.to_photo)
    assert is_moved == (kind in GEOMETRIC)
    truths = [to_photos(batch.to_photo.numpy(), batch.points.double().numpy()) for batch in (plain, moved)]
    np.testing.assert_allclose(truths[0], truths[1], atol=1e-3)


def test_the_neutral_strength_is_the_face_as_it_is(faces):
    plain = list(faces.seen(view_at(faces.reader.index.crop)))
    assert [len(batch) for batch in plain] == [3, 1]
    for kind in (*GEOMETRIC, "noise", "darkness"):
        for before, after in zip(plain, faces.perturbed(kind, PERTURBATIONS[kind].neutral), strict=True):
            assert torch.equal(before.images, after.images), kind


def oracle(truth):
    """A model that knows where the landmarks are in the photos, and marks them in whatever plot it is shown."""

    def predict(method, batches, device):
        found = []
        for batch in batches:
            to_photo = batch.to_photo.numpy()
            in_photo = np.stack([truth[name] for name in batch.ids])
            if np.linalg.det(to_photo[0, :, :2]) < 0:  # what is seen is mirrored, and so are the landmarks' names
                in_photo = in_photo[:, list(method.schema.flip)]
            crops = np.stack([affine.apply(affine.invert(m), p) for m, p in zip(to_photo, in_photo, strict=True)])
            back = np.stack([affine.apply(m, p) for m, p in zip(to_photo, crops, strict=True)])
            valid = batch.valid.numpy()
            found.append((back, in_photo, valid, to_photo, batch.ids))
        predicted, true, valid, to_photo = (np.concatenate(part) for part in list(zip(*found, strict=True))[:4])
        return Predictions(predicted, true, valid, to_photo, tuple(name for part in found for name in part[4]))

    return predict


def test_an_oracle_has_no_error_and_stands_still(tiny_shards, model, monkeypatch):
    reader = ShardReader(tiny_shards, "test")
    truth = {face.labels.id: affine.apply(face.to_photo, face.points) for face in reader}
    monkeypatch.setattr(module, "predict", oracle(truth))
    found = measure_robustness(model, tiny_shards, RobustnessPlan(kinds=GEOMETRIC), CPU)
    worst = max(point.nme.mean for points in found.curves.values() for point in points)
    assert max(worst, found.plain.mean, found.shifts.share.mean, found.flip.share.mean, found.flip.nme.mean) < 1e-9


@pytest.mark.thorough
def test_a_network_is_measured_and_written(tiny_shards, model, tmp_path):
    lines = []
    plan = RobustnessPlan(kinds=("rotation", "jpeg"), faces=4, seed=3)
    found = measure_robustness(model, tiny_shards, plan, CPU, lines.append)
    assert measure_robustness(model, tiny_shards, plan, CPU) == found
    assert [line.partition(":")[0] for line in lines] == ["rotation", "jpeg"]
    assert found.faces == 4
    assert found.shifts.pixels.mean > 0
    point = found.curves["rotation"][0]
    assert point.rise.mean == pytest.approx(point.nme.mean - found.plain.mean)
    assert point.nme.interval[0] <= point.nme.mean <= point.nme.interval[1]
    write_robustness(tmp_path, found)
    assert (
        read_robustness(tmp_path) == found == Robustness(**json.loads((tmp_path / "robustness.json").read_text()))
    )
    with (tmp_path / "robustness.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["kind"] for row in rows] == ["none"] + ["rotation"] * 5 + ["jpeg"] * 5
    assert float(rows[1]["nme"]) == point.nme.mean
    assert (tmp_path / "robustness.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_perturbation(tiny_shards, model):
    with pytest.raises(UserError, match="unknown perturbations rain; known are: rotation, scale"):
        measure_robustness(model, tiny_shards, RobustnessPlan(kinds=("rain",)), CPU)


def test_no_measurement_and_a_broken_one(tmp_path):
    assert read_robustness(tmp_path) is None
    (tmp_path / "robustness.json").write_text("{}")
    with pytest.raises(UserError, match="is no measurement of robustness"):
        read_robustness(tmp_path)
