"""Training on real Ray workers."""

import os
import signal

import pytest
import ray
import torch
from safetensors.torch import load_file

from facealign.cluster.config import ClusterConfig
from facealign.cluster.train import delete_checkpoints, interrupted, train
from facealign.cluster.worker import use_own_cpus
from facealign.config import UserError
from facealign.training import World, fit, load_model
from facealign.training.stopping import Stopped

pytestmark = [
    pytest.mark.ray,
    pytest.mark.usefixtures("ray_cluster"),
    # Ray and gRPC leave sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def config(tmp_path):
    return ClusterConfig(workers=2, storage=str(tmp_path / "runs"), max_failures=0)


def run(job, config, folder, on_event=lambda event: None):
    return train(job, config, None, folder / "spool", folder / "model", on_event)


def longer(job, epochs):
    return job.model_copy(update={"train": job.train.model_copy(update={"epochs": epochs})})


def test_two_workers_learn_what_one_process_learns(tiny_job, config, tmp_path):
    events = []
    progress = run(tiny_job, config, tmp_path, events.append)
    alone = fit(tiny_job, World(), _Silent())
    assert progress.epoch == tiny_job.train.epochs
    # Batch normalization sees four faces in each of two workers, and eight in one process: close, not equal.
    assert [r.loss for r in progress.history] == pytest.approx([r.loss for r in alone.history], rel=0.1)
    assert [e["epoch"] for e in events if e["kind"] == "epoch"] == [1, 2]
    assert load_model(tmp_path / "model").card.job == tiny_job


def test_a_finished_training_is_not_done_again_until_it_is_forgotten(tiny_job, config, tmp_path):
    """What comes after it, a registry that is away for one, may fail and be tried again."""
    events = []
    progress = run(tiny_job, config, tmp_path)
    again = run(tiny_job, config, tmp_path / "again", events.append)
    assert again == progress
    assert not [event for event in events if event["kind"] == "epoch"]
    a, b = (load_file(folder / "model" / "weights.safetensors") for folder in (tmp_path, tmp_path / "again"))
    assert all(torch.equal(a[name], b[name]) for name in a)
    delete_checkpoints(tiny_job, config)
    assert not interrupted(tiny_job, config)


def test_sigterm_leaves_a_checkpoint_and_the_same_call_goes_on(tiny_job, config, tmp_path):
    job = longer(tiny_job, 8)

    def stop_at_first_log(event):
        if event["kind"] == "log" and event["step"] == job.train.log_every:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Stopped) as stopped:
        run(job, config, tmp_path, stop_at_first_log)
    assert stopped.value.exit_status == 128 + signal.SIGTERM
    assert 0 <= stopped.value.progress.epoch < 8
    assert interrupted(job, config)

    events = []
    assert run(job, config, tmp_path, events.append).epoch == 8
    delete_checkpoints(job, config)
    first = next(e["epoch"] for e in events if e["kind"] == "epoch")
    assert first == stopped.value.progress.epoch + 1, "finished epochs are not trained again"

    undisturbed = tmp_path / "undisturbed"
    run(job, config, undisturbed)
    a, b = (load_file(folder / "model" / "weights.safetensors") for folder in (tmp_path, undisturbed))
    assert all(torch.equal(a[name], b[name]) for name in a), "as if nothing had happened"


def test_the_users_errors_come_back_as_they_are(tiny_job, config, tmp_path):
    other = tiny_job.model_copy(update={"data_digest": "0" * 64})
    with pytest.raises(UserError, match="prepare the shards again"):
        run(other, config, tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"workers": 500}, "lower cluster.workers"),
        ({"device": "gpu", "workers": 99}, "the cluster has"),
    ],
)
def test_a_cluster_that_is_too_small_is_refused_at_once(tiny_job, config, tmp_path, settings, message):
    with pytest.raises(UserError, match=message):
        run(tiny_job, config.model_copy(update=settings), tmp_path)


class _Silent:
    def log(self, metrics, step): ...
    def epoch(self, progress, step): ...
    def checkpoint(self, folder, score): ...
    def stop_requested(self):
        return False


def test_a_worker_computes_on_the_cpus_that_it_has_and_not_on_those_that_the_shell_names():
    def threads() -> int:
        use_own_cpus()
        return torch.get_num_threads()

    workers = [
        ray.remote(threads).options(num_cpus=cpus, runtime_env={"env_vars": {"OMP_NUM_THREADS": "3"}}).remote()
        for cpus in (1, 2)
    ]
    assert ray.get(workers) == [1, 2]
