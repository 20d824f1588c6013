import pickle
import shutil

import numpy as np
import pytest
import torch
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from facealign.config import UserError
from facealign.data.augmentation.settings import AWING, AugmentSettings
from facealign.data.dataset import Draw, FaceDataset
from facealign.data.loader import _batches, eval_batches, train_batches, training_plan
from facealign.data.sampler.balance import plan_epoch
from facealign.data.sampler.sampling import SamplingSettings
from facealign.data.shards.reader import ShardReader
from facealign.geometry import affine
from failing_datasets import Broken, Killed

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def faces(tiny_shards):
    return FaceDataset(ShardReader(tiny_shards, "train"), AWING, seed=11)


def _ids(batches):
    return [sample for batch in batches for sample in batch.ids]


def _equal(first, second):
    assert first.ids == second.ids
    for name in ("images", "points", "valid", "visible", "to_photo"):
        assert torch.equal(getattr(first, name), getattr(second, name))


def test_the_parts_of_a_batch_make_it_up(tiny_shards):
    faces = FaceDataset(ShardReader(tiny_shards, "train"), AWING, views=2)
    batch = next(train_batches(faces, epoch=0, global_batch=5))
    parts = [batch.part(rows) for rows in (range(2), range(2, 5))]
    assert [len(part) for part in parts] == [2, 3]
    for whole, halves in ((batch, parts), (batch.pair, [part.pair for part in parts])):
        assert whole.ids == tuple(sample for half in halves for sample in half.ids)
        assert whole.attributes == tuple(names for half in halves for names in half.attributes)
        for name in ("images", "points", "valid", "visible", "to_photo"):
            assert torch.equal(getattr(whole, name), torch.cat([getattr(half, name) for half in halves]))


def test_a_batch_is_what_it_promises(faces):
    batch = next(train_batches(faces, epoch=0, global_batch=4))
    size, landmarks = faces.reader.index.crop.size, faces.reader.index.landmarks.size
    assert (batch.images.shape, batch.images.dtype) == ((4, 3, size, size), torch.uint8)
    assert (batch.points.shape, batch.points.dtype) == ((4, landmarks, 2), torch.float32)
    assert (batch.valid.shape, batch.valid.dtype) == ((4, landmarks), torch.bool)
    assert (batch.visible.shape, batch.visible.dtype) == ((4, landmarks), torch.bool)
    assert (batch.to_photo.shape, batch.to_photo.dtype) == ((4, 2, 3), torch.float64)
    assert batch.images.is_contiguous(memory_format=torch.channels_last)
    assert len(batch) == 4


BALANCES = {
    "none": SamplingSettings(),
    "replicate": SamplingSettings(balance="replicate", cap=3),
    "undersample": SamplingSettings(balance="undersample", smallest_bin=4),
}


def _plan(faces, balance):
    """Bins of 3, 6, 9, 12 … faces."""
    bins = np.repeat(np.arange(9), 3 * np.arange(1, 10))[: len(faces)]
    return plan_epoch(BALANCES[balance], len(faces), lambda: bins)


@pytest.mark.parametrize("balance", BALANCES)
@pytest.mark.parametrize(("world_size", "start_step"), [(1, 2), (2, 1), (3, 0), (4, 1)])
def test_any_number_of_ranks_sees_the_same_samples_in_the_same_order(faces, balance, world_size, start_step):
    """A run that stops after some steps and goes on with other ranks sees what it would have seen."""
    plan = _plan(faces, balance)
    whole = list(train_batches(faces, plan=plan, epoch=1, global_batch=6))[start_step:]
    ranks = [
        train_batches(
            faces, plan=plan, epoch=1, global_batch=6, start_step=start_step, rank=rank, world_size=world_size
        )
        for rank in range(world_size)
    ]
    for expected, *parts in zip(whole, *ranks, strict=True):
        assert expected.ids == tuple(sample for part in parts for sample in part.ids)
        assert torch.equal(expected.images, torch.cat([part.images for part in parts]))
        assert torch.equal(expected.points, torch.cat([part.points for part in parts]))


