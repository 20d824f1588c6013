"""A real MLflow server that is away before a training, during it, and when it ends."""

import pytest

from cluster.faults import Once, longer, same_weights
from facealign.cluster.config import ClusterConfig
from facealign.cluster.train import train
from facealign.tracking import TrackingSettings, end_run, open_run, opened, replay

pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.usefixtures("ray_cluster"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def job(tiny_job):
    return longer(tiny_job, 6)


def losses(server, run_id):
    from mlflow import MlflowClient

    history = MlflowClient(tracking_uri=server.uri).get_metric_history(run_id, "train/loss")
    return [(figure.step, figure.value) for figure in sorted(history, key=lambda figure: figure.step)]


def go(job, folder, run, on_event):
    config = ClusterConfig(workers=2, storage=str(folder / "runs"), max_failures=0)
    return train(job, config, run, folder / "spool", folder / "model", on_event)


@pytest.fixture(scope="module")
def undisturbed(job, tmp_path_factory):
    """The folder of a training that nobody records, and what it told of its losses."""
    folder, told = tmp_path_factory.mktemp("there"), []
    go(job, folder, None, told.append)
    return folder, [(event["step"], event["train/loss"]) for event in told if event["kind"] == "log"]


@pytest.mark.parametrize("away", ["before the start", "in the middle", "in the middle and at the end"])
def test_a_server_that_is_away_changes_nothing_and_has_everything_at_last(
    away, mlflow_server, job, undisturbed, tmp_path
):
    if away == "before the start":
        mlflow_server.kill()
    run = open_run(TrackingSettings(uri=mlflow_server.uri), "faces", away.replace(" ", "-"), "run")
    leave = Once(lambda workers: away == "before the start" or mlflow_server.kill())

    def follow(event):
        leave(event)
        if away == "in the middle" and event["kind"] == "epoch" and event["epoch"] == 5:
            mlflow_server.start()

    assert go(job, tmp_path, run, follow).epoch == 6
    assert leave.done
    assert not leave.of("restart")
    end_run(run, "FINISHED", tmp_path / "spool")
    if away != "in the middle":
        mlflow_server.start()
    if any((tmp_path / "spool" / run.folder).glob("*/records.jsonl")):
        replay(tmp_path / "spool" / run.folder)
    there, metrics = undisturbed
    assert same_weights(tmp_path, there)
    assert losses(mlflow_server, opened(run).run_id) == metrics
