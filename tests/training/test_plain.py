"""Training in this process: checkpoints in a folder, a signal as the wish to stop."""

import errno
import os
import shutil
import signal

import pytest
from safetensors.torch import load_file

from facealign.config import UserError
from facealign.training import World, checkpoint_manager, fit, load_model
from facealign.training.checkpoint_manager import CheckpointManager
from facealign.training.plain import train_plain
from facealign.training.progress import EpochRecord, Progress
from facealign.training.stopping import Stopped
from training.changed import with_train
from training.test_fit import Recorder, assert_same_weights


@pytest.mark.thorough
def test_a_signal_saves_and_the_same_call_goes_on(tiny_job, tmp_path):
    events = []

    def stop_in_the_second_epoch(event):
        events.append(event)
        if event["kind"] == "log" and event["step"] == 7:
            os.kill(os.getpid(), signal.SIGINT)

    job = with_train(tiny_job, epochs=3)
    with pytest.raises(Stopped) as stopped:
        train_plain(job, tmp_path / "runs", "cpu", stop_in_the_second_epoch)
    assert stopped.value.exit_status == 130
    assert (stopped.value.progress.epoch, stopped.value.progress.step) == (1, 4)
    assert {"kind": "stopping", "signal": "SIGINT"} in events
    later = []
    progress = train_plain(job, tmp_path / "runs", "cpu", later.append)
    assert [event["epoch"] for event in later if event["kind"] == "epoch"] == [2, 3]
    assert later[0]["step"] == 10  # the steps from the ninth on, at the epoch's end
    assert train_plain(job, tmp_path / "runs", None, later.append) == progress

    checkpoints = CheckpointManager(tmp_path / "runs")
    undisturbed = Recorder(tmp_path / "undisturbed")
    fit(job, World(), undisturbed)
    assert_same_weights(checkpoints.last, undisturbed.folder)
    checkpoints.copy_best_model(tmp_path / "model")
    assert load_model(tmp_path / "model").card.job == job
    best = checkpoints.best / "weights.safetensors"
    assert load_file(best).keys() == load_file(tmp_path / "model" / "weights.safetensors").keys()
    checkpoints.delete_checkpoints()
    assert checkpoints.last is None


def test_two_trainings_do_not_share_a_folder(tiny_job, tmp_path):
    refused = []

    def begin_another(event):
        with pytest.raises(
            UserError, match=r"runs: another process trains there already; wait for it, or stop it"
        ):
            train_plain(tiny_job, tmp_path / "runs", "cpu", print)
        refused.append(event["kind"])

    job = with_train(tiny_job, epochs=1)
    train_plain(job, tmp_path / "runs", "cpu", begin_another)
    assert "epoch" in refused
    train_plain(job, tmp_path / "runs", "cpu", print)  # its lock is gone with it


def checkpoint(folder, nmes, step=0):
    """What a training leaves that has measured these and is ``step`` steps into the next epoch."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    records = tuple(
        EpochRecord(epoch=i, loss=1.0, validation_nme=nme, lr=0.1, images_per_second=1.0, seconds=1.0)
        for i, nme in enumerate(nmes, start=1)
    )
    progress = Progress(epoch=len(nmes), step=step, history=records)
    (folder / "progress.json").write_text(progress.model_dump_json())
    return folder


def test_the_best_and_the_last_are_kept(tmp_path):
    checkpoints = CheckpointManager(tmp_path / "runs")
    assert (checkpoints.last, checkpoints.best) == (None, None)
    nmes = []
    expected = [(0.3, {1}), (0.2, {2}), (0.25, {2, 3}), (None, {2, 4}), (0.2, {2, 5}), (0.1, {6})]
    for nme, left in expected:
        nmes.append(nme)
        checkpoints.keep(checkpoint(tmp_path / "new", nmes))
        assert {path.name for path in checkpoints.folder.iterdir()} == {f"epoch-{i}-step-0" for i in left}
        assert checkpoints.last.name == f"epoch-{len(nmes)}-step-0"
    checkpoints.keep(checkpoint(tmp_path / "new", nmes, step=12))
    assert (checkpoints.best.name, checkpoints.last.name) == ("epoch-6-step-0", "epoch-6-step-12")


def test_a_full_disk_leaves_what_was_kept(tmp_path, monkeypatch):
    checkpoints = CheckpointManager(tmp_path / "runs")
    checkpoints.keep(checkpoint(tmp_path / "new", [0.3]))

    def full(source, target):
        target.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(checkpoint_manager, "_copy_to_disk", full)
    with pytest.raises(UserError, match=r"runs: no room for a checkpoint .*keep checkpoints in another folder"):
        checkpoints.keep(checkpoint(tmp_path / "new", [0.3, 0.2]))
    assert [path.name for path in checkpoints.folder.iterdir()] == ["epoch-1-step-0"]


def test_what_a_crash_left_half_written_is_no_checkpoint_and_goes(tmp_path):
    checkpoints = CheckpointManager(tmp_path / "runs")
    (tmp_path / "runs" / ".unfinished-x").mkdir(parents=True)
    assert checkpoints.last is None
    checkpoints.keep(checkpoint(tmp_path / "new", [0.3]))
    assert [path.name for path in checkpoints.folder.iterdir()] == ["epoch-1-step-0"]


@pytest.mark.parametrize("name", ["tpu9", "cuda:99"])
def test_a_device_that_is_not_there_is_one_message(tiny_job, tmp_path, name):
    with pytest.raises(UserError, match=f"device '{name}': .*this machine has cpu"):
        train_plain(tiny_job, tmp_path, name, print)
