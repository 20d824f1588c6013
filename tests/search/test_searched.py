"""A search file as a plan."""

import pytest

from facealign.search.file import SearchFile
from facealign.search.plan import SearchPlan
from facealign.search.storage import open_storage, without_password
from facealign.search.study import SearchStudy

FILE = {
    "name": "small",
    "method": "awing",
    "space": {
        "train.batch_size": {"choices": [8, 16]},
        "model.loss.params": {"choices": [{"alpha": 2.1}, {"alpha": 2.5}, {"alpha": 2.9}]},
    },
    "fixed": {"train.epochs": 9},
    "initial_trials": [{"train.batch_size": 16, "model.loss.params": {"alpha": 2.1}}],
    "budget": {"trials": 30},
}
SAMPLERS = ["tpe", "random", "grid"]


def plan(base=None, epochs=9, **changes):
    return SearchPlan(SearchFile.model_validate(FILE | changes), base or {"data": "one"}, epochs)


def finish(study):
    while (asked := study.ask()) is not None:
        study.complete(asked.number, {"nme": float(asked.number)})
    return study.rows()


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_search_by_each_sampler(name, tmp_path):
    rows = finish(
        SearchStudy(plan(sampler={"name": name}, budget={"trials": 7}), open_storage(None, tmp_path, alone=True))
    )
    assert rows[0].params == {
        "method.awing.train.batch_size": 16,
        "method.awing.model.loss.params": {"alpha": 2.1},
    }
    assert len(rows) == 7
    assert {row.params["method.awing.model.loss.params"]["alpha"] for row in rows} <= {2.1, 2.5, 2.9}


def test_a_grid_ends_with_its_last_point(tmp_path):
    rows = finish(SearchStudy(plan(sampler={"name": "grid"}), open_storage(None, tmp_path, alone=True)))
    assert len(rows) == 7, "six points and the first trial"
    assert len({str(row.params) for row in rows}) == 6


def test_a_grid_goes_on_after_each_restart(tmp_path):
    changes = {"sampler": {"name": "grid"}, "initial_trials": []}
    whole = finish(SearchStudy(plan(**changes), open_storage(None, tmp_path / "whole", alone=True)))
    for _ in range(6):
        study = SearchStudy(plan(**changes), open_storage(None, tmp_path / "parts", alone=True))
        asked = study.ask()
        study.complete(asked.number, {"nme": float(asked.number)})
    assert [row.params for row in study.rows()] == [row.params for row in whole]


@pytest.mark.parametrize(
    "change",
    [
        {"base": {"data": "other"}},
        {"seed": 1},
        {"fixed": {"train.epochs": 8}},
        {"objectives": ["nme", "macs"]},
        {"sampler": {"name": "random"}},
        {"pruner": {"name": "none"}},
    ],
)
def test_the_name_says_what_trials_depend_on(change):
    assert plan(**change).name != plan().name


@pytest.mark.parametrize(
    "change",
    [
        {"budget": {"trials": 99}},
        {"confirm": None},
        {"concurrency": 1},
        {"storage": "postgresql://user@host/name"},
        {"initial_trials": []},
    ],
)
def test_the_name_says_nothing_of_what_may_change(change):
    assert plan(**change).name == plan().name


def test_the_budget_in_seconds():
    limits = plan(budget={"hours": 0.5, "gpu_hours": 2.0, "failures": 3}).limits
    assert (limits.seconds, limits.gpu_seconds, limits.failures) == (1800.0, 7200.0, 3)
    assert plan().rungs == (1, 3)


def test_addresses_are_reported_without_their_password():
    assert without_password("postgresql://me:secret@host/name") == "postgresql://me@host/name"
    assert without_password("postgresql://me@host/name") == "postgresql://me@host/name"
    assert without_password("sqlite:///study.db") == "sqlite:///study.db"