@pytest.mark.parametrize(
    ("balance", "world_size", "workers"), [("none", 1, 2), ("replicate", 2, 1), ("undersample", 3, 1)]
)
def test_loading_processes_change_nothing(faces, balance, world_size, workers):
    """A run goes on in the middle of an epoch, with other ranks and other loading processes."""
    plan = _plan(faces, balance)
    whole = list(train_batches(faces, plan=plan, epoch=4, global_batch=12))[1:]
    ranks = [
        train_batches(
            faces,
            plan=plan,
            epoch=4,
            global_batch=12,
            start_step=1,
            rank=rank,
            world_size=world_size,
            workers=workers,
        )
        for rank in range(world_size)
    ]
    assert whole
    for expected, *parts in zip(whole, *ranks, strict=True):
        assert expected.ids == tuple(sample for part in parts for sample in part.ids)
        assert torch.equal(expected.images, torch.cat([part.images for part in parts]))


def test_a_balanced_epoch_takes_what_its_plan_says(faces):
    plan = _plan(faces, "undersample")
    ids = _ids(train_batches(faces, plan=plan, epoch=0, global_batch=plan.length))
    names = np.array([labels.id for labels in faces.reader.labels()])
    taken = [len(set(ids) & set(names[group.rows])) for group in plan.groups]
    assert taken == [group.take for group in plan.groups]
    assert len(ids) == plan.length


def test_the_bins_come_with_the_prepared_faces(faces):
    plan = training_plan(faces.reader, BALANCES["undersample"])
    bins = faces.reader.statistics().pose.bins
    assert sorted(row for group in plan.groups for row in group.rows) == list(range(len(faces)))
    for group in plan.groups:
        # A group is all faces of its bins.
        assert len(group.rows) == np.isin(bins, bins[group.rows]).sum()


def test_an_epoch_repeats_no_sample_and_epochs_differ(faces):
    epochs = [_ids(train_batches(faces, epoch=epoch, global_batch=8)) for epoch in (0, 1)]
    assert all(len(set(ids)) == len(ids) == len(faces) // 8 * 8 for ids in epochs)
    assert epochs[0] != epochs[1]


def test_the_same_sample_looks_different_in_another_epoch(faces):
    assert (faces[Draw(0, 0, 0)]["images"] != faces[Draw(0, 1, 0)]["images"]).any()


@pytest.mark.parametrize("world_size", [1, 3, 7])
def test_evaluation_sees_each_sample_once_in_row_order(faces, world_size):
    shares = [
        list(eval_batches(faces, batch_size=4, rank=rank, world_size=world_size)) for rank in range(world_size)
    ]
    expected = [labels.id for labels in faces.reader.labels()]
    assert [sample for share in shares for sample in _ids(share)] == expected
    batches = [batch.ids for share in shares for batch in share]
    assert batches == [batch.ids for batch in eval_batches(faces, batch_size=4)]
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


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


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_shard_is_one_message(tiny_shards, tmp_path, workers):
    shutil.copytree(tiny_shards, tmp_path / "shards")
    faces = FaceDataset(ShardReader(tmp_path / "shards", "train"))
    for shard in (tmp_path / "shards").glob("train*.arrow"):
        shard.write_bytes(shard.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"fold train, row \d+: .*prepare the data again") as caught:
        list(train_batches(faces, epoch=0, global_batch=4, workers=workers))
    assert "Traceback" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_killed_loading_process_is_one_message(tiny_shards, monkeypatch):
    # Seconds between two looks at whether the processes live.
    monkeypatch.setattr(_MultiProcessingDataLoaderIter._try_get_data, "__defaults__", (0.2,))
    faces = Killed(ShardReader(tiny_shards, "train"))
    with pytest.raises(UserError, match=r"one of 1 loading processes died .*lower loader_workers"):
        list(train_batches(faces, epoch=0, global_batch=2, workers=1))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_mistake_in_the_program_keeps_its_traceback(tiny_shards, workers):
    faces = Broken(ShardReader(tiny_shards, "train"))
    with pytest.raises(ZeroDivisionError, match="a mistake in the program"):
        list(train_batches(faces, epoch=0, global_batch=2, workers=workers))


def test_few_batches_are_loaded_ahead(faces):
    """What nobody asks for waits, and is not loaded: two batches a process."""
    asked = []

    def draws():
        for step in range(1000):
            asked.append(step)
            yield [Draw(0, 0, step)]

    batches = _batches(faces, draws(), 2, False)
    next(batches)
    assert len(asked) <= 6


def test_settings_decide_what_is_drawn(tiny_shards):
    """Turning one change off leaves the draws of the others alone."""
    reader = ShardReader(tiny_shards, "train")
    geometric = {"blur": 0, "noise": 0, "occlusion": 0, "gray": 0, "color": 0}
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
