from dataclasses import replace

import pytest

from facealign.registry import CHAMPION, Candidate, Predictor, log_model, register_best
from facealign.tracking import TrackingSettings, open_run

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),  # MLflow's tables, under SQLAlchemy 2.1
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),  # MLflow's own types, at import
]


def _client(uri):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _candidate(handle, model_uri, nme, **fields):
    fields = {"data_digest": "d" * 64, "config_hash": "c" * 64, "git_commit": "g" * 40, "method": "awing"} | fields
    return Candidate(run_id=handle.run_id, model_uri=model_uri, validation_nme=nme, **fields)


def _logged(handle, name):
    """A logged model without files: the registry asks for no more."""
    model = _client(handle.uri).create_logged_model(handle.experiment_id, name, handle.run_id)
    return f"models:/{model.model_id}"


@pytest.fixture(scope="module")
def handle(store):
    return open_run(store, "faces", "champion", "run")


@pytest.fixture
def two(handle):
    return _logged(handle, "one"), _logged(handle, "two")


def _champion(handle, name):
    return str(_client(handle.uri).get_model_version_by_alias(name, CHAMPION).version)


def test_the_best_becomes_the_champion_with_its_lineage(handle, two):
    worse, better = (
        _candidate(handle, two[0], 0.05, method="adnet"),
        _candidate(handle, two[1], 0.04, lineage={"study": "s1"}),
    )
    made = register_best(handle.uri, "facealign-lineage", [worse, better])
    assert (made.version, made.promoted, made.candidate) == ("1", True, better)
    version = _client(handle.uri).get_model_version("facealign-lineage", "1")
    assert version.tags == {
        "method": "awing",
        "model_uri": two[1],
        "validation_nme": "0.04",
        "data_digest": "d" * 64,
        "config_hash": "c" * 64,
        "git_commit": "g" * 40,
        "study": "s1",
        "decision": "first champion, validation NME 0.04000",
    }
    assert "best of 2 compared: validation NME 0.04000" in version.description
    assert version.run_id == handle.run_id
    assert _champion(handle, "facealign-lineage") == "1"


def test_registering_again_changes_nothing(handle, two):
    candidates = [_candidate(handle, two[0], 0.04)]
    first = register_best(handle.uri, "facealign-again", candidates)
    before = _client(handle.uri).get_model_version("facealign-again", first.version)
    second = register_best(handle.uri, "facealign-again", candidates)
    assert (second.version, second.promoted) == (first.version, True)
    assert len(_client(handle.uri).search_model_versions("name = 'facealign-again'")) == 1
    assert _client(handle.uri).get_model_version("facealign-again", "1").tags == before.tags


def test_a_better_champion_stays_and_the_decision_is_kept(handle, two):
    register_best(handle.uri, "facealign-stays", [_candidate(handle, two[0], 0.03)])
    for _ in range(2):
        made = register_best(handle.uri, "facealign-stays", [_candidate(handle, two[1], 0.04)])
        assert (made.version, made.promoted) == ("2", False)
        assert made.reason == "version 1 stays champion: validation NME 0.03000 against 0.04000"
    assert _client(handle.uri).get_model_version("facealign-stays", "2").tags["decision"] == made.reason
    assert _champion(handle, "facealign-stays") == "1"


@pytest.mark.parametrize("change", [{"validation_nme": 0.02}, {"data_digest": "e" * 64}])
def test_a_better_model_or_other_data_make_a_new_champion(handle, two, change):
    name = f"facealign-new-{next(iter(change))}"
    register_best(handle.uri, name, [_candidate(handle, two[0], 0.03)])
    made = register_best(handle.uri, name, [replace(_candidate(handle, two[1], 0.04), **change)])
    assert (made.version, made.promoted, _champion(handle, name)) == ("2", True, "2")


def test_a_registration_cut_off_in_the_middle_is_completed(handle, two):
    """The version exists, but neither its decision nor the alias do."""
    candidate = _candidate(handle, two[0], 0.04)
    client = _client(handle.uri)
    client.create_registered_model("facealign-cut")
    client.create_model_version("facealign-cut", "file:///nowhere", handle.run_id, tags=candidate.tags())
    made = register_best(handle.uri, "facealign-cut", [candidate])
    assert (made.version, made.promoted, _champion(handle, "facealign-cut")) == ("1", True, "1")


@pytest.mark.slow
def test_over_a_server_the_champion_can_be_loaded_by_its_name(server, method, crops, card, monkeypatch):
    handle = open_run(TrackingSettings(uri=server.uri), "faces", "served", "run")
    uri = log_model(handle, Predictor(method), crops, card)
    for _ in range(2):
        assert register_best(server.uri, "facealign-served", [_candidate(handle, uri, 0.04)]).version == "1"

    import mlflow.pyfunc

    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    rows = [{"image": crops[0].transpose(1, 2, 0), "boxes": [[8, 8, 24, 24]]}]
    (answer,) = mlflow.pyfunc.load_model("models:/facealign-served@champion").predict(rows)
    assert len(answer["faces"][0]["landmarks"]) == 68
    assert answer["model"]["model"] == uri
