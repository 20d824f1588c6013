"""Searches on a real Ray Tune, with faults that are really injected."""

import os
import signal

import pytest

from cluster.faults import longer
from cluster.searches import SEARCH, content, run, study_in, trial_processes
from facealign.cluster.search.run import Interrupted
from facealign.cluster.search.task import TrackedSearch
from facealign.config import UserError
from facealign.search.objectives import ModelMetrics
from facealign.tracking import TrackingSettings

pytestmark = [
    pytest.mark.ray,
    pytest.mark.usefixtures("ray_cluster"),
    # Ray and gRPC leave sockets to the garbage collector, Tune its own folders.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def job(tiny_job):
    return longer(tiny_job, 3)


@pytest.fixture(scope="module")
def undisturbed(job, ray_cluster, tmp_path_factory):
    """The folder of a search that nothing befell, its rows, and its events."""
    folder, events = tmp_path_factory.mktemp("undisturbed"), []
    study = study_in(folder, job)
    assert run(study, job, folder, events.append) is None
    return folder, study.rows(), events


def test_each_trial_ends_in_its_true_state(undisturbed):
    _, rows, _ = undisturbed
    assert [row.state for row in rows] == ["COMPLETE", "PRUNED", "FAIL", "COMPLETE"]
    good, pruned, failed, _ = rows
    assert good.values == (min(good.rungs.values()),)
    assert (sorted(good.rungs), good.epochs) == ([1, 2, 3], 3)
    assert (sorted(pruned.rungs), pruned.epochs, pruned.values) == ([1], 1, ())
    assert pruned.rungs[1] > good.rungs[1]
    assert "the loss is" in failed.cause
    assert not failed.rungs


def test_the_driver_hears_each_trial_from_its_start_to_its_end(undisturbed):
    _, rows, events = undisturbed
    assert events[0]["kind"] == "search"
    assert (events[0]["trials"], events[0]["rungs"], events[0]["ended"]["COMPLETE"]) == (3, (1, 2), 0)
    for row in rows:
        started, *epochs, ended = [event for event in events if event.get("number") == row.number]
        assert (started["kind"], started["params"], started["rungs"]) == ("trial_started", row.params, {})
        assert {event["epoch"]: event["nme"] for event in epochs} == row.rungs
        assert (ended["kind"], ended["state"], ended["values"]) == ("trial_ended", row.state, row.values)


def test_nothing_is_left_of_finished_trials(undisturbed):
    folder, _, _ = undisturbed
    assert not list((folder / "runs").iterdir())


def test_a_killed_trial_goes_on_from_its_checkpoint(job, tmp_path, undisturbed):
    events = []

    def kill(event):
        events.append(event)
        if (event["kind"], event.get("number"), event.get("epoch")) == ("trial_epoch", 0, 2):
            for process in trial_processes():
                process.kill()

    study = study_in(tmp_path, job)
    run(study, job, tmp_path, kill)
    assert content(study.rows()) == content(undisturbed[1])
    assert any("trial 0: its process was lost" in event.get("text", "") for event in events)
    starts = [event["rungs"] for event in events if event["kind"] == "trial_started" and event["number"] == 0]
    assert [sorted(rungs) for rungs in starts] == [[], [1, 2]]
    epochs = [event["epoch"] for event in events if event["kind"] == "trial_epoch" and event["number"] == 0]
    assert epochs == [1, 2, 3], "no epoch is told twice"


def test_sigterm_puts_trials_back_and_the_search_goes_on_to_the_same_rows(job, tmp_path):
    # Epochs enough that the trial is still running when it hears of the signal.
    job = longer(job, 40)
    search = SEARCH | {"initial_trials": SEARCH["initial_trials"][:1], "budget": {"trials": 1}}

    def stop(event):
        if (event["kind"], event.get("epoch")) == ("trial_epoch", 1):
            os.kill(os.getpid(), signal.SIGTERM)

    study = study_in(tmp_path, job, search)
    with pytest.raises(Interrupted) as interrupted:
        run(study, job, tmp_path, stop)
    assert interrupted.value.exit_status == 128 + signal.SIGTERM
    (row,) = study.rows()
    assert row.state == "WAITING"
    assert row.epochs < 40
    assert list((tmp_path / "runs").glob("*/00000/epoch-*")), "its checkpoint waits with it"
    again, undisturbed = study_in(tmp_path, job, search), study_in(tmp_path / "undisturbed", job, search)
    run(again, job, tmp_path)
    run(undisturbed, job, tmp_path / "undisturbed")
    assert content(again.rows()) == content(undisturbed.rows())


def test_what_all_trials_lack_ends_the_search_at_once(job, tmp_path):
    study = study_in(tmp_path, job)
    other = job.model_copy(update={"data_digest": "0" * 64})
    with pytest.raises(UserError, match="the search was begun on 000000000000"):
        run(study, other, tmp_path)
    assert [row.state for row in study.rows()] == ["WAITING"] * 4


def test_too_many_failures_end_the_search_with_their_causes(job, tmp_path):
    hot = {"train.optimizer.lr": 1e30, "model.loss.params.alpha": 2.1}
    search = SEARCH | {
        "initial_trials": [SEARCH["initial_trials"][0], hot, hot],
        "budget": {"trials": 9, "failures": 2},
    }
    study = study_in(tmp_path, job, search)
    with pytest.raises(UserError, match=r"(?s)2 trials have failed \(budget.failures\).*trial 1: .*trial 2: "):
        run(study, job, tmp_path)
    assert [row.state for row in study.rows()][:3] == ["COMPLETE", "FAIL", "FAIL"]
    with pytest.raises(UserError, match="2 trials have failed"):
        run(study_in(tmp_path, job, search), job, tmp_path)
    assert len(study.rows()) == 3, "it does not begin another one"


def test_one_cause_for_all_of_the_first_trials_is_enough(job, tmp_path):
    hot = {"train.optimizer.lr": 1e30, "model.loss.params.alpha": 2.1}
    study = study_in(tmp_path, job, SEARCH | {"initial_trials": [hot, hot, hot]})
    with pytest.raises(UserError, match="the first trials all failed, and of the same cause"):
        run(study, job, tmp_path)
    assert [row.state for row in study.rows()][:2] == ["FAIL", "FAIL"]


def test_hours_that_are_spent_put_trials_back(job, tmp_path):
    study = study_in(tmp_path, job, SEARCH | {"budget": {"hours": 1e-6}})
    assert run(study, job, tmp_path) == "hours"
    assert {row.state for row in study.rows()} == {"WAITING"}


def test_several_objectives(job, tmp_path):
    search = SEARCH | {
        "objectives": ["nme", "parameters", "macs", "latency_ms", "failure_rate"],
        "pruner": {"name": "none"},
        "budget": {"trials": 1},
        "initial_trials": SEARCH["initial_trials"][:1],
    }
    study = study_in(tmp_path, job, search)
    run(study, job, tmp_path, measure=ModelMetrics(tuple(search["objectives"]), 0.1))
    (row,) = study.rows()
    nme, parameters, macs, latency, failures = row.values
    assert nme == min(row.rungs.values())
    assert macs > parameters > 1000
    assert latency > 0
    assert 0 <= failures <= 1


def test_every_trial_has_a_run_below_the_searchs(job, tmp_path, monkeypatch):
    from mlflow import MlflowClient

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    tracked = TrackedSearch(TrackingSettings(uri=uri, sample_every=None), "faces", "search/small")
    parent = tracked.open(tmp_path / "spool")
    study = study_in(tmp_path, job)
    run(study, job, tmp_path, tracked=tracked)
    client = MlflowClient(uri)
    children = client.search_runs(
        [parent.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.run_id}'", order_by=["attributes.run_name"]
    )
    assert [run.info.run_id for run in children] == [row.run_id for row in study.rows()]
    assert [run.info.status for run in children] == ["FINISHED", "KILLED", "FAILED", "FINISHED"]
    assert [run.data.tags["state"] for run in children] == ["COMPLETE", "PRUNED", "FAIL", "COMPLETE"]
    assert "the loss is" in children[2].data.tags["cause"]
    for child, row in zip(children, study.rows(), strict=True):
        assert set(child.data.params) == set(row.params)
        history = client.get_metric_history(child.info.run_id, "validation/nme")
        assert [figure.value for figure in history] == list(row.rungs.values())
    assert {file.path for file in client.list_artifacts(children[0].info.run_id)} == {"config.json"}


def test_a_second_driver_is_refused(job, tmp_path):
    from facealign.cluster.channel import driver_lock

    with (
        driver_lock(str(tmp_path / "search"), "runs this search"),
        pytest.raises(UserError, match="another process runs this search already"),
    ):
        run(study_in(tmp_path, job), job, tmp_path)
