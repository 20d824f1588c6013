"""A search by its commands: from the file to the params file with the winner's values."""

import csv
import json
import shutil
import sys

import pytest

from facealign.workflows.settings import apply_recipe, load_params
from params_file import overlay

pytestmark = [pytest.mark.ray, pytest.mark.slow]

FILE = """
name: small
method: awing
space:
  train.optimizer.lr: {low: 1.0e-6, high: 1.0e-2, log: true}
  model.loss.params.omega: {choices: [8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 1.0e+38]}
fixed: {train.epochs: 9}
initial_trials:
  - {train.optimizer.lr: 3.0e-3, model.loss.params.omega: 14.0}
  - {train.optimizer.lr: 1.0e-6, model.loss.params.omega: 14.0}
  - {train.optimizer.lr: 3.0e-3, model.loss.params.omega: 1.0e+38}
sampler: {name: random}
pruner: {name: asha, first: 4, factor: 2}   # by then, who learns has left behind who does not
budget: {trials: 3}
confirm: {top: 1, seeds: 2}
concurrency: 1
"""


@pytest.fixture(scope="module")
def searched(project, run, tmp_path_factory):
    """A project of its own that has run the search, and what that printed."""
    folder = tmp_path_factory.mktemp("searched") / "project"
    shutil.copytree(project, folder, ignore=shutil.ignore_patterns("outputs", "runs", "mlflow.db"))
    overlay(folder / "params.yaml", {"cluster": {"workers": 1}})
    (folder / "small.yaml").write_text(FILE)
    run(sys.executable, "pipelines/prepare.py", cwd=folder)
    return folder, run("facealign", "search", "run", "small.yaml", cwd=folder).stdout


def trials(folder):
    with (folder / "outputs/search/small/trials.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_trials_winner_and_confirmation_are_written(searched):
    folder, _ = searched
    places = folder / "outputs/search/small"
    rows = trials(folder)
    assert [row["state"] for row in rows[:3]] == ["COMPLETE", "PRUNED", "FAIL"]
    assert sum(row["state"] != "FAIL" for row in rows) == 3
    found = json.loads((places / "search.json").read_text())
    assert found["ended_by"] == "trials"
    assert 0 in [one["number"] for one in found["confirmed"]], "the paper's setting is always confirmed"
    assert all(len(one["values"]) == 2 for one in found["confirmed"])
    means = [one["mean"] for one in found["confirmed"]]
    assert means == sorted(means)
    assert found["winner"]["number"] == found["confirmed"][0]["number"]


def test_the_best_settings_are_a_params_file(searched, tmp_path):
    folder, _ = searched
    best = folder / "outputs/search/small/best.yaml"
    found = json.loads(best.with_name("search.json").read_text())
    params = load_params(best)
    assert params.method.awing.train.optimizer.lr == found["winner"]["params"]["method.awing.train.optimizer.lr"]
    assert params.method.awing.train.epochs == 9
    comments = [line for line in (folder / "params.yaml").read_text().splitlines() if line.startswith("#")]
    assert set(comments) <= set(best.read_text().splitlines()), "its comments are kept"
    shutil.copy(folder / "params.yaml", tmp_path / "params.yaml")
    changed = apply_recipe(best, tmp_path / "params.yaml")
    assert any("optimizer" in line for line in changed)
    assert load_params(tmp_path / "params.yaml") == params


def test_it_is_shown_and_not_run_twice(searched, run):
    folder, _ = searched
    shown = run("facealign", "search", "show", "small", cwd=folder).stdout
    assert " COMPLETE" in shown
    assert "the paper's setting" in shown
    refused = run("facealign", "search", "run", "small.yaml", cwd=folder, check=False)
    assert refused.returncode == 2
    assert "--continue goes on" in refused.stdout
    unknown = run("facealign", "search", "show", "smal", cwd=folder, check=False)
    assert "there are: small" in unknown.stdout


def test_more_trials_go_on_with_the_same_study(searched, run):
    folder, printed = searched
    study = printed.split("search ")[1].split(":")[0]
    failed = sum(row["state"] == "FAIL" for row in trials(folder))
    again = run("facealign", "search", "run", "small.yaml", "--continue", "--trials", "4", cwd=folder).stdout
    assert f"search {study}: 3 of 4 trials, {failed} failed, best" in again
    assert sum(row["state"] != "FAIL" for row in trials(folder)) == 4
