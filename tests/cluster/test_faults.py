"""Faults that are really injected, on one machine.

Where a training must end in the weights of the undisturbed one, they are compared bit for bit.
"""

import os
import random
import shutil
import signal
import subprocess

import pytest

from cluster.faults import Once, longer, run, same_weights, worker_processes
from facealign.cluster import channel
from facealign.cluster.channel import driver_lock
from facealign.cluster.config import ClusterConfig
from facealign.cluster.failures import WorkerFailed
from facealign.cluster.train import interrupted, train
from facealign.config import UserError
from facealign.tracking import RunHandle

pytestmark = [
    pytest.mark.ray,
    pytest.mark.usefixtures("ray_cluster"),
    # Ray and gRPC leave sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def job(tiny_job):
    return longer(tiny_job, 6)


@pytest.fixture
def config(tmp_path):
    return ClusterConfig(workers=2, storage=str(tmp_path / "runs"), max_failures=2)


@pytest.fixture(scope="module")
def undisturbed(job, ray_cluster, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    run(job, ClusterConfig(workers=2, storage=str(folder / "runs")), folder)
    return folder


def test_a_killed_worker_costs_the_steps_since_the_last_checkpoint(job, config, tmp_path, undisturbed):
    watch = Once(lambda workers: workers[1].kill())
    assert run(job, config, tmp_path, watch).epoch == 6
    (restart,) = watch.of("restart")
    assert (restart["attempt"], restart["of"]) == (1, 2)
    assert "was killed" in restart["reason"] or "lost touch" in restart["reason"]
    assert same_weights(tmp_path, undisturbed)


def test_sigterm_to_a_worker_costs_no_step(job, config, tmp_path, undisturbed):
    """As a spot machine gets it before it is taken away."""
    watch = Once(lambda workers: workers[1].send_signal(signal.SIGTERM))
    assert run(job, config.model_copy(update={"max_failures": 0}), tmp_path, watch).epoch == 6
    (restart,) = watch.of("restart")
    assert restart["reason"].endswith("got SIGTERM")
    steps = [event["step"] for event in watch.of("log")]
    assert sorted(set(steps)) == steps, "no step was taken twice"
    assert same_weights(tmp_path, undisturbed)


def test_restarts_are_given_up_in_the_end(job, config, tmp_path):
    watch = Once(lambda workers: workers[0].kill())
    with pytest.raises(UserError, match=r"given up after 0 restarts \(cluster.max_failures\): worker"):
        run(job, config.model_copy(update={"max_failures": 0}), tmp_path, watch)
    assert interrupted(job, config), "the checkpoint is kept"


def test_a_loss_that_is_not_finite_is_not_tried_again(job, config, tmp_path):
    watch = Once()
    optimizer = job.train.optimizer.model_copy(update={"lr": 1e30})
    hot = job.model_copy(update={"train": job.train.model_copy(update={"optimizer": optimizer})})
    with pytest.raises(UserError, match=r"the loss is nan, .*; the last checkpoint is kept. Lower optimizer\.lr"):
        run(hot, config, tmp_path, watch)
    assert not watch.of("restart")


def test_a_damaged_shard_is_not_tried_again(job, config, tmp_path):
    shards = tmp_path / "shards"
    shutil.copytree(job.shards, shards)
    damaged = max(shards.glob("train*.arrow"), key=lambda path: path.stat().st_size)
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    watch = Once()
    with pytest.raises(UserError, match=damaged.name):
        run(job.model_copy(update={"shards": str(shards)}), config, tmp_path, watch)
    assert not watch.of("restart")


def test_a_mistake_of_the_program_comes_with_the_workers_trace(job, config, tmp_path):
    spool = tmp_path / "spool"
    spool.write_text("a file where a folder must be")
    (tmp_path / "mlflow.db").touch()
    handle = RunHandle(f"sqlite:///{tmp_path}/mlflow.db", "0", "none", "none")
    watch = Once()
    with pytest.raises(WorkerFailed, match=r"(?s)worker.py.*Error: .*spool"):
        train(job, config, handle, spool, tmp_path / "model", watch)
    assert not watch.of("restart")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of two and a half checkpoints, and a way to more room."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=900k", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_named_and_room_heals_it(job, config, tmp_path, undisturbed, small_disk):
    watch = Once()
    config = config.model_copy(update={"storage": str(small_disk)})
    with pytest.raises(UserError, match=rf"^{small_disk}/{job.name}: no room left for a checkpoint .* Make room"):
        run(job, config, tmp_path, watch)
    assert not watch.of("restart")
    subprocess.run(["mount", "-o", "remount,size=100m", str(small_disk)], check=True)
    # What Ray's list of the checkpoints would be, had the disk been full as it was written.
    (small_disk / job.name / "checkpoint_manager_snapshot.json").write_text("")
    again = Once()
    run(job, config, tmp_path, again)
    assert again.of("epoch")[0]["epoch"] > 1, "it went on from the last whole checkpoint"
    assert same_weights(tmp_path, undisturbed)


def test_two_drivers_of_one_job_on_one_machine(job, config, tmp_path):
    with (
        driver_lock(f"{config.storage}/{job.name}"),
        pytest.raises(UserError, match="another process trains this job already"),
    ):
        run(job, config, tmp_path)


def test_two_drivers_of_one_job_in_one_cluster(monkeypatch):
    """A bucket has no locks; the cluster has names."""
    monkeypatch.setattr(channel, "_PATIENCE", 0)
    with driver_lock("s3://bucket/job"):
        with pytest.raises(UserError, match=f"another driver trains this job already, process {os.getpid()} on "):
            driver_lock("s3://bucket/job").__enter__()
        with driver_lock("s3://bucket/other"):
            pass
    with driver_lock("s3://bucket/job"):
        pass


@pytest.mark.slow
def test_a_dozen_kills_at_random(job, config, tmp_path):
    """Any worker, at any step, in each attempt anew; with so many epochs that the training outlives them."""
    chance, long, told = random.Random(0), longer(job, 30), []
    kills = sorted(chance.sample(range(3, 120), 12))

    def kill(event):
        told.append(event["kind"])
        unharmed = told.count("restart") == 12 - len(kills)
        if event["kind"] == "log" and kills and event["step"] >= kills[0] and unharmed:
            kills.pop(0)
            chance.choice(worker_processes()).kill()

    assert run(long, config.model_copy(update={"max_failures": 12}), tmp_path, kill).epoch == 30
    assert told.count("restart") == 12
    alone = tmp_path / "undisturbed"
    run(long, ClusterConfig(workers=2, storage=str(alone / "runs")), alone)
    assert same_weights(tmp_path, alone)
