"""The loop in a plain process: it learns, stops where it is told, and goes on as if it had not stopped."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from facealign.config import UserError
from facealign.training import World, fit, load_model


class Recorder:
    """Keeps what the loop says; asks to stop at the log point with the number ``stop_at``."""

    def __init__(self, folder: Path, stop_at: int | None = None) -> None:
        self.folder, self.stop_at = folder, stop_at
        self.logs: list[dict[str, float]] = []
        self.epochs: list[int] = []
        self.asked = 0

    def log(self, metrics, step):
        self.logs.append({**metrics, "step": step})

    def epoch(self, progress, step):
        self.epochs.append(progress.history[-1].epoch)

    def checkpoint(self, folder, score):
        assert folder is not None
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(folder, self.folder)
        self.score = score

    def stop_requested(self):
        self.asked += 1
        return self.asked == self.stop_at


@pytest.fixture(scope="module")
def undisturbed(tiny_job, tmp_path_factory):
    events = Recorder(tmp_path_factory.mktemp("undisturbed") / "last")
    return events, fit(tiny_job, World(), events)


def test_it_learns_and_reports(tiny_job, undisturbed):
    events, progress = undisturbed
    assert progress.epoch == tiny_job.train.epochs
    assert events.epochs == [1, 2]
    assert progress.history[-1].loss < progress.history[0].loss
    awing = [record.parts["stack1"] for record in progress.history]  # one stack, whose loss is the whole loss
    assert awing == pytest.approx([record.loss for record in progress.history])
    assert all(record.parts.keys() == {"stack1", "boundary"} for record in progress.history)
    assert progress.best.validation_nme == min(record.validation_nme for record in progress.history) > 0
    assert [log["step"] for log in events.logs] == [2, 4, 5, 7, 9, 10]
    assert {"train/loss", "train/lr", "train/images_per_second"} <= events.logs[0].keys()


def test_the_same_job_gives_the_same_weights(tiny_job, undisturbed, tmp_path):
    again = Recorder(tmp_path / "last")
    fit(tiny_job, World(), again)
    assert_same_weights(again.folder, undisturbed[0].folder)


@pytest.mark.parametrize("stop_at", [1, 2, 3, 5])
def test_resumed_anywhere_it_ends_where_it_would_have(tiny_job, undisturbed, tmp_path, stop_at):
    first = Recorder(tmp_path / "stopped", stop_at)
    stopped = fit(tiny_job, World(), first)
    assert stopped.epoch < tiny_job.train.epochs
    second = Recorder(tmp_path / "resumed")
    finished = fit(tiny_job, World(), second, resume_from=first.folder)
    assert_same_weights(second.folder, undisturbed[0].folder)
    before = undisturbed[1].history
    assert [r.validation_nme for r in finished.history] == [r.validation_nme for r in before]
    assert [r.loss for r in finished.history] == pytest.approx([r.loss for r in before])
    assert [r.parts["boundary"] for r in finished.history] == pytest.approx([r.parts["boundary"] for r in before])


def test_a_checkpoint_reads_back_as_a_model(tiny_job, undisturbed):
    model = load_model(undisturbed[0].folder)
    assert model.card.job == tiny_job
    assert not model.method.training
    assert torch.isfinite(model.method.decode(model.method(torch.zeros(2, 3, 64, 64, dtype=torch.uint8)))).all()


def test_a_checkpoint_of_another_job_is_refused_with_the_difference(tiny_job, undisturbed, tmp_path):
    other = tiny_job.model_copy(update={"seed": tiny_job.seed + 1})
    with pytest.raises(UserError, match=r"seed: 3 in the checkpoint, 4 now"):
        fit(other, World(), Recorder(tmp_path), resume_from=undisturbed[0].folder)


def test_shards_of_other_content_are_refused(tiny_job, tmp_path):
    other = tiny_job.model_copy(update={"data_digest": "0" * 64})
    with pytest.raises(UserError, match="prepare the shards again"):
        fit(other, World(), Recorder(tmp_path))


def test_a_loss_that_is_not_finite_stops_the_training(tiny_job, tmp_path):
    optimizer = tiny_job.train.optimizer.model_copy(update={"lr": 1e30, "name": "sgd"})
    wild = tiny_job.model_copy(update={"train": tiny_job.train.model_copy(update={"optimizer": optimizer})})
    with pytest.raises(UserError, match=r"epoch \d, step \d: the loss is (nan|inf)"):
        fit(wild, World(), Recorder(tmp_path))


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(UserError, match="holds no model"):
        load_model(tmp_path)


def assert_same_weights(one: Path, other: Path) -> None:
    a, b = (load_file(folder / "weights.safetensors") for folder in (one, other))
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)
