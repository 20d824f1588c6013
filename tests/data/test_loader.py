import pickle

import numpy as np
import pytest
import torch

from facealign.config import UserError
from facealign.data.augment_settings import AWING, AugmentSettings
from facealign.data.dataset import Draw, FaceDataset
from facealign.data.loader import eval_batches, train_batches
from facealign.data.shards.reader import ShardReader
from facealign.geometry import affine


@pytest.fixture(scope="module")
def faces(tiny_shards):
    return FaceDataset(ShardReader(tiny_shards, "train"), AWING, seed=11)


def _ids(batches):
    return [sample for batch in batches for sample in batch.ids]


def _equal(first, second):
    assert first.ids == second.ids
    for name in ("images", "points", "valid", "visible", "to_photo"):
        assert torch.equal(getattr(first, name), getattr(second, name))


def test_a_batch_is_what_it_promises(faces):
    batch = next(train_batches(faces, epoch=0, global_batch=4))
    size, landmarks = faces.reader.index.crop.size, faces.reader.index.landmarks.size
    assert (batch.images.shape, batch.images.dtype) == ((4, 3, size, size), torch.uint8)
    assert (batch.points.shape, batch.points.dtype) == ((4, landmarks, 2), torch.float32)
    assert (batch.valid.shape, batch.valid.dtype) == ((4, landmarks), torch.bool)
    assert (batch.visible.shape, batch.visible.dtype) == ((4, landmarks), torch.bool)
    assert (batch.to_photo.shape, batch.to_photo.dtype) == ((4, 2, 3), torch.float64)
    assert batch.images.is_contiguous()
    assert len(batch) == 4


@pytest.mark.parametrize("world_size", [1, 2, 3])
@pytest.mark.parametrize("start_step", [0, 2])
def test_any_number_of_ranks_sees_the_same_samples_in_the_same_order(faces, world_size, start_step):
    """A run that stops after some steps and goes on with other ranks sees what it would have seen."""
    whole = list(train_batches(faces, epoch=1, global_batch=6))[start_step:]
    ranks = [
        train_batches(faces, epoch=1, global_batch=6, start_step=start_step, rank=rank, world_size=world_size)
        for rank in range(world_size)
    ]
    for expected, *parts in zip(whole, *ranks, strict=True):
        assert expected.ids == tuple(sample for part in parts for sample in part.ids)
        assert torch.equal(expected.images, torch.cat([part.images for part in parts]))
        assert torch.equal(expected.points, torch.cat([part.points for part in parts]))


def test_an_epoch_repeats_no_sample_and_epochs_differ(faces):
    epochs = [_ids(train_batches(faces, epoch=epoch, global_batch=8)) for epoch in (0, 1)]
    assert all(len(set(ids)) == len(ids) == len(faces) // 8 * 8 for ids in epochs)
    assert epochs[0] != epochs[1]


def test_the_same_sample_looks_different_in_another_epoch(faces):
    assert (faces[Draw(0, 0, 0)]["images"] != faces[Draw(0, 1, 0)]["images"]).any()


def test_loading_processes_change_nothing(faces):
    alone = train_batches(faces, epoch=0, global_batch=12)
    helped = train_batches(faces, epoch=0, global_batch=12, workers=2)
    for one, other in zip(alone, helped, strict=True):
        _equal(one, other)


@pytest.mark.parametrize("world_size", [1, 3, 7])
def test_evaluation_sees_each_sample_once_in_row_order(faces, world_size):
    shares = [
        _ids(eval_batches(faces, batch_size=4, rank=rank, world_size=world_size)) for rank in range(world_size)
    ]
    expected = [labels.id for labels in faces.reader.labels()]
    assert [sample for share in shares for sample in share] == expected


def test_evaluation_leaves_augmentation_out(faces):
    batch = next(eval_batches(faces, batch_size=3))
    crop = faces.reader.index.crop
    room = (crop.stored_size - crop.size) // 2
    stored = faces.reader[1]
    middle = stored.image()[room : room + crop.size, room : room + crop.size]
    np.testing.assert_array_equal(batch.images[1].permute(1, 2, 0), middle)
    np.testing.assert_allclose(batch.points[1], stored.points - room, rtol=1e-6)


def test_to_photo_undoes_every_view(faces):
    """Through the view to the photo is the same place as straight from the stored crop, mirrored or not."""
    schema = faces.reader.index.landmarks
    flipped = 0
    for position in range(10):
        view = faces[Draw(2, 0, position)]
        stored = faces.reader[2]
        expected = affine.apply(stored.to_photo, stored.points)
        if np.linalg.det(view["to_photo"][:, :2]) < 0:
            flipped += 1
            expected = expected[list(schema.flip)]
        np.testing.assert_allclose(affine.apply(view["to_photo"], view["points"]), expected, atol=1e-3)
    assert 0 < flipped < 10


def test_a_pickled_data_set_reads_on(faces):
    twin = pickle.loads(pickle.dumps(faces))
    np.testing.assert_array_equal(twin[Draw(3, 0, 5)]["images"], faces[Draw(3, 0, 5)]["images"])


def test_too_large_a_batch_is_refused(faces):
    with pytest.raises(UserError, match="lower the batch size"):
        train_batches(faces, epoch=0, global_batch=1000)


def test_settings_decide_what_is_drawn(tiny_shards):
    """Turning one change off leaves the draws of the others alone."""
    reader = ShardReader(tiny_shards, "train")
    geometric = {"blur": 0, "noise": 0, "occlusion": 0, "gray": 0, "colour": 0}
    with_flip, without = (FaceDataset(reader, AugmentSettings(**geometric, flip=flip)) for flip in (1, 0))
    size = reader.index.crop.size
    mirrored = affine.apply(affine.flip_horizontal(size), without[Draw(0, 0, 0)]["points"])
    np.testing.assert_allclose(
        with_flip[Draw(0, 0, 0)]["points"], mirrored[list(reader.index.landmarks.flip)], atol=1e-3
    )


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_pinned_batches_are_the_same_batches(faces):
    pinned = next(train_batches(faces, epoch=0, global_batch=4, pin_memory=True))
    assert pinned.images.is_pinned()
    _equal(pinned, next(train_batches(faces, epoch=0, global_batch=4)))
    assert pinned.to(torch.device("cuda")).points.is_cuda
