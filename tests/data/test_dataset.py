"""Views of stored faces: pairs, annotation noise, covered landmarks."""

from dataclasses import replace
from typing import get_args

import cv2
import numpy as np
import pytest
import torch

from facealign.data.augmentation.annotation_noise import move_at_random
from facealign.data.augmentation.recipes import RECIPES
from facealign.data.augmentation.settings import AWING, NONE, AugmentSettings
from facealign.data.dataset import Draw, FaceDataset, collate
from facealign.data.folds import Fold
from facealign.data.shards.reader import ShardReader
from facealign.geometry import affine

FIELDS = ("images", "points", "valid", "visible", "to_photo")
DRAWS = [Draw(row, 3, position) for position, row in enumerate((5, 0, 7, 2, 5))]
GEOMETRY = AWING.with_changes(blur=0.0, noise=0.0, occlusion=0.0, gray=0.0, color=0.0)


@pytest.fixture(scope="module")
def reader(tiny_shards):
    return ShardReader(tiny_shards, "train")


def _batch(faces, draws=DRAWS):
    return collate([faces[draw] for draw in draws])


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_makes_batches(reader, recipe):
    batch = _batch(FaceDataset(reader, AugmentSettings(recipe=recipe)))
    size, landmarks = reader.index.crop.size, reader.index.landmarks.size
    assert (batch.images.shape, batch.images.dtype) == ((5, 3, size, size), torch.uint8)
    assert batch.images.is_contiguous(memory_format=torch.channels_last)
    assert (batch.points.shape, batch.points.dtype) == ((5, landmarks, 2), torch.float32)
    assert batch.points.isfinite().all()
    assert (batch.to_photo.shape, batch.to_photo.dtype) == ((5, 2, 3), torch.float64)
    assert batch.pair is None


@pytest.mark.parametrize("settings", [AWING, NONE, NONE.with_changes(gray=1.0), AugmentSettings(recipe="adnet")])
def test_the_first_view_of_a_pair_is_the_single_view(reader, settings):
    single, double = (_batch(FaceDataset(reader, settings, seed=4, views=views)) for views in (1, 2))
    assert double.pair.ids == double.ids == single.ids
    assert double.pair.pair is None
    for name in FIELDS:
        assert torch.equal(getattr(single, name), getattr(double, name))


def test_the_second_view_is_a_function_of_the_draw_and_another_than_the_first(reader):
    faces = FaceDataset(reader, AWING, seed=4, views=2)
    first, again = (_batch(faces).pair for _ in range(2))
    for name in FIELDS:
        assert torch.equal(getattr(first, name), getattr(again, name))
    assert not torch.isclose(first.to_photo, _batch(faces).to_photo).all(dim=2).all(dim=1).any()
    # It is no other sample's first view, either: those have streams of their own.
    others = _batch(faces, [Draw(5, 3, position) for position in range(20)])
    assert not any(torch.isclose(first.to_photo[0], matrix).all() for matrix in others.to_photo)


def test_the_two_views_are_independent(reader):
    batch = _batch(FaceDataset(reader, GEOMETRY, views=2), [Draw(0, 0, position) for position in range(300)])
    a, b = (part.to_photo[:, :, :2].reshape(-1, 4).numpy() for part in (batch, batch.pair))
    assert np.abs(np.corrcoef(a.T, b.T)[:4, 4:]).max() < 0.2
    counts = torch.bincount(batch.is_flipped * 2 + batch.pair.is_flipped, minlength=4)
    assert (counts > 45).all()


def test_a_landmark_of_one_view_is_found_in_the_other(reader):
    """What the consistency loss rests on: crop px → photo → the other crop's px, identities exchanged by flips."""
    batch = _batch(FaceDataset(reader, GEOMETRY, views=2), [Draw(row, 0, row) for row in range(12)])
    schema = reader.index.landmarks
    differs = batch.is_flipped != batch.pair.is_flipped
    assert 0 < differs.sum() < 12
    for b in range(len(batch)):
        there = affine.compose(affine.invert(batch.pair.to_photo[b].numpy()), batch.to_photo[b].numpy())
        moved = affine.apply(there, batch.points[b].numpy())
        if differs[b]:
            moved = moved[list(schema.flip)]
        np.testing.assert_allclose(moved, batch.pair.points[b], atol=2e-3)


