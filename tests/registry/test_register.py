"""Versions before the gate, in a real registry."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from facealign.config import UserError
from facealign.data.shards.index import Index
from facealign.registry import Candidate, register, register_best, roll_back
from facealign.registry.versions import aliases, version_named, versions
from facealign.tracking import open_run
from registry.conftest import SIX

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),  # MLflow's tables, under SQLAlchemy 2.1
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),  # MLflow's own types, at import
]


@pytest.fixture(scope="module")
def handle(store):
    return open_run(store, "faces", "gate", "run")


@pytest.fixture(scope="module")
def client(handle):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=handle.uri, registry_uri=handle.uri)


@pytest.fixture
def candidate(handle, client, found, tiny_shards, tmp_path):
    """A candidate whose errors are ``factor`` times those of another; its logged model has no files."""

    def made(factor, **fields):
        measured = tmp_path / f"{factor}.arrow"
        found(factor).write(measured)
        model = client.create_logged_model(handle.experiment_id, "model", handle.run_id)
        one = Candidate(
            method="awing",
            run_id=handle.run_id,
            model_uri=f"models:/{model.model_id}",
            validation_nme=0.04,
            data_digest=Index.load(tiny_shards).digest,
            config_hash="c" * 64,
            git_commit="g" * 40,
            measured=measured,
        )
        return replace(one, **fields)

    return made


@pytest.fixture
def put(handle, measuring):
    def registered(name, *candidates, limits=SIX):
        return register_best(handle.uri, name, candidates, measuring, limits)

    return registered


def test_the_first_beats_the_mean_shape_and_is_reported_whole(handle, client, candidate, put):
    worse, better = candidate(1.0, validation_nme=0.05), candidate(0.5)
    made = put("gate-first", worse, better)
    assert (made.version, made.promoted, made.candidate) == ("1", True, better)
    assert made.reason.startswith("better than the mean shape: NME ")
    assert aliases(client, "gate-first") == {"champion": "1", "candidate": "1"}
    version = client.get_model_version("gate-first", "1")
    assert version.run_id == handle.run_id
    assert better.tags().items() <= version.tags.items()
    assert version.tags["decision"] == made.reason
    assert version.tags["gate.rule"] == "better"
    assert float(version.tags["gate.nme"]) < float(version.tags["gate.rival_nme"])
    assert "the best of 2 compared: validation NME 0.04000" in version.description
    assert "| all | 6 (6) | NME |" in version.description
    kept = json.loads(Path(client.download_artifacts(handle.run_id, "gate/version-1.json")).read_text())
    assert kept == {"rival": "the mean shape", **json.loads(json.dumps(made.metrics()))}
    assert kept["comparisons"][0]["candidate"] == float(version.tags["gate.nme"])


def test_what_does_not_beat_the_mean_shape_stays_a_candidate(client, candidate, put):
    made = put("gate-poor", candidate(50.0))
    assert (made.promoted, made.reason.split(":")[0]) == (False, "not significantly better than the mean shape")
    assert aliases(client, "gate-poor") == {"candidate": "1"}


def test_too_few_photos_promote_nothing(client, candidate, put):
    made = put("gate-few", candidate(0.5), limits=SIX.model_copy(update={"min_photos": 7}))
    assert not made.promoted
    assert "6 test photos are too few" in made.reason
    assert aliases(client, "gate-few") == {"candidate": "1"}


def test_champions_come_and_go_as_the_figures_say(handle, client, candidate, put):
    name = "gate-life"
    first, better, worse = candidate(1.0), candidate(0.5), candidate(0.8)
    put(name, first)
    promoted = put(name, better)
    assert promoted.promoted
    assert promoted.reason.startswith("better than version 1: NME ")
    assert aliases(client, name) == {"champion": "2", "previous": "1", "candidate": "2"}
    before = client.get_model_version(name, "2")
    again = put(name, better)
    assert (again.version, again.promoted) == ("2", True)
    assert again.reason == f"champion already, {promoted.reason}"
    after = client.get_model_version(name, "2")
    assert (after.tags, after.description) == (before.tags, before.description)
    for _ in range(2):
        refused = put(name, worse)
        assert (refused.version, refused.promoted) == ("3", False)
        assert refused.reason.startswith("not significantly better than version 2")
    assert aliases(client, name) == {"champion": "2", "previous": "1", "candidate": "3"}

    # By hand: back, and the gate leaves it at that; then forward again.
    with pytest.raises(UserError, match="version 2 of gate-life is the champion already"):
        roll_back(handle.uri, name, "no", to="2")
    with pytest.raises(UserError, match=r"has no version 9; it has 1, 2, 3"):
        roll_back(handle.uri, name, "no", to="9")
    done = roll_back(handle.uri, name, "jitter in videos")
    assert (done.version, done.before) == ("1", "2")
    assert aliases(client, name) == {"champion": "1", "previous": "2", "candidate": "3"}
    withdrawn = client.get_model_version(name, "2").tags["withdrawn"]
    assert withdrawn.endswith(", for version 1: jitter in videos")
    assert "by hand" in client.get_model_version(name, "1").tags["decision"]
    stays = put(name, better)
    assert (stays.promoted, aliases(client, name)["champion"]) == (False, "1")
    assert stays.reason == f"not compared, because it was withdrawn: {withdrawn}"
    roll_back(handle.uri, name, "it was the camera", to="2")
    assert aliases(client, name)["champion"] == "2"
    assert "withdrawn" not in client.get_model_version(name, "2").tags
    listed = versions(handle.uri, name)
    assert [(row["version"], row["aliases"]) for row in listed] == [
        ("3", []),
        ("2", ["candidate", "champion"]),
        ("1", ["previous"]),
    ]
    assert listed[2]["withdrawn"].endswith("it was the camera")
    assert version_named(client, f"models:/{name}@previous").version == version_named(client, f"{name}/1").version


def test_without_a_previous_there_is_no_way_back(handle, candidate, put):
    put("gate-alone", candidate(1.0))
    with pytest.raises(UserError, match="no previous champion; name a version with --to: 1"):
        roll_back(handle.uri, "gate-alone", "why not")
    with pytest.raises(UserError, match="say why"):
        roll_back(handle.uri, "gate-alone", " ", to="1")
    with pytest.raises(UserError, match=r"no version of 'gate-none' .*; registered models: .*gate-alone"):
        roll_back(handle.uri, "gate-none", "why not")


@pytest.mark.parametrize(
    ("address", "message"),
    [("gate first", "names no model"), ("gate-named@previous", "no previous; its aliases: @candidate")],
)
def test_names_that_mean_no_version(client, candidate, put, address, message):
    put("gate-named", candidate(50.0))
    with pytest.raises(UserError, match=message):
        version_named(client, address)


def test_a_registration_cut_off_in_the_middle_is_completed(handle, client, candidate, put):
    """The version exists, but neither its decision nor an alias do."""
    one = candidate(0.5)
    client.create_registered_model("gate-cut")
    client.create_model_version("gate-cut", "file:///nowhere", handle.run_id, tags=one.tags())
    assert (put("gate-cut", one).version, aliases(client, "gate-cut")["champion"]) == ("1", "1")


def test_a_champion_that_came_in_between_is_compared_with(client, candidate, put, monkeypatch):
    """Two registrations at once: the second to finish does not take the first's place unseen."""
    name = "gate-race"
    put(name, candidate(1.0))
    rivals = []
    judged = register.judge

    def judge(*arguments):
        outcome = judged(*arguments)
        rivals.append(outcome.rival)
        if len(rivals) == 1:
            put(name, candidate(0.3))  # another's, which is better, while ours is being compared
        return outcome

    monkeypatch.setattr(register, "judge", judge)
    made = put(name, candidate(0.6))
    assert rivals == ["version 1", "version 1", "version 3"]
    assert (made.version, made.promoted) == ("2", False)
    assert aliases(client, name) == {"champion": "3", "previous": "1", "candidate": "3"}


def test_what_was_measured_on_other_faces_is_refused(candidate, put):
    with pytest.raises(UserError, match="was trained on data eeeeeeeeeeee and measured on"):
        put("gate-other", candidate(1.0, data_digest="e" * 64))
