"""A real MLflow server that is away before a training, during it, and when it ends."""

import pytest

from cluster.faults import Once, longer, same_weights
from facealign.cluster.config import ClusterConfig
from facealign.cluster.train import train
from facealign.config import UserError
from facealign.tracking import TrackingSettings, end_run, open_run, replay

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


def test_away_before_the_start_is_said_at_once():
    settings = TrackingSettings(uri="http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"127\.0\.0\.1:9"):
        open_run(settings, "faces", "before", "run")


@pytest.mark.parametrize("back", ["during", "after"])
def test_away_in_the_middle_changes_nothing(back, mlflow_server, job, tmp_path):
    settings = TrackingSettings(uri=mlflow_server.uri)
    runs = {}
    for name in ("there", "away"):
        (tmp_path / name).mkdir()
        runs[name] = open_run(settings, "faces", f"{name}-{back}", "run")
    watch = Once()
    go(job, tmp_path / "there", runs["there"], watch)
    end_run(runs["there"], "FINISHED", tmp_path / "there" / "spool")

    def leave(workers):
        mlflow_server.kill()

    def come_back(event):
        away(event)
        if back == "during" and event["kind"] == "epoch" and event["epoch"] == 5:
            mlflow_server.start()

    away = Once(leave)
    assert go(job, tmp_path / "away", runs["away"], come_back).epoch == 6
    assert away.done
    assert not away.of("restart")
    if back == "after":
        mlflow_server.start()
        replay(tmp_path / "away" / "spool" / runs["away"].run_id)
    end_run(runs["away"], "FINISHED", tmp_path / "away" / "spool")
    assert same_weights(tmp_path / "away", tmp_path / "there")
    assert losses(mlflow_server, runs["away"].run_id) == losses(mlflow_server, runs["there"].run_id)
