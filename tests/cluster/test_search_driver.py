"""A search whose driver dies, with a Ray cluster of its own on this machine."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from cluster.faults import longer, wait_until_gone
from cluster.searches import SEARCH, content, study_in

pytestmark = [pytest.mark.ray, pytest.mark.slow]

_DRIVER = Path(__file__).with_name("search_driver.py")


@pytest.fixture(scope="module")
def job(tiny_job):
    return longer(tiny_job, 8)


def start(job, folder, search=SEARCH, **config):
    folder.mkdir(exist_ok=True)
    config = {"workers": 1, "storage": str(folder / "runs"), **config}
    spec = {"job": job.model_dump(mode="json"), "config": config, "search": search, "concurrency": 1}
    (folder / "spec.json").write_text(json.dumps(spec | {"folder": str(folder)}))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    command = [sys.executable, str(_DRIVER), str(folder / "spec.json")]
    with (folder / "driver.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment)


def events(folder):
    path = folder / "events.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def wait_for_more(folder, count, driver):
    """Until ``count`` more events are there; False where the driver ended before."""
    enough = len(events(folder)) + count
    while len(events(folder)) < enough:
        if driver.poll() is not None:
            return False
        time.sleep(0.05)
    return True


def kill(driver):
    family = psutil.Process(driver.pid).children(recursive=True)
    driver.kill()
    driver.wait()
    wait_until_gone(family)


@pytest.fixture(scope="module")
def undisturbed(job, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    assert start(job, folder).wait() == 0, (folder / "driver.log").read_text()
    return content(study_in(folder, job).rows())


def test_killed_at_random_moments_it_comes_to_the_same_rows(job, tmp_path, temporary, undisturbed):
    chance, kills = random.Random(1), 0
    while wait_for_more(tmp_path, chance.randint(1, 8), driver := start(job, tmp_path)):
        kill(driver)
        kills += 1
        assert kills < 20
    assert driver.wait() == 0, (tmp_path / "driver.log").read_text()
    assert kills >= 2
    assert content(study_in(tmp_path, job).rows()) == undisturbed
    assert not list((tmp_path / "runs").iterdir()), "nothing is left of finished trials"


def test_another_driver_of_the_same_search_is_refused(job, tmp_path, temporary):
    job = longer(job, 4000)  # still running when the second one has started
    first = start(job, tmp_path)
    assert wait_for_more(tmp_path, 2, first)
    second = start(job, tmp_path)
    assert second.wait() == 2
    assert "another process runs this search already" in (tmp_path / "driver.log").read_text()
    first.send_signal(signal.SIGINT)
    assert first.wait() == 128 + signal.SIGINT
    assert "WAITING" in {row.state for row in study_in(tmp_path, job).rows()}


def test_trials_on_workers_of_their_own(job, tmp_path, temporary):
    """Ray Train runs: two are stopped, by the pruner and by a kill, and the room of both is free again."""
    search = SEARCH | {
        "initial_trials": SEARCH["initial_trials"][:2] + SEARCH["initial_trials"][3:],
        "budget": {"trials": 3},
    }
    driver = start(job, tmp_path, search, workers=2)
    while not any((e["kind"], e.get("number"), e.get("epoch")) == ("trial_epoch", 0, 2) for e in events(tmp_path)):
        assert driver.poll() is None, (tmp_path / "driver.log").read_text()
        time.sleep(0.1)
    kill(driver)
    assert start(job, tmp_path, search, workers=2).wait() == 0, (tmp_path / "driver.log").read_text()
    rows = study_in(tmp_path, job, search).rows()
    assert [row.state for row in rows] == ["COMPLETE", "PRUNED", "COMPLETE"]
    assert sorted(rows[0].rungs) == list(range(1, 9))
    resumed = [event["rungs"] for event in events(tmp_path) if event["kind"] == "trial_started"][1]
    assert sorted(map(int, resumed))[:2] == [1, 2]
    assert not list((tmp_path / "runs").iterdir())