def test_the_pixels_of_the_two_views_show_the_same_face(reader):
    batch = _batch(FaceDataset(reader, GEOMETRY, views=2), [Draw(row, 0, row) for row in range(8)])
    for b in range(len(batch)):
        there = affine.compose(affine.invert(batch.pair.to_photo[b].numpy()), batch.to_photo[b].numpy())
        own, other = (part.images[b].permute(1, 2, 0).numpy() for part in (batch, batch.pair))
        moved = cv2.warpAffine(own, there, own.shape[:2], flags=cv2.INTER_LINEAR)
        shown = (moved > 0).all(axis=2) & (other > 0).all(axis=2)
        assert np.corrcoef(moved[shown].ravel(), other[shown].ravel())[0, 1] > 0.9


def test_is_flipped_tells_mirrored_views(reader):
    faces = FaceDataset(reader, GEOMETRY.with_changes(flip=1.0))
    assert _batch(faces).is_flipped.all()
    assert not _batch(replace(faces, augment=GEOMETRY.with_changes(flip=0.0))).is_flipped.any()


def test_a_pair_goes_where_its_batch_goes(reader):
    batch = _batch(FaceDataset(reader, AWING, views=2)).to(torch.device("meta"))
    assert batch.images.is_meta
    assert batch.pair.images.is_meta
    assert batch.pair.points.is_meta


def test_covered_landmarks_stay_visible_unless_told_otherwise(reader):
    covering = NONE.with_changes(occlusion=1.0, occlusion_height=(0.4, 0.4))
    stay, hide = (
        _batch(
            FaceDataset(reader, covering.with_changes(occlusion_hides=hides)),
            [Draw(row, 0, row) for row in range(20)],
        )
        for hides in (False, True)
    )
    plain = _batch(FaceDataset(reader), [Draw(row, 0, row) for row in range(20)])
    assert torch.equal(stay.images, hide.images)
    assert torch.equal(stay.visible, plain.visible)
    assert torch.equal(hide.valid, plain.valid)
    is_black = (stay.images == 0).all(dim=1)
    checked = 0
    for b in range(20):
        x, y = hide.points[b].round().long().clamp(0, is_black.shape[1] - 1).T
        inside = ((hide.points[b] > 0) & (hide.points[b] < is_black.shape[1] - 1)).all(dim=1)
        covered = is_black[b, y, x] & inside
        assert not (hide.visible[b] & covered).any()
        assert torch.equal(hide.visible[b, ~covered], plain.visible[b, ~covered])
        checked += int(covered.sum())
    assert checked > 100


def test_annotation_noise_is_the_same_in_every_epoch_and_for_every_view(reader):
    faces = FaceDataset(
        reader, NONE.with_changes(annotation_noise=0.3, annotation_noise_distance=0.3), seed=1, views=2
    )
    first, later = (faces[Draw(4, epoch, position)] for epoch, position in ((0, 0), (7, 3)))
    np.testing.assert_array_equal(first["points"], later["points"])
    np.testing.assert_array_equal(first["points"], first["pair"]["points"])
    clean = faces.plain()[Draw(4, 0, 0)]
    moved = (first["points"] != clean["points"]).any(axis=1)
    assert 0 < moved.sum() < len(moved)
    np.testing.assert_array_equal(first["images"], clean["images"])


def test_noisy_landmarks_go_through_the_views_as_clean_ones_do(reader):
    noisy = GEOMETRY.with_changes(annotation_noise=1.0, annotation_noise_distance=0.1)
    face = reader[4]
    stored = move_at_random(
        face.points,
        face.valid,
        reader.index.landmarks,
        share=1.0,
        distance=0.1,
        seed=1,
        sample_id=face.labels.id,
    )
    view = FaceDataset(reader, noisy, seed=1)[Draw(4, 0, 1)]
    back = affine.apply(view["to_photo"], view["points"])
    if np.linalg.det(view["to_photo"][:, :2]) < 0:
        back = back[list(reader.index.landmarks.flip)]
    np.testing.assert_allclose(back, affine.apply(face.to_photo, stored), atol=1e-3)


@pytest.mark.parametrize("fold", get_args(Fold))
def test_a_plain_data_set_is_never_noisy(tiny_shards, fold):
    reader = ShardReader(tiny_shards, fold)
    told = FaceDataset(reader, AWING.with_changes(annotation_noise=1.0), views=2).plain()[Draw(0, 0, 0)]
    room = (reader.index.crop.stored_size - reader.index.crop.size) / 2
    np.testing.assert_allclose(told["points"], reader[0].points - room, atol=1e-4)
    assert "pair" not in told
