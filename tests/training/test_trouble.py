"""What the loop says of losses that leave the numbers, of memory and of disks."""

import errno
import os

import pytest
import torch

from facealign.config import UserError
from facealign.data.dataset import FaceDataset
from facealign.data.loader import train_batches
from facealign.data.shards.reader import ShardReader
from facealign.training import World, fit
from facealign.training.checkpoint import read_progress, save_checkpoint
from facealign.training.config import TrainConfig
from facealign.training.learner import Learner
from facealign.training.run import TrainingRun
from facealign.training.shortage import enough_disk
from training.changed import poison, with_train
from training.test_fit import Recorder


@pytest.fixture
def third_batch(tiny_job):
    """The ids of the second epoch's third batch."""
    faces = FaceDataset(ShardReader(tiny_job.shards, "train"), seed=tiny_job.seed)
    return list(train_batches(faces, epoch=1, global_batch=8))[2].ids


def test_the_first_bad_piece_is_named_and_the_checkpoint_is_kept(tiny_job, tmp_path, third_batch, monkeypatch):
    """Two steps lie between it and the next look at the losses; two faces go through the network at once."""
    poison(monkeypatch, tiny_job.method, third_batch[4:6])
    events = Recorder(tmp_path / "last")
    with pytest.raises(UserError) as caught:
        fit(with_train(tiny_job, per_device_batch=2, log_every=5), World(), events)
    bad = ", ".join(third_batch[4:6])
    assert str(caught.value).startswith(f"epoch 2, step 3: the loss is nan, for the first time, over {bad};")
    assert read_progress(events.folder).epoch == 1


def test_weights_that_leave_the_numbers_are_noticed_before_they_are_saved(
    tiny_job, tmp_path, third_batch, monkeypatch
):
    poison(monkeypatch, tiny_job.method, third_batch[:2], only_gradient=True)
    with pytest.raises(UserError) as caught:
        fit(with_train(tiny_job, log_every=1), World(), Recorder(tmp_path / "last"))
    assert (
        f"epoch 2, step 3: the loss is finite, but the weights after it are not; "
        f"they learned from {third_batch[0]}" in str(caught.value)
    )


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({}, r"per_device_batch is null, so 8 faces .* set per_device_batch: 4,"),
        ({"per_device_batch": 5}, r"per_device_batch is 5, so 4 faces .* set per_device_batch: 2,"),
    ],
)
def test_a_gpu_without_room_is_one_message(tiny_job, tmp_path, monkeypatch, settings, advice):
    def no_room(self, *arguments, **options):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has …")

    monkeypatch.setattr(Learner, "backward", no_room)
    with pytest.raises(UserError, match=r"out of memory: CUDA out of memory\. .*" + advice):
        fit(with_train(tiny_job, **settings), World(), Recorder(tmp_path))


def test_a_full_disk_is_one_message(tiny_job, tmp_path):
    run = TrainingRun(tiny_job, World(), None, None)
    (tmp_path / "state.pt").symlink_to("/dev/full")
    with pytest.raises(UserError, match=rf"{tmp_path}: no room .*MB are free.*free some space, or let TMPDIR"):
        save_checkpoint(tmp_path, run.learner, run.progress, tiny_job, run.faces.input_spec)


def test_other_errors_of_a_disk_stay_what_they_are(tmp_path):
    with pytest.raises(PermissionError), enough_disk(tmp_path, "try"):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))


def test_a_damaged_shard_ends_the_training_with_its_name(tiny_job, tiny_shards, tmp_path):
    import shutil

    shutil.copytree(tiny_shards, tmp_path / "shards")
    for shard in (tmp_path / "shards").glob("train*.arrow"):
        shard.write_bytes(shard.read_bytes()[:1000])
    job = tiny_job.model_copy(update={"shards": str(tmp_path / "shards")})
    with pytest.raises(UserError, match=r"fold train, row \d+: .*prepare the data again"):
        fit(job, World(), Recorder(tmp_path / "last"))


def test_pieces_larger_than_the_batch_are_refused():
    with pytest.raises(ValueError, match="per_device_batch 17 is more than batch_size 16"):
        TrainConfig(per_device_batch=17)
