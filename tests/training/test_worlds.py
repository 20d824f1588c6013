"""Several processes learn and measure what one does, whether or not they can share the batch equally."""

import pytest
import torch
from safetensors.torch import load_file

from facealign.data.dataset import FaceDataset
from facealign.data.loader import train_batches
from facealign.data.shards.reader import ShardReader
from facealign.training import World
from facealign.training.run import TrainingRun
from training.changed import with_train
from training.worlds import train_step, work

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def job(tiny_job):
    """Four steps of plain gradient descent, in which a wrong gradient would be seen."""
    settings = {"optimizer": {"name": "sgd", "lr": 1e-3, "weight_decay": 0.0}, "schedule": {"name": "constant"}}
    return with_train(tiny_job, batch_size=16, sync_batch_norm=True, log_every=1, **settings)


@pytest.fixture(scope="module")
def bad(job):
    """The last two faces of the second batch, which the last process has in any world."""
    faces = FaceDataset(ShardReader(job.shards, "train"), seed=job.seed)
    return list(train_batches(faces, epoch=0, global_batch=16))[1].ids[-2:]


@pytest.fixture(scope="module")
def alone(job, bad, tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    return train_step(job, World(), folder / "last", bad), load_file(folder / "last" / "weights.safetensors")


@pytest.fixture(scope="module", params=[2, 3], ids="{} processes".format)
def together(job, bad, tmp_path_factory, request):
    """What each process found, and the weights that the first one saved."""
    folder = tmp_path_factory.mktemp("together")
    torch.multiprocessing.spawn(work, (request.param, job, folder, bad), nprocs=request.param)
    found = [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in range(request.param)]
    return found, load_file(folder / "last" / "weights.safetensors")


def test_they_measure_exactly_what_one_measures(alone, together):
    assert {found["measured"] for found in together[0]} == {alone[0]["measured"]}


def test_each_finds_every_figure_of_an_evaluation_to_the_bit(alone, together):
    points, metrics = alone[0]["evaluation"]
    assert len(points) == metrics["test"]["faces"] == 6  # in three batches
    for found in together[0]:
        assert found["evaluation"] == (points, metrics)


def test_they_learn_what_one_learns(alone, together, job):
    before = TrainingRun(job, World(), None, None).learner.method.state_dict()
    moved = torch.stack([(expected - before[name]).double().norm() for name, expected in alone[1].items()]).norm()
    assert moved > 1e-3
    for name, expected in alone[1].items():
        assert (together[1][name] - expected).double().norm() <= 1e-10 * moved, name


def test_the_loss_they_tell_is_the_global_batchs(alone, together):
    losses = [record.loss for record in alone[0]["history"]]
    for found in together[0]:
        assert [record.loss for record in found["history"]] == pytest.approx(losses, rel=1e-10)


def test_all_hear_of_the_batch_that_one_found_bad(alone, together, bad):
    messages = {found["message"] for found in together[0]}
    assert len(messages) == 1
    assert messages.pop().startswith("epoch 1, step 2: the loss is nan, for the first time, over ")
    assert all(bad[1] in found["message"] for found in (*together[0], alone[0]))
